"""The bodies accepted lately, for senders that send the same bytes again.

Kong repeats a request it had no timely answer to, byte for byte, up to 82 s later. The memory holds
commits, not bodies: a repetition waits for the commit of the first one, or learns that it is done.
"""

from __future__ import annotations

import hashlib
from asyncio import Future
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

Key = bytes


class _Entry(NamedTuple):
    since: float
    commit: Future[None]


class RecentBodies:
    """Belongs to one event loop; *clock* counts seconds."""

    def __init__(
        self, *, clock: Callable[[], float], max_age: float = 120.0, max_entries: int = 65_536
    ) -> None:
        self._clock = clock
        self._max_age = max_age
        self._max_entries = max_entries
        self._entries: OrderedDict[Key, _Entry] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    @staticmethod
    def key(body: bytes) -> Key:
        # SHA-256 is in the hardware of current processors, where it takes half of BLAKE2's time.
        return hashlib.sha256(body, usedforsecurity=False).digest()

    def find(self, key: Key) -> Future[None] | None:
        """The commit of an equal body, finished or not; None if there was none within *max_age*."""
        self._forget_old()
        entry = self._entries.get(key)
        return entry.commit if entry else None

    def remember(self, key: Key, commit: Future[None]) -> None:
        """Keep *commit* until it is too old, or fails: a failed body may be tried again."""
        self._entries[key] = _Entry(self._clock(), commit)
        if len(self._entries) > self._max_entries:
            self._entries.popitem(last=False)
        commit.add_done_callback(lambda done: self._settle(key, done))

    def _settle(self, key: Key, commit: Future[None]) -> None:
        # Asking for the exception also keeps asyncio quiet about one whose every waiter has gone.
        failed = commit.cancelled() or commit.exception() is not None
        if failed and key in self._entries and self._entries[key].commit is commit:
            del self._entries[key]

    def _forget_old(self) -> None:
        oldest_allowed = self._clock() - self._max_age
        while self._entries:
            key, entry = next(iter(self._entries.items()))
            if entry.since >= oldest_allowed:
                return
            del self._entries[key]
