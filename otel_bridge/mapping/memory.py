"""A memory for pure functions of bytes: what was read once is known the next time.

Bounded in entries and in the length of what it remembers, because what senders write may be of any
length and a cache must not become a place to fill. A full memory starts again from nothing: what is
frequent is back at once, and a hit needs no bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


class Memory(dict[bytes, Found]):
    """`memory[key]` is what *read* makes of *key*; safe to share between threads."""

    def __init__(self, read: Callable[[bytes], Found], *, entries: int, longest: int) -> None:
        self._read = read
        self._entries = entries
        self._longest = longest

    def __missing__(self, key: bytes) -> Found:
        found = self._read(key)
        if len(key) <= self._longest:
            if len(self) >= self._entries:
                self.clear()
            self[key] = found
        return found
