"""Files of other versions: a newer one is refused, and not a byte of anything is changed."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.journal import DeadLetters, JournalTooNew
from tests.journal import append, open_journal, segment_files


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    with closing(open_journal(tmp_path, segment_size=20_000)) as journal:
        journal.register("galileo", journal.end())
        append(journal, [bytes(30_000), bytes(30_000), bytes(30_000)])
    assert 3 == len(segment_files(tmp_path))
    return tmp_path


@pytest.mark.parametrize("name", ["journal-00000000000000000002.db", "state.db"])
def test_a_newer_file_is_refused_and_left_untouched(directory: Path, name: str) -> None:
    make_newer(directory / name)
    # A damaged neighbour must not be set aside either before somebody decided what to do.
    segment_files(directory)[0].write_bytes(b"garbage")
    before = {path.name: path.read_bytes() for path in directory.iterdir()}

    with pytest.raises(JournalTooNew, match=rf"{name} was written by a newer otel-bridge \(format 2"):
        open_journal(directory)

    assert before == {path.name: path.read_bytes() for path in directory.iterdir()}


def test_dead_letters_of_a_newer_version_are_refused(directory: Path) -> None:
    make_newer(directory / "state.db")

    with pytest.raises(JournalTooNew):
        DeadLetters.open(directory, max_size=1, max_age_s=1)


def test_somebody_elses_database_is_set_aside(directory: Path) -> None:
    path = segment_files(directory)[1]
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE record (seq)")

    with closing(open_journal(directory)) as journal:
        assert 1 == journal.stats().quarantined
        assert 2 == journal.stats().records


def make_newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 2")
