"""Open reading ends of segments, shared by all who read."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from otel_bridge.journal.errors import JournalError
from otel_bridge.journal.segment import Segment, SegmentReader

# Pipelines follow the head, or catch up from a few places further back.
_MOST_OPEN = 4


class Readers:
    """One call at a time: a fetch of 1 MiB takes half a millisecond."""

    def __init__(self) -> None:
        self._open: OrderedDict[Path, tuple[SegmentReader, int]] = OrderedDict()
        """With the inode of the file that is open."""
        self._lock = threading.Lock()
        self._closed = False

    @contextmanager
    def use(self, segment: Segment) -> Iterator[SegmentReader]:
        """The reader of *segment*, for this thread alone.

        Raises JournalError where reading fails for a reason other than damage; it may work later.
        """
        with self._lock:
            if self._closed:
                raise JournalError("the journal is closed")
            try:
                yield self._get(segment)
            except sqlite3.Error as error:
                self._drop(segment.path)
                raise JournalError(f"can't read {segment.path}: {error}") from error

    def forget(self, path: Path) -> None:
        """Close the reader of a file that is gone: until then it keeps its space on the disk."""
        with self._lock:
            self._drop(path)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            for path in list(self._open):
                self._drop(path)

    def _get(self, segment: Segment) -> SegmentReader:
        path = segment.path
        self._drop_if_replaced(path)
        if path not in self._open:
            # Before the file is opened: should it be another by then, the next call finds out.
            inode = _inode(path) or 0
            self._open[path] = SegmentReader(path, sealed=segment.size is not None), inode
            while len(self._open) > _MOST_OPEN:
                self._drop(next(iter(self._open)))
        self._open.move_to_end(path)
        return self._open[path][0]

    def _drop_if_replaced(self, path: Path) -> None:
        """Somebody may have put another file in the place of a sealed one: see `rewriting.py`."""
        if path in self._open and _inode(path) not in (None, self._open[path][1]):
            self._drop(path)

    def _drop(self, path: Path) -> None:
        if (found := self._open.pop(path, None)) is not None:
            found[0].close()


def _inode(path: Path) -> int | None:
    """None where there is no such file any more: what is open of it can still be read."""
    try:
        return path.stat().st_ino
    except OSError:
        return None
