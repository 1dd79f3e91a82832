"""What delivery carries: encoded exchanges, each with what it has to be settled as."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from typing import NamedTuple


class Entry(NamedTuple):
    data: bytes
    """One exchange as its destination wants it."""
    origin: Hashable
    """Opaque here; it comes back when the entry is delivered or dead-lettered."""


class Batch(NamedTuple):
    api: Hashable
    """Batches of one API are sent in the order they were submitted in."""
    entries: Sequence[Entry]


def portions(entries: Sequence[Entry], max_bytes: int) -> Iterator[Sequence[Entry]]:
    """Cut *entries* so that no part holds more than *max_bytes*, separators included.

    A single larger entry is a part of its own.
    """
    start = size = 0
    for index, entry in enumerate(entries):
        more = len(entry.data) + 1
        if size + more > max_bytes and index > start:
            yield entries[start:index]
            start, size = index, 0
        size += more
    if start < len(entries):
        yield entries[start:]
