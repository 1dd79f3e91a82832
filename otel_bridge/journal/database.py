"""SQLite files of ours: how they are born, told apart, opened and removed.

A file is made under another name, complete and synced, and then renamed: whatever carries a right name
and is not a well-formed database of ours was damaged later. The header is read without SQLite, so that
a file of a newer version stays untouched to the byte.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from otel_bridge import database_files
from otel_bridge.journal.errors import JournalTooNew

QUARANTINED = ".quarantined"

_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID = 0x4F54424A  # "OTBJ"
_HEADER_SIZE = 100
# A second process beside serve, or somebody's SQLite shell, may hold a lock for a moment.
_BUSY_SECONDS = 5.0


class DamagedError(Exception):
    """The file is no database of ours any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A kind of file: how a new one is made, and how one of an older version becomes like it."""

    pragmas: str
    """Those that only an empty file takes (page_size, auto_vacuum)."""
    schema: str
    journal_mode: Literal["WAL", "DELETE"]
    steps: tuple[str, ...] = ()
    """SQL; the first leads from version 1 to version 2."""

    @property
    def version(self) -> int:
        return 1 + len(self.steps)


def create(path: Path, form: Format, fill: Callable[[sqlite3.Connection], None] | None = None) -> None:
    """Make a database at *path*, which must not exist, with what *fill* writes into it, all or nothing.

    Raises sqlite3.Error or OSError.
    """
    draft = path.with_name(path.name + ".new")
    # What a lost file of the same name left behind would be replayed into the new one.
    database_files.remove(draft)
    database_files.remove(path)
    # SQLite gives its WAL and journal the same permissions: traffic is nobody else's business.
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(connect(draft)) as db:
            db.executescript(form.pragmas)
            db.executescript(
                f"BEGIN; {form.schema}; PRAGMA application_id = {_APPLICATION_ID};"
                f" PRAGMA user_version = {form.version}; COMMIT;"
            )
            if fill is not None:
                fill(db)
            # Last, so that everything is in the database and nothing in a WAL when it is renamed.
            db.execute(f"PRAGMA journal_mode = {form.journal_mode}")
    except sqlite3.Error:
        database_files.remove(draft)
        raise
    draft.rename(path)
    database_files.sync_directory(path.parent)


def identify(path: Path, form: Format) -> int:
    """The version of *path*, at most that of *form*.

    Raises JournalTooNew if a newer version wrote it, DamagedError if it is not a database of ours.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_SIZE)
    if len(header) < _HEADER_SIZE or not header.startswith(_MAGIC):
        raise DamagedError("it is not an SQLite database")
    version = int.from_bytes(header[60:64], "big")
    if int.from_bytes(header[68:72], "big") != _APPLICATION_ID or version < 1:
        raise DamagedError("it is not a file of the journal")
    if version > form.version:
        raise JournalTooNew(
            f"{path} was written by a newer otel-bridge (format {version}, this one knows {form.version}): "
            "run that version again, or give this one another journal.directory; nothing was changed"
        )
    return version


def migrate(path: Path, form: Format) -> bool:
    """Bring an older file up to *form*, in place; False where it is.

    Each step is one transaction with the number of its version in it, so a process that is killed leaves
    the file in one version or another, and the next start goes on from there. Raises sqlite3.Error where a
    step fails, of which nothing is kept.
    """
    with closing(connect(path)) as db:
        found: int = db.execute("PRAGMA user_version").fetchone()[0]
        if found >= form.version:
            return False
        # With a WAL the file itself would go on showing its old number, which `identify` reads.
        db.execute("PRAGMA journal_mode = DELETE").fetchall()
        for version, step in enumerate(form.steps[found - 1 :], found + 1):
            db.executescript(f"BEGIN IMMEDIATE; {step}; PRAGMA user_version = {version}; COMMIT;")
    return True


def connect(path: Path, mode: Literal["rw", "ro", "ro&immutable=1"] = "rw") -> sqlite3.Connection:
    """Open the existing database *path* in autocommit mode; the caller keeps threads apart.

    An immutable one has nothing in its WAL and never will: it is read without locks or a WAL index,
    which on a full disk could not be made.
    """
    db = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=_BUSY_SECONDS,
        factory=_Connection,
    )
    if mode == "rw":
        try:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA fullfsync = ON")  # macOS: without it a sync stops at the drive's cache
        except sqlite3.Error:
            db.close()
            raise
    return db


def wal_of(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def size_on_disk(path: Path) -> int:
    """Bytes of the database and its WAL."""
    return sum(_size(file) for file in (path, wal_of(path)))


class _Connection(sqlite3.Connection):
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            # Python failed to decode SQLite's message, which quotes what is in the damaged file.
            raise sqlite3.DatabaseError("malformed database schema") from error


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        # Not there: no WAL any more, or the whole directory went away, which writing will tell.
        return 0
