"""What befalls the file with the cursors and the dead letters, and what must be left of it then."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.journal import Cursor, DeadLetters, JournalError
from tests.journal import MIB, append, bodies, eventually, open_journal


def test_damaged_cursors_are_set_aside_and_said_to_be_lost(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        journal.register("galileo", journal.end())
        append(journal, [b"one"])
    (tmp_path / "state.db").write_bytes(b"garbage" * 1000)

    with closing(open_journal(tmp_path)) as journal:
        assert journal.stats().cursors_lost
        assert {} == journal.cursors()
        assert (tmp_path / "state.db.quarantined").exists()
        assert 1 == journal.stats().quarantined
        journal.register("galileo", journal.start())
        assert [b"one"] == bodies(journal, journal.cursors()["galileo"])

    # Cut short before the pipelines ran: another one may have been about to be registered.
    with closing(open_journal(tmp_path)) as journal:
        assert journal.stats().cursors_lost
        assert {"galileo": Cursor(0)} == journal.cursors()
        journal.commit("galileo", journal.end())

    with closing(open_journal(tmp_path)) as journal:
        assert not journal.stats().cursors_lost
        assert {"galileo": journal.end()} == journal.cursors()


def test_cursors_that_are_gone_with_their_file_are_lost_unless_there_are_no_records(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        assert not journal.stats().cursors_lost
        journal.register("galileo", journal.end())
        append(journal, [b"one"])
    (tmp_path / "state.db").unlink()

    with closing(open_journal(tmp_path)) as journal:
        assert journal.stats().cursors_lost


def test_a_second_file_of_one_name_is_set_aside_beside_the_first(tmp_path: Path) -> None:
    for content in (b"garbage", b"rubbish"):
        (tmp_path / "state.db").write_bytes(content)
        open_journal(tmp_path).close()

    assert b"garbage" == (tmp_path / "state.db.quarantined").read_bytes()
    assert b"rubbish" == (tmp_path / "state.db.quarantined-1").read_bytes()


def test_a_damaged_page_among_dead_letters_costs_those_on_it_alone(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        journal.register("galileo", journal.end())
    with closing(DeadLetters.open(tmp_path, max_size=MIB, max_age_s=1e9)) as letters:
        numbers = [refuse(letters, b"%d" % number * 3000) for number in range(9)]
    state = tmp_path / "state.db"
    place = state.read_bytes().index(b"4" * 2000)
    # The page with the letter's row, not those that its content runs over to.
    state.write_bytes(blanked(state.read_bytes(), place // 4096 * 4096))

    with closing(open_journal(tmp_path)) as journal:
        assert journal.stats().cursors_lost
    with closing(DeadLetters.open(tmp_path, max_size=MIB, max_age_s=1e9)) as letters:
        left = {letter.id: letter for letter in map(letters.get, numbers) if letter}

        assert 5 <= len(left) < 9
        assert all(left[number].otlp == b"%d" % (number - 1) * 3000 for number in left)
        assert refuse(letters, b"next") > max(numbers)


def test_a_state_file_that_is_gone_is_made_anew_with_every_cursor(tmp_path: Path) -> None:
    with (
        closing(open_journal(tmp_path)) as journal,
        closing(DeadLetters.open(tmp_path, max_size=MIB, max_age_s=1e9)) as letters,
    ):
        journal.register("galileo", journal.end())
        journal.register("runscope", journal.end())
        append(journal, [b"one", b"two"])
        (tmp_path / "state.db").unlink()
        with pytest.raises(JournalError, match=r"state.db"):
            refuse(letters, b"lost")
        journal.commit("galileo", Cursor(1))
        eventually((tmp_path / "state.db").exists)
        number = refuse(letters, b"kept")

        assert [number] == [letter.id for letter in letters.list()]

    with closing(open_journal(tmp_path)) as journal:
        assert not journal.stats().cursors_lost
        assert {"galileo": 1, "runscope": 0} == journal.cursors()


def test_a_damaged_cursor_is_not_believed(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        append(journal, [b"one", b"two"])
        journal.register("galileo", Cursor(1))
        journal.register("runscope", Cursor(1))
    with closing(sqlite3.connect(tmp_path / "state.db")) as db, db:
        db.execute("UPDATE cursor SET seq = seq + 256 WHERE pipeline = 'galileo'")

    with closing(open_journal(tmp_path)) as journal:
        assert journal.stats().cursors_lost
        assert {"runscope": Cursor(1)} == journal.cursors()
        assert [3] == append(journal, [b"three"])


def refuse(letters: DeadLetters, otlp: bytes) -> int:
    return letters.add(
        exporter="galileo",
        api="",
        reason="refused",
        answer="",
        exchanges=1,
        first_ns=1,
        last_ns=2,
        otlp=otlp,
    )


def blanked(content: bytes, place: int) -> bytes:
    """*content* with a page of zeros at *place*."""
    return content[:place] + bytes(4096) + content[place + 4096 :]
