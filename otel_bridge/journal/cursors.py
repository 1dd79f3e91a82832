"""How far each pipeline has come, on disk.

    no file, no segments ──────────▶ all is new
    no file, damaged, bad checksum ─▶ lost ──save(settled=True)──▶ all is known

While cursors are lost a row without a name says so, in case that a start is cut short: whoever has no
cursor then has to begin at the oldest record, for it may owe all of them.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import structlog

from otel_bridge.journal import database, state, state_repair
from otel_bridge.journal.errors import JournalError
from otel_bridge.journal.lock import DirectoryLock
from otel_bridge.journal.record import Cursor
from otel_bridge.journal.sqlite_errors import refusal

log = structlog.get_logger(__name__)

_LOST = ""


class CursorFile:
    """Calls must not overlap; each is one synced transaction."""

    def __init__(self, directory: Path, lock: DirectoryLock, *, new: bool) -> None:
        """Open the state file of *directory*, migrate it, repair it, or make it. Raises JournalError.

        *new* says that the directory holds no records, so that it is no loss to find no cursors.
        """
        self._directory = directory
        self._path = directory / state.FILE
        self._lock = lock
        self.lost = False
        """A cursor is gone: pipelines that have none now have to start at the oldest record."""
        try:
            self._prepare(new=new)
            self._file = state.StateFile(directory)
        except (sqlite3.Error, OSError) as error:
            raise refusal(error, self._path) from error
        self.found = self._load()

    def save(self, cursors: Mapping[str, Cursor], *, settled: bool = True) -> None:
        """Keep these *cursors* and no others. Raises JournalError.

        Until they are *settled*, further pipelines may still have to hear that cursors were lost.
        """
        lost = self.lost and not settled

        def fill(db: sqlite3.Connection) -> None:
            rows = [(name, seq, _checksum(name, seq)) for name, seq in cursors.items()]
            db.execute("DELETE FROM cursor")
            db.executemany("INSERT INTO cursor VALUES (?, ?, ?)", rows)
            if lost:
                _mark_lost(db)

        self._lock.check()
        if self._path.exists():
            with self._file.change() as db:
                fill(db)
        else:
            self._make_anew(fill)
        self.lost = lost

    def close(self) -> None:
        self._file.close()

    def _prepare(self, *, new: bool) -> None:
        if not self._path.exists():
            if not new:
                log.error("the file with the cursors is gone", file=str(self._path))
            state.create(self._directory, None if new else _mark_lost)
            return
        if (reason := state_repair.fault(self._path)) is None:
            return
        aside, letters = state_repair.repair(self._directory, fill=_mark_lost)
        log.error(
            "cursors and dead letters are damaged: quarantined",
            file=str(aside),
            reason=reason,
            dead_letters_saved=letters,
        )

    def _make_anew(self, fill: state_repair.Fill) -> None:
        log.error("the state file is gone, with its dead letters: made anew", file=str(self._path))
        try:
            state.create(self._directory, fill)
        except (sqlite3.Error, OSError) as error:
            raise refusal(error, self._path) from error

    def _load(self) -> dict[str, Cursor]:
        with self._file.read() as db:
            good, rows = _good(db)
        if len(good) < rows:
            self.lost = True
            log.error("cursors are lost: what the journal holds is sent again", cursors_left=len(good))
        return good


def cursors_in(directory: Path) -> dict[str, Cursor]:
    """The cursors as they are on disk, a moment behind those of a running bridge; none without a file.

    Raises JournalError.
    """
    path = directory / state.FILE
    if not path.exists():
        return {}
    try:
        file = state.StateFile(directory)
    except (sqlite3.Error, OSError, database.DamagedError) as error:
        raise JournalError(f"can't open {path}: {error}") from error
    with closing(file), file.read() as db:
        return _good(db)[0]


def _good(db: sqlite3.Connection) -> tuple[dict[str, Cursor], int]:
    """The cursors that can be believed, and how many rows there are."""
    rows = db.execute("SELECT pipeline, seq, checksum FROM cursor").fetchall()
    # One flipped bit could take a cursor past records that nobody has delivered.
    return {name: Cursor(seq) for name, seq, told in rows if name and _checksum(name, seq) == told}, len(rows)


def _mark_lost(db: sqlite3.Connection) -> None:
    db.execute("INSERT INTO cursor VALUES (?, 0, 0)", (_LOST,))


def _checksum(name: object, seq: object) -> int:
    return zlib.crc32(f"{name} {seq}".encode())
