"""How far each pipeline has come, on disk."""

from __future__ import annotations

import contextlib
import sqlite3
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from otel_bridge.journal import database, state
from otel_bridge.journal.record import Cursor

log = structlog.get_logger(__name__)


class CursorFile:
    """Calls must not overlap; each is one synced transaction."""

    def __init__(self, directory: Path) -> None:
        """Open the state file of *directory*, or make it. Raises JournalError.

        A damaged one is set aside, as a segment would be; `lost` tells.
        """
        self._path = directory / state.FILE
        self.lost = False
        """A cursor is gone: pipelines that have none now have to start at the beginning."""
        try:
            if not self._path.exists():
                state.create(directory)
            self._db, self.found = self._open()
        except (sqlite3.Error, OSError) as error:
            raise database.refusal(error, self._path) from error

    def save(self, cursors: Mapping[str, Cursor]) -> None:
        """Keep *cursors*; of other pipelines nothing changes. Raises JournalError."""
        rows = [(name, seq, _checksum(name, seq)) for name, seq in cursors.items()]
        self._change("INSERT OR REPLACE INTO cursor (pipeline, seq, checksum) VALUES (?, ?, ?)", rows)

    def remove(self, pipeline: str) -> None:
        """Raises JournalError."""
        self._change("DELETE FROM cursor WHERE pipeline = ?", [(pipeline,)])

    def close(self) -> None:
        self._db.close()

    def _change(self, sql: str, rows: Sequence[tuple[object, ...]]) -> None:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                self._db.executemany(sql, rows)
                self._db.execute("COMMIT")
            except sqlite3.Error:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise database.refusal(error, self._path) from error

    def _open(self) -> tuple[sqlite3.Connection, dict[str, Cursor]]:
        try:
            return self._load()
        except database.DamagedError as error:
            reason = str(error)
        except sqlite3.Error as error:
            if not database.is_damage(error):
                raise
            reason = str(error)
        aside = database.set_aside(self._path)
        log.error("cursors and dead letters are damaged: quarantined", file=str(aside), reason=reason)
        self.lost = True
        state.create(self._path.parent)
        return self._load()

    def _load(self) -> tuple[sqlite3.Connection, dict[str, Cursor]]:
        db = state.connect(self._path.parent)
        try:
            rows = db.execute("SELECT pipeline, seq, checksum FROM cursor").fetchall()
        except sqlite3.Error:
            db.close()
            raise
        # One flipped bit could take a cursor past records that nobody has delivered.
        good = {name: Cursor(seq) for name, seq, told in rows if _checksum(name, seq) == told}
        if len(good) < len(rows):
            self.lost = True
            log.error("damaged cursors are ignored", file=str(self._path), cursors=len(rows) - len(good))
        return db, good


def _checksum(name: object, seq: object) -> int:
    return zlib.crc32(f"{name} {seq}".encode())
