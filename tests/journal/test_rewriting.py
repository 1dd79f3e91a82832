"""Putting other bodies into a journal's records: all or nothing, and nobody who reads it notices a seam."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.journal import Cursor, JournalError, JournalTooNew, rewriting
from tests.bridge import eventually
from tests.journal import append, open_journal, read_all

OLD, NEW = b"old" * 1000, b"new"


def filled(directory: Path, records: int = 5) -> Path:
    """A stopped journal of one segment."""
    with closing(open_journal(directory)) as journal:
        append(journal, [OLD] * records)
    (path,) = rewriting.paths(directory)
    return path


def bodies(directory: Path) -> list[bytes]:
    with closing(open_journal(directory)) as journal:
        assert 0 == journal.stats().bad_records + journal.stats().quarantined
        return [record.body for record in read_all(journal)]


def test_only_the_bodies_that_were_given_change(tmp_path: Path) -> None:
    path = filled(tmp_path)
    before = list(rewriting.records(path))

    assert rewriting.replace(path, {2: NEW, 5: b""})
    after = list(rewriting.records(path))
    assert [(r.seq, r.signal, r.received_ns) for r in before] == [
        (r.seq, r.signal, r.received_ns) for r in after
    ]
    assert [OLD, NEW, OLD, OLD, b""] == bodies(tmp_path)
    assert 0o600 == path.stat().st_mode & 0o777


def test_what_a_crash_left_in_the_wal_is_rewritten_too(tmp_path: Path) -> None:
    journal = open_journal(tmp_path / "at work")
    append(journal, [OLD] * 3)
    (path,) = rewriting.paths(tmp_path / "at work")
    (tmp_path / "crashed").mkdir()
    for suffix in ("", "-wal"):
        copy = tmp_path / "crashed" / (path.name + suffix)
        copy.write_bytes(path.with_name(path.name + suffix).read_bytes())
    journal.close()
    (crashed,) = rewriting.paths(tmp_path / "crashed")

    assert OLD in crashed.with_name(crashed.name + "-wal").read_bytes()
    rewriting.replace(crashed, {1: NEW, 2: NEW, 3: NEW})
    assert not crashed.with_name(crashed.name + "-wal").exists()
    assert OLD not in crashed.read_bytes()
    assert [NEW] * 3 == bodies(tmp_path / "crashed")


def test_a_process_that_died_over_it_has_changed_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path)
    draft = path.with_name(path.name + ".rewritten")
    draft.write_bytes(b"half a draft")

    assert [OLD] * 5 == bodies(tmp_path)
    with rewriting.sealed(tmp_path, patience=1):
        assert not draft.exists()


def test_a_disk_without_room_changes_nothing(tmp_path: Path) -> None:
    path = filled(tmp_path)
    draft = path.with_name(path.name + ".rewritten.new")
    # Nothing can be made where a directory has the name.
    (draft / "in the way").mkdir(parents=True)

    with pytest.raises(JournalError):
        rewriting.replace(path, {1: NEW})
    assert [OLD] * 5 == bodies(tmp_path)


def test_a_segment_that_was_settled_meanwhile_stays_gone(tmp_path: Path) -> None:
    path = filled(tmp_path)
    path.unlink()

    assert not rewriting.replace(path, {1: NEW})
    assert [] == list(rewriting.records(path))
    assert not path.exists()


def test_a_damaged_record_stays_damaged_and_costs_no_other(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE record SET body = x'00' WHERE seq = 2")
        db.commit()
    rewriting.replace(path, {3: NEW})

    assert [1, 3, 4, 5] == [record.seq for record in rewriting.records(path)]


def test_a_newer_journal_is_left_alone(tmp_path: Path) -> None:
    path = filled(tmp_path)
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA journal_mode = DELETE")
        db.execute("PRAGMA user_version = 99")

    with pytest.raises(JournalTooNew):
        rewriting.paths(tmp_path)


def test_a_reader_in_the_middle_goes_on_in_the_new_file(tmp_path: Path) -> None:
    filled(tmp_path)
    with closing(open_journal(tmp_path)) as journal:
        first = journal.read(Cursor(0), limit_bytes=1)
        (path,) = rewriting.paths(tmp_path)
        before = path.stat().st_ino
        rewriting.replace(path, dict.fromkeys(range(1, 6), NEW))
        rest = journal.read(Cursor(1), limit_bytes=1 << 20)

        assert before != path.stat().st_ino
        assert [OLD] == [record.body for record in first]
        assert [NEW] * 4 == [record.body for record in rest]


def test_an_idle_journal_seals_when_it_is_asked(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        append(journal, [OLD])
        (tmp_path / "seal").touch()
        journal.heed()
        eventually(lambda: not (tmp_path / "seal").exists(), "the answer")
        append(journal, [OLD])

        assert 2 == len(rewriting.paths(tmp_path))
        assert [1, 2] == [record.seq for record in read_all(journal)]
