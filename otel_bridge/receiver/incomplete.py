"""The gRPC calls whose message has not come in full: how many there may be, and which one has to go.

Each holds memory that nobody else counts. An honest sender has one or a few for a moment; so at the
bound the connection that has most of them loses its oldest.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict


class IncompleteCalls:
    """Belongs to one event loop."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0
        # By peer, and in the order in which they began.
        self._calls: defaultdict[str, dict[asyncio.Timeout, None]] = defaultdict(dict)

    def __len__(self) -> int:
        return self._count

    def add(self, peer: str, patience: asyncio.Timeout) -> None:
        """A call of *peer*'s begins; *patience* is what ends it."""
        if self._count >= self._limit:
            self._shed()
        self._calls[peer][patience] = None
        self._count += 1

    def remove(self, peer: str, patience: asyncio.Timeout) -> None:
        """Its message is here, or it has ended."""
        if patience in self._calls.get(peer, ()):
            self._count -= 1
            del self._calls[peer][patience]
            if not self._calls[peer]:
                del self._calls[peer]

    def _shed(self) -> None:
        peer, calls = max(self._calls.items(), key=lambda item: len(item[1]))
        oldest = next(iter(calls))
        self.remove(peer, oldest)
        oldest.reschedule(0)
