"""The writing end of one segment.

Only this connection ever writes to or checkpoints the file. That keeps clear of the race between two
checkpointers that SQLite's WAL has in all versions before 3.51.3.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from otel_bridge.journal import database
from otel_bridge.journal.record import Signal, checksum
from otel_bridge.journal.segment import INSERT, PAGE_SIZE, Segment

# How long a checkpoint waits for readers to leave; where they don't, the next one tries again.
_PATIENCE_MS = 100
_BUSY_MS = 5000


class Entry(NamedTuple):
    """A record before it has its seq."""

    signal: Signal
    received_ns: int
    body: bytes


class SegmentWriter:
    """Methods raise sqlite3.Error; after one of `insert` the writer is only good for closing."""

    def __init__(self, segment: Segment, *, checkpoint_bytes: int) -> None:
        """Write to *segment*, which is empty, and checkpoint it each *checkpoint_bytes*."""
        self.segment = segment
        """As it is after the last commit."""
        self._checkpoint_bytes = checkpoint_bytes
        self._since_checkpoint = 0
        self._wal = database.wal_of(segment.path)
        self._db = database.connect(segment.path)
        self._db.execute("PRAGMA wal_autocheckpoint = 0")
        self._db.execute(f"PRAGMA journal_size_limit = {2 * checkpoint_bytes}")

    def insert(self, entries: Sequence[Entry]) -> Segment:
        """Commit *entries* in one transaction, synced to disk when this returns."""
        now = self.segment
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(INSERT, _rows(entries, now.last, now.bytes))
        self._db.execute("COMMIT")
        size = sum(len(entry.body) for entry in entries)
        self._since_checkpoint += size
        oldest_ns = entries[0].received_ns if now.oldest_ns is None else now.oldest_ns
        self.segment = now._replace(last=now.last + len(entries), bytes=now.bytes + size, oldest_ns=oldest_ns)
        return self.segment

    def checkpoint_if_due(self) -> None:
        if self._since_checkpoint >= self._checkpoint_bytes:
            self._since_checkpoint = 0
            self._checkpoint("RESTART")

    def bytes_on_disk(self) -> int:
        """As many as it will take with all of the WAL in the database, and the WAL still there.

        Raises OSError where somebody removed the files under our feet.
        """
        pages: int = self._db.execute("PRAGMA page_count").fetchone()[0]
        return pages * PAGE_SIZE + self._wal.stat().st_size

    def close(self, *, checkpoint: bool) -> None:
        """Leave the file as readers find it best; not checkpointed is as safe, and keeps the WAL."""
        try:
            if checkpoint:
                self._checkpoint("TRUNCATE")
        finally:
            self._db.close()

    def _checkpoint(self, mode: str) -> None:
        self._db.execute(f"PRAGMA busy_timeout = {_PATIENCE_MS}")
        self._db.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        self._db.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")


def _rows(entries: Sequence[Entry], seq: int, total: int) -> Iterator[tuple[int, str, int, int, int, bytes]]:
    for signal, received_ns, body in entries:
        seq += 1
        total += len(body)
        yield seq, signal.value, received_ns, total, checksum(seq, signal, received_ns, body), body
