"""Connections for reading: opened where needed, kept for the next, one user at a time.

A file that was removed and made again is another file: connections belong to an inode.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from otel_bridge.inspector.store.interface import Stop, StoreError, never
from otel_bridge.inspector.store.sqlite import database

_MOST_IDLE = 200
# Instructions of SQLite's machine, some tenths of a millisecond.
_STOP_EVERY = 5000

_File = tuple[Path, int]


class Readers:
    """Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: OrderedDict[_File, list[apsw.Connection]] = OrderedDict()
        self._closed = False

    @contextmanager
    def use(self, path: Path, stop: Stop = never) -> Iterator[apsw.Connection]:
        """A connection to the existing file *path*; apsw.InterruptError comes out where *stop* says so.

        Raises StoreError, for what is done with it as well; FileNotFoundError.
        """
        file = (path, path.stat().st_ino)
        db = self._take(file)
        try:
            with database.translated(path):
                if stop is not never:
                    db.set_progress_handler(stop, _STOP_EVERY)
                yield db
                db.set_progress_handler(None)
        except apsw.InterruptError:
            db.set_progress_handler(None)
            self._give(file, db)
            raise
        except BaseException:
            db.close()
            raise
        self._give(file, db)

    def forget(self, path: Path) -> None:
        """Close what is idle: *path* is removed."""
        with self._lock:
            files = [file for file in self._idle if file[0] == path]
            connections = [db for file in files for db in self._idle.pop(file)]
        for db in connections:
            db.close()

    def close(self) -> None:
        with self._lock:
            self._closed = True
            connections = [db for idle in self._idle.values() for db in idle]
            self._idle.clear()
        for db in connections:
            db.close()

    def _take(self, file: _File) -> apsw.Connection:
        with self._lock:
            if self._closed:
                raise StoreError("the store is closed")
            idle = self._idle.get(file)
            if idle:
                db = idle.pop()
                if not idle:
                    del self._idle[file]
                return db
        return database.connect(file[0])

    def _give(self, file: _File, db: apsw.Connection) -> None:
        surplus: list[apsw.Connection] = []
        with self._lock:
            if self._closed:
                surplus = [db]
            else:
                self._idle.setdefault(file, []).append(db)
                self._idle.move_to_end(file)
                if len(self._idle) > _MOST_IDLE:
                    surplus = self._idle.popitem(last=False)[1]
        for each in surplus:
            each.close()
