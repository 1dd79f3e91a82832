"""The file: made, opened, used by one thread at a time, and what SQLite's errors mean."""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import structlog

from otel_bridge import database_files
from otel_bridge.inspector.alerts.book import schema
from otel_bridge.inspector.alerts.book.errors import BookError, DamagedError, TooNewError
from otel_bridge.inspector.alerts.book.rule_document import readable

QUARANTINED = ".damaged"

# The command line writes beside the inspector, for a moment.
_BUSY_MS = 10_000
# The counts of 20,000 groups, rewritten each second where much changes.
_CACHE_KIB = 16 * 1024

log = structlog.get_logger(__name__)


class Database:
    """One connection, for all threads; other processes may read and write beside it."""

    def __init__(self, path: Path, *, owner: bool) -> None:
        """Open *path*, made where it is missing. The *owner* sets a damaged one aside and begins anew, with
        what can be read of its rules.

        Raises BookError: DamagedError, TooNewError.
        """
        self._path = path
        self._lock = threading.Lock()
        try:
            self._db = _open(path)
        except DamagedError as error:
            if not owner:
                raise
            self._db = _begin_anew(path, error)

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """Raises BookError."""
        with self._lock, _translated(self._path):
            yield self._db

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """A transaction: all that is done within, on disk when it ends, or nothing. Raises BookError."""
        with self._lock, _translated(self._path), _transaction(self._db):
            yield self._db

    def close(self) -> None:
        with self._lock, _translated(self._path):
            self._db.close()


def _open(path: Path) -> apsw.Connection:
    with _translated(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # SQLite gives what belongs to it the same permissions.
            path.touch(mode=0o600)
        db = apsw.Connection(os.fspath(path), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            db.set_busy_timeout(_BUSY_MS)
            db.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
            db.execute("PRAGMA synchronous = FULL")
            db.execute("PRAGMA fullfsync = ON")  # macOS: without it a sync stops at the drive's cache
            _make(db)
            _check(db, path)
            db.execute("PRAGMA journal_mode = WAL")
        except BaseException:
            db.close()
            raise
        database_files.sync_directory(path.parent)
    return db


def _begin_anew(path: Path, error: DamagedError) -> apsw.Connection:
    """Set *path* aside; only the rules go on in a new one, as far as they can still be read."""
    with _translated(path):
        aside = database_files.set_aside(path, QUARANTINED)
        rules = _rules(aside)
    db = _open(path)
    with _translated(path), _transaction(db):
        db.executemany("INSERT OR IGNORE INTO rule VALUES (?, ?, ?)", rules)
    log.error(
        "alerts are damaged, set aside and begun anew", file=str(aside), reason=str(error), rules=len(rules)
    )
    return db


def _rules(damaged: Path) -> list[tuple[str, str, str]]:
    try:
        db = apsw.Connection(os.fspath(damaged), flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.Error:
        return []
    try:
        found = [(str(each[0]), str(each[1]), str(each[2])) for each in db.execute("SELECT * FROM rule")]
    except apsw.Error:
        return []
    finally:
        db.close()
    return [each for each in found if readable(each[2]) is not None]


def _make(db: apsw.Connection) -> None:
    """Whoever comes first, of several processes, fills an empty file."""
    if _is_empty(db):
        with _transaction(db):
            if _is_empty(db):
                schema.create(db)


def _is_empty(db: apsw.Connection) -> bool:
    return not db.execute("PRAGMA user_version").get and not db.execute("SELECT 1 FROM sqlite_schema").get


def _check(db: apsw.Connection, path: Path) -> None:
    version: int = db.execute("PRAGMA user_version").get
    if version > schema.VERSION:
        raise TooNewError(
            f"{path} was written by a later version of otel_bridge (format {version}, this one reads up to "
            f"{schema.VERSION}): run that version again, or give this one another inspector.directory; "
            "nothing was changed"
        )
    if version < schema.VERSION:
        raise DamagedError(f"{path} does not hold alerts")
    # It is small, and what is damaged is better found now than by the alert that can't be written.
    trouble: str = db.execute("PRAGMA quick_check(1)").get
    if trouble != "ok":
        raise DamagedError(f"{path} is damaged: {trouble}")


@contextmanager
def _transaction(db: apsw.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            with contextlib.suppress(apsw.Error):
                db.execute("ROLLBACK")
        raise


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except (apsw.CorruptError, apsw.NotADBError, apsw.FormatError) as error:
        raise DamagedError(f"{path} is damaged: {error}") from error
    except apsw.FullError as error:
        raise BookError(f"can't write to {path}: the file system is full") from error
    except apsw.BusyError as error:
        raise BookError(f"can't write to {path}: another process holds it") from error
    except apsw.Error as error:
        if isinstance(error, apsw.SQLError) and "malformed" in str(error):
            raise DamagedError(f"{path} is damaged: {error}") from error
        raise BookError(f"can't use {path}: {error}") from error
    except OSError as error:
        full = error.errno == errno.ENOSPC
        why = "the file system is full" if full else error.strerror
        raise BookError(f"can't use {path}: {why}") from error
