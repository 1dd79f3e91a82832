"""A memory for pure functions of bytes and the like: what was read once is known the next time.

Bounded in entries and in the size of what it remembers, because what senders write may be of any
length and a cache must not become a place to fill. A full memory starts again from nothing: what is
frequent is back at once, and a hit needs no bookkeeping.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sized
from typing import Protocol, TypeVar


class _Key(Hashable, Sized, Protocol):
    pass


Key = TypeVar("Key", bound=_Key)
Found = TypeVar("Found")


class Memory(dict[Key, Found]):
    """`memory[key]` is what *read* makes of *key*; safe to share between threads."""

    def __init__(
        self,
        read: Callable[[Key], Found],
        *,
        entries: int,
        longest: int,
        size: Callable[[Key], int] = len,
    ) -> None:
        self._read = read
        self._entries = entries
        self._longest = longest
        self._size = size

    def __missing__(self, key: Key) -> Found:
        found = self._read(key)
        if self._size(key) <= self._longest:
            if len(self) >= self._entries:
                self.clear()
            self[key] = found
        return found
