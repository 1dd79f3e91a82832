"""Which of SQLite's errors speak of damage, of fullness, of the moment; from real ones of each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.journal import JournalFull, JournalUnwritable, database
from otel_bridge.journal.sqlite_errors import is_damage, refusal

FORM = database.Format(pragmas="", schema="CREATE TABLE a (b)", journal_mode="WAL")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "some.db"
    database.create(path, FORM)
    return path


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(database.connect(path)) as db:
        yield db


def test_a_created_file_is_complete_without_its_wal(path: Path) -> None:
    database.identify(path, FORM)

    assert [path] == list(path.parent.iterdir())
    assert 0o600 == path.stat().st_mode & 0o777


def test_a_full_disk_is_told_as_full(db: sqlite3.Connection, path: Path) -> None:
    db.execute("PRAGMA max_page_count = 2")
    with pytest.raises(sqlite3.Error) as caught:
        db.execute("INSERT INTO a VALUES (zeroblob(100000))")

    assert not is_damage(caught.value)
    told = refusal(caught.value, path)
    assert isinstance(told, JournalFull)
    assert f"can't write to {path}: the file system is full" == str(told)


def test_a_locked_file_is_no_damage(db: sqlite3.Connection, path: Path) -> None:
    db.execute("PRAGMA busy_timeout = 0")
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.Error) as caught:
            db.execute("INSERT INTO a VALUES (1)")

    assert not is_damage(caught.value)
    assert isinstance(refusal(caught.value, path), JournalUnwritable)


def test_a_missing_file_is_no_damage(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.Error) as caught:
        database.connect(tmp_path / "missing.db")

    assert not is_damage(caught.value)


def test_a_closed_connection_is_no_damage(path: Path) -> None:
    db = database.connect(path)
    db.close()
    with pytest.raises(sqlite3.Error) as caught:
        db.execute("SELECT 1")

    assert not is_damage(caught.value)


@pytest.mark.parametrize("what", [b"not a database", b"\xff" * 50])
def test_a_broken_file_is_damage(path: Path, what: bytes) -> None:
    content = path.read_bytes()
    place = 0 if what.isascii() else content.index(b"CREATE TABLE")
    path.write_bytes(content[:place] + what + content[place + len(what) :])

    with pytest.raises(sqlite3.Error) as caught, closing(database.connect(path)) as db:
        db.execute("SELECT * FROM a")

    assert is_damage(caught.value)
