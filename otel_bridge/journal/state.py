"""state.db: the pipelines' cursors and the dead letters.

A rollback journal instead of a WAL: commits are few, other processes write here too, and SQLite before
3.51.3 can damage a WAL that two connections checkpoint at once.
"""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from otel_bridge.journal import database
from otel_bridge.journal.errors import JournalError
from otel_bridge.journal.sqlite_errors import refusal

FILE = "state.db"

FORMAT = database.Format(
    # Dropped dead letters give their space back to the file system at once.
    pragmas="PRAGMA auto_vacuum = FULL",
    # AUTOINCREMENT: an id that somebody noted down never means another dead letter.
    schema="""
        CREATE TABLE cursor (
            pipeline TEXT PRIMARY KEY,
            seq INTEGER NOT NULL,
            checksum INTEGER NOT NULL
        );
        CREATE TABLE dead_letter (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at_ns INTEGER NOT NULL,
            exporter TEXT NOT NULL,
            api TEXT NOT NULL,
            reason TEXT NOT NULL,
            answer TEXT NOT NULL,
            exchanges INTEGER NOT NULL,
            first_ns INTEGER NOT NULL,
            last_ns INTEGER NOT NULL,
            state TEXT NOT NULL,
            otlp BLOB
        );
        CREATE INDEX dead_letter_age ON dead_letter (at_ns);
        CREATE INDEX dead_letter_state ON dead_letter (exporter, state)
    """,
    journal_mode="DELETE",
)


def create(directory: Path, fill: Callable[[sqlite3.Connection], None] | None = None) -> None:
    """Make a state file with what *fill* writes into it. Raises sqlite3.Error or OSError."""
    database.create(directory / FILE, FORMAT, fill)


class StateFile:
    """A connection to the state file of a directory. Thread-safe; one reading or transaction at a time."""

    def __init__(self, directory: Path) -> None:
        """Open the file, which must exist.

        Raises sqlite3.Error or OSError, JournalTooNew or DamagedError as `identify` does, and JournalError
        for an older one, which is its journal's business to migrate.
        """
        self.path = directory / FILE
        self._lock = threading.Lock()
        self._db = self._connect()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Raises JournalError."""
        with self._lock:
            try:
                yield self._here()
            except (sqlite3.Error, OSError, database.DamagedError) as error:
                raise JournalError(f"can't read {self.path}: {error}") from error

    @contextmanager
    def change(self) -> Iterator[sqlite3.Connection]:
        """One synced transaction. Raises JournalFull or JournalUnwritable."""
        with self._lock:
            try:
                db = self._here()
                with _transaction(db):
                    yield db
            except (sqlite3.Error, OSError) as error:
                raise refusal(error, self.path) from error
            except database.DamagedError as error:
                raise JournalError(f"can't write to {self.path}: {error}") from error

    def scrub(self) -> None:
        """Leave nothing of deleted rows behind, in the file or its rollback journal. Raises JournalError."""
        with self._lock:
            try:
                db = self._here()
                # The rollback journal of a commit holds the pages as they were.
                db.execute("PRAGMA journal_size_limit = 0").fetchall()
                db.execute("VACUUM")
            except (sqlite3.Error, OSError) as error:
                raise refusal(error, self.path) from error
            except database.DamagedError as error:
                raise JournalError(f"can't write to {self.path}: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._db.close()

    def _here(self) -> sqlite3.Connection:
        """The connection, to another file where somebody has put one in the place of the old."""
        if self._identity != _identity(self.path):
            self._db.close()
            self._db = self._connect()
        return self._db

    def _connect(self) -> sqlite3.Connection:
        if database.identify(self.path, FORMAT) < FORMAT.version:
            raise JournalError(f"{self.path} is of an older otel-bridge: start `otel-bridge serve` once")
        self._identity = _identity(self.path)
        db = database.connect(self.path)
        try:
            # Spares each commit the two syncs of the directory that deleting the rollback journal takes.
            db.execute("PRAGMA journal_mode = PERSIST").fetchall()
        except sqlite3.Error:
            db.close()
            raise
        return db


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:
            with contextlib.suppress(sqlite3.Error):
                db.execute("ROLLBACK")


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino
