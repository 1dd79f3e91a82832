"""All files of the journal: found at start, added, sealed, trimmed, set aside when damaged.

    journal-00000000000000000001.db   settled by every pipeline ──▶ unlinked, except the newest
    journal-00000000000000002311.db   sealed: its WAL is empty or gone
    journal-00000000000000004702.db   being written, with its -wal and -shm
    journal-….db.quarantined          damaged: kept for whoever wants to look, never read again

A file is written only by the process that made it: each start begins a new one with its first record.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import structlog

from otel_bridge import database_files
from otel_bridge.journal import database, segment, state
from otel_bridge.journal.errors import JournalError
from otel_bridge.journal.readers import Readers
from otel_bridge.journal.segment import Segment
from otel_bridge.journal.sqlite_errors import is_damage, is_unreadable, refusal
from otel_bridge.journal.survey import survey

log = structlog.get_logger(__name__)


class Segments:
    """The segments in order. `held` is replaced, never changed, so it may be read from any thread."""

    def __init__(self, directory: Path) -> None:
        """Take stock of *directory*. Raises JournalTooNew, or JournalError where a file can't be read."""
        self.directory = directory
        self.readers = Readers()
        self.held: tuple[Segment, ...] = ()
        self.bad_records = 0
        """Found at the end of files when they were taken in, or gone with a file."""
        self._lock = threading.Lock()
        paths = sorted(directory.glob("journal-*.db"))
        damaged = {path: reason for path in paths if (reason := _fault(path))}
        for path in paths:
            if path in damaged:
                self._set_aside(path, damaged[path])
            else:
                self._take_in(path)
        self._check_order()

    @property
    def newest(self) -> Segment | None:
        return self.held[-1] if self.held else None

    @property
    def highest(self) -> int:
        """No seq above this one was ever given to a record that lies or lay here."""
        last = self.held[-1].last if self.held else 0
        for path in self.directory.glob(f"journal-*.db{database.QUARANTINED}"):
            # How many records it holds can't be known; each took more than one byte.
            last = max(last, segment.first_of(path) + database.size_on_disk(path))
        return last

    @property
    def quarantined(self) -> int:
        """Files that were set aside and are still there, the state file's among them."""
        return len(database_files.aside(self.directory, database.QUARANTINED))

    def holding(self, after: int) -> Segment | None:
        """The first segment with a record behind *after*."""
        return next((held for held in self.held if held.last > after), None)

    def bytes_on_disk(self) -> int:
        """Bytes of all segments and their WALs."""
        return sum(database.size_on_disk(held.path) if held.size is None else held.size for held in self.held)

    def add(self, first: int) -> Segment:
        """Make the segment that begins with *first*. Raises sqlite3.Error or OSError."""
        path = self.directory / segment.name(first)
        segment.create(path)
        added = Segment(path, first, first - 1, 0, None, None)
        with self._lock:
            self.held = (*self.held, added)
        return added

    def replace(self, known: Segment) -> None:
        """Put *known* in the place of what was known of the same file."""
        with self._lock:
            self.held = tuple(known if held.path == known.path else held for held in self.held)

    def remove(self, segment: Segment) -> None:
        """Unlink a file."""
        if not self._drop(segment):
            return
        try:
            database_files.remove(segment.path)
        except OSError as error:
            log.warning("journal segment can't be removed", file=str(segment.path), reason=str(error))

    def trim(self, settled: int) -> None:
        """Unlink what lies entirely up to *settled*, except the newest segment."""
        for held in self.held[:-1]:
            if held.last <= settled:
                self.remove(held)

    def quarantine(self, segment: Segment) -> None:
        """Set a sealed segment aside that turned out to be unreadable."""
        if self._drop(segment):
            self._set_aside(segment.path, "none of its records can be read")

    def lose(self, segment: Segment) -> None:
        """Go on without a segment that somebody has removed."""
        if self._drop(segment):
            records = segment.last - segment.first + 1
            self.bad_records += records
            log.error("journal segment is gone", file=str(segment.path), records=records)

    def _drop(self, segment: Segment) -> bool:
        with self._lock:
            kept = tuple(held for held in self.held if held.path != segment.path)
            was_held = len(kept) < len(self.held)
            self.held = kept
        self.readers.forget(segment.path)
        return was_held

    def _take_in(self, path: Path) -> None:
        _settle_wal(path)
        try:
            if database.migrate(path, segment.FORMAT):
                log.info("journal segment was brought up to this version", file=str(path))
            found, bad = survey(path, segment.first_of(path))
        except sqlite3.Error as error:
            # What can't be read at start can't be waited for either; it is only renamed.
            if not is_damage(error) and not is_unreadable(error):
                raise refusal(error, path) from error
            self._set_aside(path, str(error))
            return
        if found.last >= found.first:
            self.bad_records += bad
            self.held = (*self.held, found)
        elif bad:
            self._set_aside(path, "none of its records is intact")
        else:
            database_files.remove(path)

    def _check_order(self) -> None:
        for left, right in itertools.pairwise(self.held):
            if left.last >= right.first:
                # A commit that failed to sync, and was refused, can turn up in the WAL after all.
                self.replace(left._replace(last=right.first - 1))
            elif left.last + 1 < right.first:
                log.error("journal records are missing", after=left.last, before=right.first)

    def _set_aside(self, path: Path, reason: str) -> None:
        try:
            database_files.set_aside(path, database.QUARANTINED)
        except OSError as error:
            reason = f"{reason}; and it can't be renamed: {error.strerror}"
        log.error("journal segment quarantined", file=str(path), reason=reason)


def refuse_newer(directory: Path) -> None:
    """Raise JournalTooNew if any file in *directory* is of a newer version."""
    for path in [*directory.glob("journal-*.db"), directory / state.FILE]:
        with contextlib.suppress(database.DamagedError, OSError):
            database.identify(path, state.FORMAT if path.name == state.FILE else segment.FORMAT)


def _fault(path: Path) -> str:
    try:
        database.identify(path, segment.FORMAT)
    except PermissionError as error:
        raise JournalError(f"can't read {path}: {error.strerror}") from error
    except (database.DamagedError, OSError) as error:
        return str(error)
    return ""


def _settle_wal(path: Path) -> None:
    """Bring what a crash left in the WAL into the database."""
    # Where that fails (a full disk, damage) the records are read through the WAL, or not at all.
    with contextlib.suppress(sqlite3.Error), closing(database.connect(path)) as db:
        db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
