"""The journal: an append-only log on disk, with a cursor for each pipeline that follows it.

Laws:
- A future of `append` resolves after the record is synced to disk; what it failed for was not kept.
- Seqs only grow, also across restarts; after a loss, new records are still behind every cursor.
- A cursor never moves back but by `register`; what lies up to every pipeline's cursor is unlinked, a
  segment at a time. Cursors are on disk a moment later than in memory: at least once, never fewer.
- What is damaged is lost alone: a record, else its file; reading goes on with what is behind it.

Callers may be any threads; one thread of the journal's own does all the writing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path
from typing import Self

import structlog

from otel_bridge.database_files import free_bytes
from otel_bridge.journal import backlog, sealing
from otel_bridge.journal.appender import Appender
from otel_bridge.journal.backlog import Backlog, Surplus
from otel_bridge.journal.bounds import Bounds
from otel_bridge.journal.cursors import CursorFile
from otel_bridge.journal.errors import JournalError
from otel_bridge.journal.lock import DirectoryLock
from otel_bridge.journal.reading import Reading
from otel_bridge.journal.record import Cursor, Record, Signal
from otel_bridge.journal.segment_writer import Entry
from otel_bridge.journal.segments import Segments, refuse_newer
from otel_bridge.journal.stats import JournalStats
from otel_bridge.journal.writer import Writer

log = structlog.get_logger(__name__)

SEGMENT_SIZE = 64 * 1024 * 1024


class Journal:
    """Owner of a directory; make it with `open`, end it with `close`."""

    def __init__(
        self,
        lock: DirectoryLock,
        segments: Segments,
        cursors: CursorFile,
        *,
        bounds: Bounds,
        segment_size: int,
        clock: Callable[[], int],
    ) -> None:
        self._lock = lock
        self._segments = segments
        self._cursor_file = cursors
        self._bounds = bounds
        self._clock = clock
        self._cursors = dict(cursors.found)
        self._guard = threading.Lock()
        self._file_guard = threading.Lock()
        self._listeners: tuple[Callable[[], None], ...] = ()
        self._reading = Reading(segments, lock)
        self._appender = Appender(
            segments,
            lock=lock,
            bounds=bounds,
            segment_size=segment_size,
            next_seq=1 + max(segments.highest, *cursors.found.values(), 0),
            settled=self._settled,
        )
        self._writer = Writer(self._appender, chores=self._do_chores, committed=self._announce)

    @classmethod
    def open(
        cls,
        directory: Path,
        *,
        max_size: int,
        min_free: int,
        clock: Callable[[], int] = time.time_ns,
        segment_size: int = SEGMENT_SIZE,
        free: Callable[[Path], int] = free_bytes,
    ) -> Self:
        """Lock *directory*, making it where it is missing, and take up what is in it.

        Sizes are bytes; *clock* gives Unix time in nanoseconds, *free* what is left of a directory's
        file system. Raises JournalLocked, JournalTooNew with nothing changed, JournalUnwritable, or
        JournalError where the files can't be read.
        """
        bounds = Bounds(directory=directory, max_size=max_size, min_free=min_free, free=free)
        lock = DirectoryLock(directory)
        try:
            refuse_newer(directory)
            new = next(directory.glob("journal-*.db"), None) is None
            cursors = CursorFile(directory, lock, new=new)
            segments = Segments(directory)
        except BaseException:
            lock.release()
            raise
        return cls(lock, segments, cursors, bounds=bounds, segment_size=segment_size, clock=clock)

    def close(self) -> None:
        """Commit what was appended, keep the cursors, and let go of the directory."""
        self._writer.close()
        self._segments.readers.close()
        self._cursor_file.close()
        self._lock.release()

    def append(self, signal: Signal, body: bytes) -> Future[int]:
        """Keep *body*; the future resolves to its seq once that is on disk.

        It fails with JournalFull at a bound, over when pipelines have settled enough or the disk has
        room again, or with JournalUnwritable. Trying anew is the caller's business in both cases.
        """
        return self._writer.append(Entry(signal, self._clock(), body))

    def start(self) -> Cursor:
        """Before the oldest record held."""
        held = self._segments.held
        return Cursor(held[0].first - 1) if held else self.end()

    def end(self) -> Cursor:
        """Behind the newest record committed."""
        return Cursor(self._appender.next_seq - 1)

    def read(self, cursor: Cursor, *, limit_bytes: int, upto: Cursor | None = None) -> list[Record]:
        """The next records after *cursor*, at most up to *upto*; [] when there are none.

        At least one, and no more than *limit_bytes* of bodies unless the first alone is longer; fewer
        than fit say nothing about what follows. Damaged records are passed over, so [] may come before
        *upto* is reached. Raises JournalError.
        """
        return self._reading.read(cursor, self.end() if upto is None else min(upto, self.end()), limit_bytes)

    def get(self, seq: int) -> Record | None:
        """One record; None where it is settled by all and gone, damaged, or never was."""
        records = self.read(Cursor(seq - 1), limit_bytes=0, upto=Cursor(seq))
        return records[0] if records else None

    def cursors(self) -> dict[str, Cursor]:
        """Each registered pipeline's place."""
        with self._guard:
            return dict(self._cursors)

    def register(self, pipeline: str, cursor: Cursor) -> None:
        """From now on *pipeline* keeps what is after *cursor*; the one way to set a cursor back.

        On disk when this returns. Raises JournalFull or JournalUnwritable.
        """
        with self._file_guard:
            self._cursor_file.save({**self.cursors(), pipeline: cursor}, settled=False)
            with self._guard:
                self._cursors[pipeline] = cursor

    def forget(self, pipeline: str) -> None:
        """*pipeline* needs nothing any more. Raises JournalFull or JournalUnwritable."""
        with self._file_guard:
            kept = {name: cursor for name, cursor in self.cursors().items() if name != pipeline}
            self._cursor_file.save(kept, settled=False)
            with self._guard:
                self._cursors.pop(pipeline, None)
        self._writer.nudge()

    def commit(self, pipeline: str, cursor: Cursor) -> None:
        """The registered *pipeline* is done with all up to *cursor*. Cheap, and never moves back.

        It is on disk, and what no pipeline needs any more is unlinked, within a fraction of a second.
        """
        with self._guard:
            if cursor <= self._cursors[pipeline]:
                return
            self._cursors[pipeline] = cursor
        self._writer.nudge()

    def backlog(self, pipeline: str) -> Backlog:
        """What the registered *pipeline* has not settled. Raises JournalError."""
        return backlog.behind(self.cursors()[pipeline], self._segments)

    def cursor_leaving(self, cursor: Cursor, max_bytes: int) -> Surplus:
        """What a pipeline at *cursor* has to give up to have no more than *max_bytes* before it.

        Raises JournalError.
        """
        return backlog.surplus(cursor, max_bytes, self._segments)

    def listen(self, callback: Callable[[], None]) -> None:
        """Call *callback* after each commit, in the journal's thread: it must be quick."""
        with self._guard:
            self._listeners = (*self._listeners, callback)

    def unlisten(self, callback: Callable[[], None]) -> None:
        with self._guard:
            self._listeners = tuple(known for known in self._listeners if known != callback)

    def heed(self) -> None:
        """Look whether another process asks for something (see `sealing.py`); to be called now and then."""
        if sealing.is_asked(self._segments.directory):
            self._writer.nudge()

    def stats(self) -> JournalStats:
        """Cheap enough for every scrape."""
        segments = self._segments
        held = segments.held
        return JournalStats(
            bytes_on_disk=segments.bytes_on_disk(),
            max_size=self._bounds.max_size,
            segments=len(held),
            records=sum(segment.last - segment.first + 1 for segment in held),
            oldest_ns=next((segment.oldest_ns for segment in held), None),
            bad_records=segments.bad_records + self._reading.bad_records,
            quarantined=segments.quarantined,
            commits=self._writer.commits,
            fault=self._appender.fault,
            cursors_lost=self._cursor_file.lost,
        )

    def _settled(self) -> int | None:
        with self._guard:
            return min(self._cursors.values(), default=None)

    def _do_chores(self) -> None:
        self._keep_cursors()
        self._appender.trim()
        self._seal_if_asked()

    def _keep_cursors(self) -> None:
        with self._file_guard:
            try:
                self._cursor_file.save(self.cursors())
            except JournalError as error:
                # The next commit of a cursor tries again; until then a crash repeats a little more.
                log.warning("cursors could not be kept", reason=str(error))

    def _seal_if_asked(self) -> None:
        directory = self._segments.directory
        if sealing.is_asked(directory):
            self._appender.seal()
            sealing.answer(directory)

    def _announce(self) -> None:
        for callback in self._listeners:
            try:
                callback()
            except Exception:
                # The thread's edge: one listener's defect must not stop the journal.
                log.exception("journal listener failed")
