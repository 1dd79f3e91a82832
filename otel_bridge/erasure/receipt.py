"""What an erasure took, and from where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Erased(NamedTuple):
    """What was in one place; with a dry run what is."""

    exchanges: int = 0
    files: int = 0
    """That held any: of the journal its segments, of the dead letters their number."""
    oldest_us: int | None = None
    """Start of the first of them, Unix microseconds."""
    newest_us: int | None = None


class Receipt(NamedTuple):
    dry_run: bool
    running: bool
    """A bridge runs on the journal: what it has in memory may still be delivered.

    Nobody looks for one in a dry run.
    """
    journal: Erased
    undelivered: Mapping[str, int]
    """By pipeline: exchanges in the journal, at most, that it had not settled. It gets them no more."""
    dead_letters: Erased
    inspector: Erased
    pinned: int
    """How many of the inspector's were pinned."""
    unread: Sequence[str]
    """Files, by their paths, that are damaged: whether there is anything in them can't be told."""

    @property
    def exchanges(self) -> int:
        """In all places together: one that is in two of them counts twice."""
        return self.journal.exchanges + self.dead_letters.exchanges + self.inspector.exchanges


NOTHING = Erased()


def added(total: Erased, started_us: Sequence[int]) -> Erased:
    """*total* and one more file, with exchanges that began at *started_us*."""
    if not started_us:
        return total
    oldest, newest = min(started_us), max(started_us)
    return Erased(
        exchanges=total.exchanges + len(started_us),
        files=total.files + 1,
        oldest_us=oldest if total.oldest_us is None else min(oldest, total.oldest_us),
        newest_us=newest if total.newest_us is None else max(newest, total.newest_us),
    )
