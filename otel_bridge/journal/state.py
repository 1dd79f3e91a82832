"""state.db: the pipelines' cursors and the dead letters.

A rollback journal instead of a WAL: commits are few, other processes write here too, and SQLite before
3.51.3 can damage a WAL that two connections checkpoint at once.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

from otel_bridge.journal import database

FILE = "state.db"

# Dropped dead letters give their space back to the file system at once.
_PRAGMAS = "PRAGMA auto_vacuum = FULL"
# AUTOINCREMENT: an id that somebody noted down never means another dead letter.
_SCHEMA = """
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
"""


def create(directory: Path) -> None:
    """Make an empty state file. Raises sqlite3.Error or OSError."""
    database.create(directory / FILE, pragmas=_PRAGMAS, schema=_SCHEMA, journal_mode="DELETE")


def connect(directory: Path) -> sqlite3.Connection:
    """Open the state file, which must exist.

    Raises sqlite3.Error or OSError, and JournalTooNew or DamagedError as `identify` does.
    """
    database.identify(directory / FILE)
    db = database.connect(directory / FILE)
    try:
        # Spares each commit the two syncs of the directory that deleting the rollback journal takes.
        db.execute("PRAGMA journal_mode = PERSIST").fetchall()
    except sqlite3.Error:
        db.close()
        raise
    return db
