"""Programs that tests run in a process of their own: `python -m tests.journal.children NAME DIRECTORY`."""

from __future__ import annotations

import dataclasses
import itertools
import resource
import sys
import threading
import time
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.journal import DeadLetters, JournalUnwritable, Signal, segment, state
from tests.journal import MIB, append, bodies, eventually, open_journal

ROOT = Path(__file__).parents[2]

# Each rewrites every row, as the worst of changes would.
NEXT_SEGMENT = "ALTER TABLE record ADD COLUMN note TEXT NOT NULL DEFAULT ''; UPDATE record SET note = 'next'"
NEXT_STATE = "ALTER TABLE dead_letter ADD COLUMN note TEXT; UPDATE dead_letter SET note = 'next'"


def body_of(number: int) -> bytes:
    """Between 8 bytes and some 100 KB, as *number* says."""
    return number.to_bytes(8, "big") * (1 + number * 7919 % (13_000 if number % 10 == 0 else 500))


def write_until_killed(directory: Path) -> None:
    """Append from four threads and print `seq number` for each record once it is acknowledged."""
    journal = open_journal(directory, segment_size=1024 * 1024)
    numbers = itertools.count(time.time_ns())

    def work() -> None:
        while True:
            number = next(numbers)
            seq = journal.append(Signal.TRACES, body_of(number)).result()
            # One write each: lines of several threads must not mix.
            sys.stdout.write(f"{seq} {number}\n")
            sys.stdout.flush()

    for _ in range(4):
        threading.Thread(target=work).start()


def outgrow_file_size(directory: Path) -> None:
    """The disk takes no more for a while; the limit on the size of files stands in for that."""
    with closing(open_journal(directory)) as journal:
        append(journal, [b"before"])
        assert [b"before"] == bodies(journal)
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
        for _ in range(2):
            with pytest.raises(JournalUnwritable, match=str(directory)):
                append(journal, [bytes(100_000)])
        assert journal.stats().fault
        assert [b"before"] == bodies(journal)
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        eventually(lambda: not journal.stats().fault)
        append(journal, [b"after"])
        assert [b"before", b"after"] == bodies(journal)


def open_as_the_next_release(directory: Path) -> None:
    """Take the journal up with formats that are a step further; print the checksum of each record."""
    segment.FORMAT = dataclasses.replace(segment.FORMAT, steps=(NEXT_SEGMENT,))
    state.FORMAT = dataclasses.replace(state.FORMAT, steps=(NEXT_STATE,))
    with (
        closing(open_journal(directory)) as journal,
        closing(DeadLetters.open(directory, max_size=MIB, max_age_s=1e9)) as letters,
    ):
        for body in bodies(journal):
            print(zlib.crc32(body))
        print(journal.cursors(), [letter.id for letter in letters.list()])


if __name__ == "__main__":
    programs = {
        "write": write_until_killed,
        "outgrow": outgrow_file_size,
        "next": open_as_the_next_release,
    }
    programs[sys.argv[1]](Path(sys.argv[2]))
