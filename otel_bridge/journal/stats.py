"""What is told about the journal."""

from __future__ import annotations

from typing import NamedTuple


class JournalStats(NamedTuple):
    bytes_on_disk: int
    max_size: int
    segments: int
    records: int
    """Held at the moment, settled or not."""
    oldest_ns: int | None
    """When the oldest of them was received."""
    bad_records: int
    """Skipped since start for being damaged."""
    quarantined: int
    """Damaged files that were set aside, in this run or before, and are still there."""
    commits: int
    """Transactions since start; each is one sync."""
    fault: str
    """Why nothing can be written, for another reason than being full; "" when all is well."""
    cursors_lost: bool
    """Cursors were damaged at start: what they would have kept may be unsettled."""
