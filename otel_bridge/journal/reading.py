"""Reading on, whatever became of the files: a damaged record is passed over, else its file.

A place that the disk can't read is waited for first, and counts as damaged only while the disk works
elsewhere: one that went away as a whole comes back with all that it has.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import structlog

from otel_bridge.journal import disk
from otel_bridge.journal.errors import JournalError
from otel_bridge.journal.lock import DirectoryLock
from otel_bridge.journal.record import Record
from otel_bridge.journal.segment import Fetch, Segment
from otel_bridge.journal.segments import Segments

log = structlog.get_logger(__name__)

# Pipelines come back after a second.
_TRIES = 5


class Reading:
    """Thread-safe: what it counts is only ever added to."""

    def __init__(self, segments: Segments, lock: DirectoryLock) -> None:
        self._segments = segments
        self._lock = lock
        self._failures: Counter[Path] = Counter()
        self._bad: set[int] = set()

    @property
    def bad_records(self) -> int:
        """Records passed over for being damaged."""
        return len(self._bad)

    def read(self, after: int, upto: int, limit_bytes: int) -> list[Record]:
        """The next records after *after* up to *upto*, as `Journal.read` promises. Raises JournalError."""
        while after < upto:
            held = self._segments.holding(after)
            if held is None or held.first > upto:
                break
            fetch = self._fetch(held, max(after, held.first - 1), min(held.last, upto), limit_bytes)
            if fetch.records:
                return fetch.records
            after = fetch.reached
        return []

    def _fetch(self, held: Segment, after: int, upto: int, limit_bytes: int) -> Fetch:
        try:
            with self._segments.readers.use(held) as reader:
                fetch = reader.fetch(after, upto, limit_bytes)
        except JournalError:
            if not self._is_gone(held):
                raise
            return Fetch([], [], held.last)
        if fetch.unreadable:
            self._doubt(held)
        if fetch.bad:
            self._pass_over(held, fetch.bad)
        return fetch

    def _is_gone(self, held: Segment) -> bool:
        """Whether the file was unlinked: by us, for being settled, or by somebody from our directory."""
        if all(known.path != held.path for known in self._segments.held):
            return True
        if held.path.exists():
            return False
        self._lock.check()
        self._segments.lose(held)
        return True

    def _doubt(self, held: Segment) -> None:
        """Raises JournalError unless reading has failed for good."""
        self._failures[held.path] += 1
        if self._failures[held.path] < _TRIES or disk.trouble(held.path.parent):
            raise JournalError(f"can't read {held.path}: the disk fails")

    def _pass_over(self, held: Segment, bad: list[int]) -> None:
        if held.size is not None and len(bad) == held.last - held.first + 1:
            self._segments.quarantine(held)
        elif new := set(bad) - self._bad:
            self._bad |= new
            log.error("journal records are damaged: skipped", file=str(held.path), records=len(new))
