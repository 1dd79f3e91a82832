"""SQLite files of ours: how they are born, told apart, opened and removed.

A file is made under another name, complete and synced, and then renamed: whatever carries a right name
and is not a well-formed database of ours was damaged later. The header is read without SQLite, so that
a file of a newer version stays untouched to the byte.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any, Literal

from otel_bridge.journal.errors import JournalError, JournalFull, JournalTooNew, JournalUnwritable

VERSION = 1
QUARANTINED = ".quarantined"

_MAGIC = b"SQLite format 3\0"
_APPLICATION_ID = 0x4F54424A  # "OTBJ"
_HEADER_SIZE = 100
# Errors about what is in a file; all others (busy, I/O, memory, permission) are about the moment.
_DAMAGE = frozenset(
    {
        sqlite3.SQLITE_ERROR,  # such as: no such table
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_TOOBIG,
        sqlite3.SQLITE_MISMATCH,
        sqlite3.SQLITE_FORMAT,
        sqlite3.SQLITE_NOTADB,
    }
)
_COMPANIONS = ("-wal", "-shm", "-journal")
# A second process beside serve, or somebody's SQLite shell, may hold a lock for a moment.
_BUSY_SECONDS = 5.0


class DamagedError(Exception):
    """The file is no database of ours any more."""


def create(path: Path, *, pragmas: str, schema: str, journal_mode: Literal["WAL", "DELETE"]) -> None:
    """Make an empty database at *path*, which must not exist. Raises sqlite3.Error or OSError.

    *pragmas* are those that only an empty file takes (page_size, auto_vacuum).
    """
    draft = path.with_name(path.name + ".new")
    # What a lost file of the same name left behind would be replayed into the new one.
    remove(draft)
    remove(path)
    # SQLite gives its WAL and journal the same permissions: traffic is nobody else's business.
    os.close(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    try:
        with closing(connect(draft)) as db:
            db.executescript(pragmas)
            db.executescript(
                f"BEGIN; {schema}; PRAGMA application_id = {_APPLICATION_ID};"
                f" PRAGMA user_version = {VERSION}; COMMIT;"
            )
            # Last, so that everything is in the database and nothing in a WAL when it is renamed.
            db.execute(f"PRAGMA journal_mode = {journal_mode}")
    except sqlite3.Error:
        remove(draft)
        raise
    draft.rename(path)
    sync_directory(path.parent)


def identify(path: Path) -> None:
    """Raise JournalTooNew if a newer version wrote *path*, DamagedError if it is not a database of ours."""
    with path.open("rb") as file:
        header = file.read(_HEADER_SIZE)
    if len(header) < _HEADER_SIZE or not header.startswith(_MAGIC):
        raise DamagedError("it is not an SQLite database")
    if int.from_bytes(header[68:72], "big") != _APPLICATION_ID:
        raise DamagedError("it is not a file of the journal")
    version = int.from_bytes(header[60:64], "big")
    if version > VERSION:
        raise JournalTooNew(
            f"{path} was written by a newer otel-bridge (format {version}, this one knows {VERSION}): "
            "run that version again, or give this one another journal.directory; nothing was changed"
        )


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


def remove(path: Path) -> None:
    for suffix in ("", *_COMPANIONS):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def set_aside(path: Path) -> Path:
    """Rename a damaged database and what belongs to it, so that nobody reads it but people can."""
    aside = path.with_name(path.name + QUARANTINED)
    for suffix in _COMPANIONS:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    path.rename(aside)
    sync_directory(path.parent)
    return aside


def sync_directory(directory: Path) -> None:
    """Make names that were created or changed in *directory* survive a power failure."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def is_damage(error: sqlite3.Error) -> bool:
    """Whether *error* speaks about what is in the file, and not about the moment."""
    return _primary(error) in _DAMAGE


def refusal(error: sqlite3.Error | OSError, path: Path) -> JournalError:
    """*error*, met while writing to *path*, as one that callers know."""
    if isinstance(error, OSError):
        return JournalUnwritable(f"can't write to {path}: {error.strerror}")
    if _primary(error) == sqlite3.SQLITE_FULL:
        return JournalFull(f"can't write to {path}: the file system is full")
    return JournalUnwritable(f"can't write to {path}: {error}")


class _Connection(sqlite3.Connection):
    def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
        try:
            return super().execute(sql, parameters)
        except UnicodeDecodeError as error:
            # Python failed to decode SQLite's message, which quotes what is in the damaged file.
            raise sqlite3.DatabaseError("malformed database schema") from error


def _primary(error: sqlite3.Error) -> int:
    code: int | None = getattr(error, "sqlite_errorcode", None)
    if code is not None:
        return code & 0xFF
    # Python's own: a wrong use of the module, or something it can't decode.
    return sqlite3.SQLITE_MISUSE if isinstance(error, sqlite3.ProgrammingError) else sqlite3.SQLITE_CORRUPT


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        # Not there: no WAL any more, or the whole directory went away, which writing will tell.
        return 0
