"""The file: made, opened, used by one thread at a time, and what SQLite's errors mean."""

from __future__ import annotations

import contextlib
import ctypes
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import structlog

from otel_bridge import database_files
from otel_bridge.inspector import databases
from otel_bridge.inspector.alerts.book import schema
from otel_bridge.inspector.alerts.book.errors import BookError, DamagedError, TooNewError
from otel_bridge.inspector.alerts.book.rule_document import readable

QUARANTINED = ".damaged"

# The command line writes beside the inspector, for a moment.
_BUSY_MS = 10_000
# The counts of 20,000 groups, rewritten each second where much changes.
_CACHE_KIB = 16 * 1024

StoredRule = tuple[str, str, str]
"""Id, name, document."""

log = structlog.get_logger(__name__)


class Database:
    """One connection, for all threads; other processes may read and write beside it."""

    def __init__(self, path: Path, *, owner: bool) -> None:
        """Open *path*, made where it is missing. The *owner* sets a damaged one aside and begins anew, with
        what can be read of its rules; so it does where the file disappears while it is in use. What can't be
        opened yet is tried again with each use.

        Raises BookError, but not for the owner: DamagedError, TooNewError.
        """
        self.opened = 0
        """How often: what was known of the file before may be wrong after another time."""
        self._path = path
        self._owner = owner
        self._lock = threading.Lock()
        self._db: apsw.Connection | None = None
        try:
            with self.reading():
                pass
        except BookError:
            if not owner:
                raise

    @contextmanager
    def reading(self) -> Iterator[apsw.Connection]:
        """Raises BookError."""
        with self._lock:
            try:
                with _translated(self._path):
                    yield self._connection()
            except DamagedError:
                # Looked at, and set aside, when it is opened the next time.
                self._let_go()
                raise

    @contextmanager
    def writing(self) -> Iterator[apsw.Connection]:
        """A transaction: all that is done within, on disk when it ends, or nothing. Raises BookError."""
        with self.reading() as db, databases.transaction(db):
            yield db

    def close(self) -> None:
        with self._lock:
            self._let_go()

    def _connection(self) -> apsw.Connection:
        rules: list[StoredRule] = []
        if self._db is not None and self._owner and _is_gone(self._db):
            log.error(
                "the file of the alerts is gone; another one is begun with the rules", file=str(self._path)
            )
            rules = _rules(self._db)
            self._let_go()
        if self._db is None:
            self._db = self._open()
            _put(self._db, rules)
            self.opened += 1
        return self._db

    def _open(self) -> apsw.Connection:
        try:
            return _open(self._path)
        except DamagedError as error:
            if not self._owner:
                raise
            return _begin_anew(self._path, error)

    def _let_go(self) -> None:
        db, self._db = self._db, None
        if db is not None:
            with contextlib.suppress(apsw.Error):
                db.close()


def _is_gone(db: apsw.Connection) -> bool:
    """Whether what is written goes into a file that nobody finds any more."""
    moved = ctypes.c_int(0)
    db.file_control("main", apsw.SQLITE_FCNTL_HAS_MOVED, ctypes.addressof(moved))
    return bool(moved.value)


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
            databases.make_durable(db)
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
        rules = _rules_in(aside)
    db = _open(path)
    _put(db, rules)
    log.error(
        "alerts are damaged, set aside and begun anew", file=str(aside), reason=str(error), rules=len(rules)
    )
    return db


def _rules_in(damaged: Path) -> list[StoredRule]:
    try:
        db = apsw.Connection(os.fspath(damaged), flags=apsw.SQLITE_OPEN_READONLY)
    except apsw.Error:
        return []
    try:
        return _rules(db)
    finally:
        db.close()


def _rules(db: apsw.Connection) -> list[StoredRule]:
    """As far as they can be read."""
    try:
        found = [(str(each[0]), str(each[1]), str(each[2])) for each in db.execute("SELECT * FROM rule")]
    except apsw.Error:
        return []
    return [each for each in found if readable(each[2]) is not None]


def _put(db: apsw.Connection, rules: list[StoredRule]) -> None:
    if rules:
        with databases.transaction(db):
            db.executemany("INSERT OR IGNORE INTO rule VALUES (?, ?, ?)", rules)


def _make(db: apsw.Connection) -> None:
    """Whoever comes first, of several processes, fills an empty file."""
    if _is_empty(db):
        with databases.transaction(db):
            if _is_empty(db):
                schema.create(db)


def _is_empty(db: apsw.Connection) -> bool:
    return not db.execute("PRAGMA user_version").get and not db.execute("SELECT 1 FROM sqlite_schema").get


def _check(db: apsw.Connection, path: Path) -> None:
    version: int = db.execute("PRAGMA user_version").get
    if version > schema.VERSION:
        raise TooNewError(databases.too_new(path, version, schema.VERSION))
    if version < schema.VERSION:
        raise DamagedError(f"{path} does not hold alerts")
    # It is small, and what is damaged is better found now than by the alert that can't be written.
    trouble: str = db.execute("PRAGMA quick_check(1)").get
    if trouble != "ok":
        raise DamagedError(f"{path} is damaged: {trouble}")


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    try:
        yield
    except apsw.BusyError as error:
        raise BookError(f"can't write to {path}: another process holds it") from error
    except (apsw.Error, OSError) as error:
        if databases.is_damage(error):
            raise DamagedError(f"{path} is damaged: {error}") from error
        if databases.is_full(error):
            raise BookError(f"can't write to {path}: the file system is full") from error
        why = error.strerror if isinstance(error, OSError) else error
        raise BookError(f"can't use {path}: {why}") from error
