"""What delivery carries: encoded exchanges, each with what it has to be settled as."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Sequence
from typing import NamedTuple

# What an entry takes in memory beside its data, and an API that has any (both measured). Small exchanges
# take more by these than by what is in them, and there may be as many APIs as exchanges.
ENTRY_MEMORY = 350
API_MEMORY = 1000


class Entry(NamedTuple):
    data: bytes
    """One exchange as its destination wants it."""
    origin: Hashable
    """Opaque here; it comes back when the entry is delivered or dead-lettered."""


class Batch(NamedTuple):
    api: Hashable
    """Entries of one API are sent in the order they were submitted in."""
    entries: Sequence[Entry]


def size(entries: Sequence[Entry]) -> int:
    """Bytes that *entries* take in a payload, separators included."""
    return sum(len(entry.data) for entry in entries) + len(entries)


def cut(waiting: deque[Entry], *, max_entries: int, max_bytes: int) -> list[Entry]:
    """Take the next payload off *waiting*: at most so many entries, and bytes with their separators.

    An entry that is larger alone is a payload of its own.
    """
    taken = [waiting.popleft()]
    room = max_bytes - len(taken[0].data) - 1
    while waiting and len(taken) < max_entries and (room := room - len(waiting[0].data) - 1) >= 0:
        taken.append(waiting.popleft())
    return taken
