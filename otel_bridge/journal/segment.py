"""One file of the journal: its table, and how records are read from it, whatever state it is in.

    record(seq, signal, received_ns, total, checksum, body)      body last: the other columns are read
                                                                 without touching its overflow pages
`total` is the sum of the lengths of all bodies of the segment up to and including this record's, so
that the bytes between two places are one subtraction.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from otel_bridge.journal import database, disk
from otel_bridge.journal.record import Record, Signal, checksum
from otel_bridge.journal.sqlite_errors import is_damage, is_unreadable

# Measured with records of 2 to 700 KB: the least CPU in all groups but single small records, 6% of
# slack at 32 KB (4 KiB pages cost 30% more CPU, 32 KiB pages 14% of slack).
PAGE_SIZE = 16 * 1024

FORMAT = database.Format(
    pragmas=f"PRAGMA page_size = {PAGE_SIZE}",
    schema="""
        CREATE TABLE record (
            seq INTEGER PRIMARY KEY,
            signal TEXT NOT NULL,
            received_ns INTEGER NOT NULL,
            total INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            body BLOB NOT NULL
        )
    """,
    journal_mode="WAL",
)
INSERT = "INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)"
_RANGE = "SELECT seq, signal, received_ns, checksum, body FROM record WHERE seq > ? AND seq <= ? ORDER BY seq"
_LENGTHS = "SELECT seq, length(body) FROM record WHERE seq > ? AND seq <= ? ORDER BY seq"
_NEWEST = "SELECT total, seq, signal, received_ns, checksum, body FROM record ORDER BY seq DESC LIMIT 1"
_ONE = "SELECT total, seq, signal, received_ns, checksum, body FROM record WHERE seq = ?"
_NEXT = "SELECT seq FROM record WHERE seq > ? ORDER BY seq LIMIT 1"
_PREVIOUS = "SELECT seq FROM record WHERE seq < ? ORDER BY seq DESC LIMIT 1"
_HIGHEST = 2**63 - 1
_SIGNALS = {signal.encode(): signal for signal in Signal}


class Segment(NamedTuple):
    """What is known of one file; the writer replaces it with each commit."""

    path: Path
    first: int
    """Seq of the first record it holds or will hold."""
    last: int
    """Seq of the last record; `first - 1` while there is none."""
    bytes: int
    """Sum of the lengths of its bodies."""
    oldest_ns: int | None
    """When the first record was received."""
    size: int | None
    """Bytes on disk; None while it is written to."""


class Fetch(NamedTuple):
    records: list[Record]
    bad: list[int]
    """Seqs up to `reached` that can't be read or don't fit their checksum."""
    reached: int
    """Everything up to this seq was looked at."""
    unreadable: bool = False
    """The disk failed to read some of the bad ones; it may succeed another time."""


class Place(NamedTuple):
    seq: int
    received_ns: int


def name(first: int) -> str:
    return f"journal-{first:020d}.db"


def create(path: Path) -> None:
    """Make an empty segment. Raises sqlite3.Error or OSError."""
    database.create(path, FORMAT)


def survey(path: Path, first: int) -> tuple[Segment, int]:
    """What the sealed segment at *path* holds up to its last good record, and how many bad ones follow.

    Raises sqlite3.Error where nothing can be read.
    """
    with closing(_connect(path, sealed=True)) as db:
        last, total, bad = _end(db, first)
    with closing(SegmentReader(path, sealed=True)) as reader:
        oldest_ns = reader.received_after(first - 1)
    return Segment(path, first, last, total, oldest_ns, database.size_on_disk(path)), bad


class SegmentReader:
    """A read-only view of one segment, of the one being written too; not thread-safe.

    No statement outlives a call: an open read transaction would keep the WAL from starting over.
    Methods raise sqlite3.Error only for what is neither damage nor a place that can't be read.
    """

    def __init__(self, path: Path, *, sealed: bool) -> None:
        self._path = path
        self._db = _connect(path, sealed=sealed)

    def close(self) -> None:
        self._db.close()

    def fetch(self, after: int, upto: int, limit_bytes: int) -> Fetch:
        """Records after *after* up to *upto*, no more than *limit_bytes* of them, but at least one."""
        try:
            reached = self._reach(after, upto, limit_bytes)
            rows = self._db.execute(_RANGE, (after, reached)).fetchall()
        except sqlite3.Error as error:
            _tolerate(error)
            found = self._salvage(after, upto, limit_bytes)
            # SQLite calls a page damaged that the disk fails to read.
            return found._replace(unreadable=bool(found.bad) and not disk.can_read(self._path))
        return _sort_out(rows, after, reached)

    def bytes_upto(self, seq: int) -> int:
        """Length of all bodies up to and including *seq*; 0 where damage hides it."""
        return self._number("SELECT total FROM record WHERE seq <= ? ORDER BY seq DESC LIMIT 1", seq) or 0

    def received_after(self, seq: int) -> int | None:
        """When the first record after *seq* was received."""
        return self._number("SELECT received_ns FROM record WHERE seq > ? ORDER BY seq LIMIT 1", seq)

    def reaching(self, total: int) -> Place | None:
        """The first record with which the bodies of the segment sum up to *total* bytes."""
        sql = "SELECT seq, received_ns FROM record WHERE total >= ? ORDER BY seq LIMIT 1"
        match self._row(sql, total):
            case (int(seq), int(received_ns)):
                return Place(seq, received_ns)
        return None

    def _reach(self, after: int, upto: int, limit_bytes: int) -> int:
        """The last seq that keeps a fetch within *limit_bytes*; looks at lengths alone."""
        room = limit_bytes
        reached = after
        with closing(self._db.execute(_LENGTHS, (after, upto))) as rows:
            for seq, length in rows:
                room -= length or 0
                if room < 0 and reached > after:
                    return reached
                reached = seq
        return upto

    def _salvage(self, after: int, upto: int, limit_bytes: int) -> Fetch:
        """Read a damaged segment one record at a time, so that each is lost for itself alone."""
        rows: list[tuple[object, ...]] = []
        size = 0
        for seq in range(after + 1, upto + 1):
            row = self._row(_RANGE, seq - 1, seq)
            if row is None:
                continue
            size += len(row[-1]) if isinstance(row[-1], bytes) else 0
            if size > limit_bytes and rows:
                return _sort_out(rows, after, seq - 1)
            rows.append(row)
        return _sort_out(rows, after, upto)

    def _number(self, sql: str, *parameters: int) -> int | None:
        row = self._row(sql, *parameters)
        return row[0] if row and isinstance(row[0], int) else None

    def _row(self, sql: str, *parameters: int) -> tuple[object, ...] | None:
        try:
            rows: list[tuple[object, ...]] = self._db.execute(sql, parameters).fetchall()
        except sqlite3.Error as error:
            _tolerate(error)
            return None
        return rows[0] if rows else None


def _connect(path: Path, *, sealed: bool) -> sqlite3.Connection:
    settled = sealed and database.size_on_disk(database.wal_of(path)) == 0
    db = database.connect(path, "ro&immutable=1" if settled else "ro")
    # A damaged text must not fail a whole fetch by not being UTF-8.
    db.text_factory = bytes
    return db


def _sort_out(rows: Iterable[tuple[object, ...]], after: int, reached: int) -> Fetch:
    records = [record for record in map(_record, rows) if record is not None]
    good = {record.seq for record in records}
    bad = [seq for seq in range(after + 1, reached + 1) if seq not in good]
    return Fetch(records, bad, reached)


def _record(row: tuple[object, ...]) -> Record | None:
    """*row* as a record, unless it isn't what was written; a flipped bit may change types as well."""
    match row:
        case (int(seq), bytes(text), int(received_ns), int(told), bytes(body)) if text in _SIGNALS:
            signal = _SIGNALS[text]
            if checksum(seq, signal, received_ns, body) == told:
                return Record(seq, signal, received_ns, body)
    return None


