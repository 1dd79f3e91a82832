"""Lets the oldest go: by age, by size, by what the disk has left; bodies possibly earlier.

Hours go whole, by removing their file, so that it costs nothing; pinned exchanges are copied out before.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import apsw
import structlog

from otel_bridge import database_files
from otel_bridge.inspector import databases
from otel_bridge.inspector.store.interface import StoreFullError
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import database, eraser, finder, hours, pins, schema
from otel_bridge.inspector.store.sqlite.content import Packer
from otel_bridge.inspector.store.sqlite.hour_writer import BODIES_GONE
from otel_bridge.inspector.store.sqlite.index import indexed_text
from otel_bridge.inspector.store.sqlite.library import File, Library
from otel_bridge.inspector.store.sqlite.rows import flags

log = structlog.get_logger(__name__)

_ROWS_AT_ONCE = 200
_SECOND_US = 1_000_000


class Keeper:
    """Belongs to the store that appends. Raises StoreError."""

    def __init__(self, library: Library, retention: Retention) -> None:
        self._library = library
        self._retention = retention

    def tidy(self, now_us: int) -> None:
        """Do what is due at *now_us*: bodies, then whole hours."""
        self._expire(now_us)
        with self._library.changing:
            oldest = hours.hour_of(now_us - round(self._retention.age * _SECOND_US))
            for file in reversed(self._library.hours()):
                assert file.hour is not None
                if file.hour >= oldest:
                    break
                self._remove(file, "age")
            self.make_room()

    def make_room(self) -> None:
        """Remove the oldest hours until size and free space are kept; the newest hour always stays."""
        with self._library.changing:
            for file in list(reversed(self._library.hours()))[:-1]:
                reason = self._lacking()
                if not reason:
                    return
                self._remove(file, reason)

    def check(self) -> None:
        """Raises StoreFullError where there is no room even with nothing but the newest hour."""
        with self._library.changing:
            if self._lacking():
                self.make_room()
            if reason := self._lacking():
                raise StoreFullError(self._full(reason))

    def _lacking(self) -> str:
        directory, retention = self._library.directory, self._retention
        if size_of(directory) > retention.size:
            return "size"
        return "min_free" if retention.free(directory) < retention.min_free else ""

    def _full(self, reason: str) -> str:
        directory = self._library.directory
        if reason == "size":
            return (
                f"the newest hour and the pinned exchanges in {directory} take more than "
                "inspector.retention.size: make it larger, or unpin some"
            )
        return f"the file system of {directory} has less left than inspector.retention.min_free: free some"

    def _remove(self, file: File, reason: str) -> None:
        pins.save(self._library, file)
        self._library.let_go(file.path)
        with database.translated(file.path):
            database_files.remove(file.path)
        log.info("inspector let an hour go", file=file.path.name, reason=reason)

    def _expire(self, now_us: int) -> None:
        if self._retention.bodies >= self._retention.age:
            return
        begun_before = hours.hour_of(now_us - round(self._retention.bodies * _SECOND_US))
        for file in self._library.hours():
            assert file.hour is not None
            if file.hour < begun_before and not self._library.read(file, _bodies_gone):
                _expire(file)


def size_of(directory: Path) -> int:
    """Bytes of everything in *directory*."""
    total = 0
    with os.scandir(directory) as entries:
        for entry in entries:
            try:
                total += entry.stat().st_size
            except FileNotFoundError:
                continue
    return total


def _bodies_gone(db: apsw.Connection) -> bool:
    return bool(schema.state(db, BODIES_GONE))


def _expire(file: File) -> None:
    """Take the bodies out of *file*, and their words out of its index; those of pinned exchanges stay."""
    packer = Packer()
    with database.translated(file.path):
        db = database.connect(file.path, writes=True)
        try:
            last: int | None = -1
            while last is not None:
                with databases.transaction(db):
                    last = _expire_some(db, last, packer)
                    if last is None:
                        schema.set_state(db, BODIES_GONE, 1)
            eraser.rewrite(db)
        finally:
            db.close()


def _expire_some(db: apsw.Connection, last: int, packer: Packer) -> int | None:
    """Of rows after *last*; the last of them, None when there are no more."""
    sql = (
        "SELECT row FROM content JOIN exchange USING (row) "
        "WHERE row > ? AND bodies IS NOT NULL AND NOT pinned ORDER BY row LIMIT ?"
    )
    found: Any = [row for (row,) in db.execute(sql, (last, _ROWS_AT_ONCE)).fetchall()]
    for row in found:
        db.execute("UPDATE content SET bodies = NULL WHERE row = ?", (row,))
        read = finder.read(db, row, packer)
        assert read is not None
        db.execute("UPDATE exchange SET flags = ? WHERE row = ?", (flags(read[0]), row))
        db.execute("DELETE FROM word WHERE rowid = ?", (row,))
        db.execute("INSERT INTO word (rowid, text) VALUES (?, ?)", (row, indexed_text(read[0])))
    return found[-1] if found else None
