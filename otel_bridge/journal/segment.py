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
from typing import NamedTuple

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


def first_of(path: Path) -> int:
    """The seq that the file's name says it begins with."""
    digits = path.name.removeprefix("journal-").split(".")[0]
    return int(digits) if digits.isdecimal() else 0


def create(path: Path) -> None:
    """Make an empty segment. Raises sqlite3.Error or OSError."""
    database.create(path, FORMAT)


class SegmentReader:
    """A read-only view of one segment, of the one being written too; not thread-safe.

    No statement outlives a call: an open read transaction would keep the WAL from starting over.
    Methods raise sqlite3.Error only for what is neither damage nor a place that can't be read.
    """

    def __init__(self, path: Path, *, sealed: bool) -> None:
        self._path = path
        self._db = connect(path, sealed=sealed)

    def close(self) -> None:
        self._db.close()

    def fetch(self, after: int, upto: int, limit_bytes: int) -> Fetch:
        """Records after *after* up to *upto*, no more than *limit_bytes* of them, but at least one."""
        try:
            reached = self._reach(after, upto, limit_bytes)
            rows = self._db.execute(_RANGE, (after, reached)).fetchall()
        except sqlite3.Error as error:
            tolerate(error)
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
            tolerate(error)
            return None
        return rows[0] if rows else None


def connect(path: Path, *, sealed: bool) -> sqlite3.Connection:
    """Open a segment for reading; a *sealed* one is not written to by anybody. Raises sqlite3.Error."""
    settled = sealed and database.size_on_disk(database.wal_of(path)) == 0
    db = database.connect(path, "ro&immutable=1" if settled else "ro")
    # A damaged text must not fail a whole fetch by not being UTF-8.
    db.text_factory = bytes
    return db


def record_of(row: tuple[object, ...]) -> Record | None:
    """*row* as a record, unless it isn't what was written; a flipped bit may change types as well."""
    match row:
        case (int(seq), bytes(text), int(received_ns), int(told), bytes(body)) if text in _SIGNALS:
            signal = _SIGNALS[text]
            if checksum(seq, signal, received_ns, body) == told:
                return Record(seq, signal, received_ns, body)
    return None


def tolerate(error: sqlite3.Error) -> None:
    """Raise *error* unless it costs only what was to be read."""
    if not is_damage(error) and not is_unreadable(error):
        raise error


def _sort_out(rows: Iterable[tuple[object, ...]], after: int, reached: int) -> Fetch:
    records = [record for record in map(record_of, rows) if record is not None]
    good = {record.seq for record in records}
    bad = [seq for seq in range(after + 1, reached + 1) if seq not in good]
    return Fetch(records, bad, reached)