def _end(db: sqlite3.Connection, first: int) -> tuple[int, int, int]:
    """Seq and total of the last good record, and how many bad ones are behind it.

    A seq is believed only with its checksum: one flipped bit could make it astronomic. Raises sqlite3.Error
    where damage hides all of them.
    """
    try:
        newest = db.execute(_NEWEST).fetchone()
    except sqlite3.Error:
        if not (seqs := _seqs(db, first)):
            raise
    else:
        if newest is None:
            return first - 1, 0, 0
        if _record(newest[1:]) is not None:
            return newest[1], newest[0], 0
        seqs = _seqs(db, first)
    for bad, seq in enumerate(reversed(seqs)):
        row = _try(db, _ONE, seq)
        if row is not None and _record(row[1:]) is not None:
            return seq, row[0], bad
    return first - 1, 0, len(seqs)


def _seqs(db: sqlite3.Connection, first: int) -> list[int]:
    """Those before the first place that is damaged, and behind the last."""
    found: set[int] = set()
    for sql, at in ((_NEXT, first - 1), (_PREVIOUS, _HIGHEST)):
        place = at
        # One at a time: Python's cursors step ahead, and drop the row in hand where that fails.
        while (row := _try(db, sql, place)) is not None and row[0] not in found:
            place = row[0]
            found.add(place)
    return sorted(found)


def _try(db: sqlite3.Connection, sql: str, seq: int) -> tuple[Any, ...] | None:
    try:
        row: tuple[Any, ...] | None = db.execute(sql, (seq,)).fetchone()
    except sqlite3.Error as error:
        _tolerate(error)
        return None
    return row


def _tolerate(error: sqlite3.Error) -> None:
    """Raise *error* unless it costs only what was to be read."""
    if not is_damage(error) and not is_unreadable(error):
        raise error
