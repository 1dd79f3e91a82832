"""Decides which file a record goes to, and whether there is room for it.

            first record                     full, damaged or failing
(no file) ───────────────▶ being written ──────────────────────────────▶ sealed; removed if empty
    ▲                                                                       │
    └───────────────────────────────────────────────────────────────────────┘
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from otel_bridge.journal import database, sqlite_errors
from otel_bridge.journal.bounds import Bounds, cost
from otel_bridge.journal.errors import JournalError, JournalFull
from otel_bridge.journal.lock import DirectoryLock
from otel_bridge.journal.segment import PAGE_SIZE
from otel_bridge.journal.segment_writer import Entry, SegmentWriter
from otel_bridge.journal.segments import Segments

log = structlog.get_logger(__name__)

# Measured: smaller steps sync too often, larger ones have left the cache before they are copied.
_CHECKPOINT_BYTES = 8 * 1024 * 1024
# Room is made a segment at a time, so a small journal needs small ones.
_SEGMENTS_AT_LEAST = 8


class Appender:
    """Belongs to one thread; the only one that adds to the segments, seals and trims them."""

    def __init__(
        self,
        segments: Segments,
        *,
        lock: DirectoryLock,
        bounds: Bounds,
        segment_size: int,
        next_seq: int,
        settled: Callable[[], int | None],
    ) -> None:
        """*settled*: the seq up to which every pipeline is done; None: there is no pipeline."""
        self._segments = segments
        self._lock = lock
        self._bounds = bounds
        self._settled = settled
        self.segment_size = max(min(segment_size, bounds.max_size // _SEGMENTS_AT_LEAST), PAGE_SIZE)
        self.next_seq = next_seq
        """Of the record to come; all before it are committed."""
        self._writer: SegmentWriter | None = None
        self.fault = ""
        """Why nothing can be written, for another reason than being full; "" when all is well."""

    def append(self, entries: Sequence[Entry]) -> list[int | JournalError]:
        """Commit those *entries* that fit into the bounds; for each its seq, or why it was refused."""
        try:
            fits, refusal = self._fitting(entries)
            if not all(fits):
                self.make_room()
                fits, refusal = self._fitting(entries)
            seqs = iter(self._commit([entry for entry, fit in zip(entries, fits, strict=True) if fit]))
        except JournalError as error:
            return [error] * len(entries)
        return [next(seqs) if fit else refusal for fit in fits]

    def tidy(self) -> None:
        """Seal or checkpoint where it is due: after the senders have their answers."""
        if self._writer is None:
            return
        if self._writer.segment.bytes >= self.segment_size:
            self._seal()
            return
        try:
            self._writer.checkpoint_if_due()
        except sqlite3.Error as error:
            # Nothing is lost: the records are in the WAL, which grows to a segment's size at most.
            log.warning("journal checkpoint failed", file=str(self._writer.segment.path), reason=str(error))

    def trim(self) -> None:
        """Unlink what every pipeline has settled, except the newest segment."""
        settled = self._settled()
        if settled is not None:
            self._segments.trim(settled)

    def make_room(self) -> None:
        """As `trim`, with the newest segment as well if it is settled, by making another the newest."""
        settled = self._settled()
        newest = self._segments.newest
        if settled is not None and newest and newest.first <= newest.last <= settled:
            # It is about to go: bringing its WAL into the database would only take more room.
            self._seal(checkpoint=False)
            try:
                self._open()
            except JournalError as error:
                if isinstance(error, JournalFull):
                    # Every cursor is past it, so seqs go on growing from there even after a crash.
                    self._segments.remove(newest)
        self.trim()

    def probe(self) -> None:
        """Find out whether a fault is over without waiting for a record to try it with."""
        with contextlib.suppress(JournalError):
            self._fitting(())
            self._open()
            self._set_fault("")

    def seal(self) -> None:
        """Have the next record begin a new segment."""
        self._seal()

    def close(self) -> None:
        self._seal()

    def _fitting(self, entries: Sequence[Entry]) -> tuple[list[bool], JournalFull]:
        """Which entries there is room for, and what to tell the others. Raises JournalError."""
        try:
            writing = self._writer.bytes_on_disk() if self._writer else 0
            room, reason = self._bounds.room(writing + sum(held.size or 0 for held in self._segments.held))
        except (sqlite3.Error, OSError) as error:
            self._seal(checkpoint=False)
            raise self._refusal(error, self._segments.directory) from error
        fits = []
        for entry in entries:
            needed = cost(entry.body)
            fits.append(needed <= room)
            room -= needed if needed <= room else 0
        return fits, JournalFull(reason)

    def _commit(self, entries: Sequence[Entry]) -> range:
        """Write *entries* in one transaction and return their seqs. Raises JournalError."""
        if not entries:
            return range(0)
        writer = self._open()
        try:
            segment = writer.insert(entries)
        except sqlite3.Error as error:
            # Whatever it was, this file's state is uncertain now: the next records get a new one.
            self._seal(checkpoint=False)
            raise self._refusal(error, writer.segment.path) from error
        self._segments.replace(segment)
        self.next_seq = segment.last + 1
        self._set_fault("")
        return range(self.next_seq - len(entries), self.next_seq)

    def _open(self) -> SegmentWriter:
        """The segment to write to, made now if there is none. Raises JournalError."""
        if self._writer is None:
            try:
                self._lock.check()
                segment = self._segments.add(self.next_seq)
            except (sqlite3.Error, OSError, JournalError) as error:
                raise self._refusal(error, self._segments.directory) from error
            step = min(_CHECKPOINT_BYTES, self.segment_size // 4)
            try:
                self._writer = SegmentWriter(segment, checkpoint_bytes=step)
            except sqlite3.Error as error:
                self._segments.remove(segment)
                raise self._refusal(error, segment.path) from error
        return self._writer

    def _seal(self, *, checkpoint: bool = True) -> None:
        if self._writer is None:
            return
        writer, self._writer = self._writer, None
        segment = writer.segment
        try:
            writer.close(checkpoint=checkpoint)
        except sqlite3.Error as error:
            log.warning("journal checkpoint failed", file=str(segment.path), reason=str(error))
        if segment.last < segment.first:
            self._segments.remove(segment)
        else:
            self._segments.replace(segment._replace(size=database.size_on_disk(segment.path)))

    def _refusal(self, error: sqlite3.Error | OSError | JournalError, path: Path) -> JournalError:
        refusal = error if isinstance(error, JournalError) else sqlite_errors.refusal(error, path)
        self._set_fault("" if isinstance(refusal, JournalFull) else str(refusal))
        return refusal

    def _set_fault(self, fault: str) -> None:
        if fault and not self.fault:
            log.error("journal is unwritable", reason=fault)
        elif self.fault and not fault:
            log.info("journal is writable again")
        self.fault = fault
