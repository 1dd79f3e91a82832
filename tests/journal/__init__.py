"""Helpers of the journal's tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path

from otel_bridge.journal import Cursor, Journal, Record, Signal

MIB = 1024 * 1024
PATIENCE = 60.0


def open_journal(
    directory: Path,
    *,
    max_size: int = 256 * MIB,
    min_free: int = 0,
    segment_size: int = 64 * MIB,
    clock: Callable[[], int] = time.time_ns,
    free: Callable[[Path], int] = lambda _: 1 << 40,
) -> Journal:
    return Journal.open(
        directory, max_size=max_size, min_free=min_free, segment_size=segment_size, clock=clock, free=free
    )


def append(journal: Journal, bodies: Iterable[bytes]) -> list[int]:
    """Append *bodies* one commit at a time and return their seqs."""
    return [journal.append(Signal.TRACES, body).result(PATIENCE) for body in bodies]


def read_all(journal: Journal, after: Cursor | None = None, limit_bytes: int = MIB) -> list[Record]:
    cursor = journal.start() if after is None else after
    found: list[Record] = []
    while records := journal.read(cursor, limit_bytes=limit_bytes):
        found += records
        cursor = records[-1].cursor
    return found


def bodies(journal: Journal, after: Cursor | None = None) -> list[bytes]:
    return [record.body for record in read_all(journal, after)]


def eventually(holds: Callable[[], bool]) -> None:
    """Wait for what another thread is about to do."""
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def segment_files(directory: Path) -> list[Path]:
    return sorted(directory.glob("journal-*.db"))
