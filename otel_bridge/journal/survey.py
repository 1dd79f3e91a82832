"""What a sealed segment holds, when it is taken in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from otel_bridge.journal import database
from otel_bridge.journal.segment import Segment, SegmentReader, connect, record_of, tolerate

_NEWEST = "SELECT total, seq, signal, received_ns, checksum, body FROM record ORDER BY seq DESC LIMIT 1"
_ONE = "SELECT total, seq, signal, received_ns, checksum, body FROM record WHERE seq = ?"
_NEXT = "SELECT seq FROM record WHERE seq > ? ORDER BY seq LIMIT 1"
_PREVIOUS = "SELECT seq FROM record WHERE seq < ? ORDER BY seq DESC LIMIT 1"
_HIGHEST = 2**63 - 1


def survey(path: Path, first: int) -> tuple[Segment, int]:
    """What the sealed segment at *path* holds up to its last good record, and how many bad ones follow.

    Raises sqlite3.Error where nothing can be read.
    """
    with closing(connect(path, sealed=True)) as db:
        last, total, bad = _end(db, first)
    with closing(SegmentReader(path, sealed=True)) as reader:
        oldest_ns = reader.received_after(first - 1)
    return Segment(path, first, last, total, oldest_ns, database.size_on_disk(path)), bad


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
        if record_of(newest[1:]) is not None:
            return newest[1], newest[0], 0
        seqs = _seqs(db, first)
    for bad, seq in enumerate(reversed(seqs)):
        row = _try(db, _ONE, seq)
        if row is not None and record_of(row[1:]) is not None:
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
        tolerate(error)
        return None
    return row
