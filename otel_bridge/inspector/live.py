"""What has just been kept, for those who look on: live tail, alerts.

Publishing never waits. Who does not keep up is told how much they missed; what they were not told is in
the store.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query import Subject

MOST_EXCHANGES = 2_000
MOST_BYTES = 16 << 20

Wanted = Callable[[Subject], bool]
"""Whether who listens wants to hear of it."""


class News(NamedTuple):
    exchanges: Sequence[Exchange]
    """Oldest first."""
    missed: int
    """How many came before them and had to be left out."""


class Live:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()
        self._over = False

    @contextmanager
    def listen(
        self, wanted: Wanted | None, *, most: int = MOST_EXCHANGES, most_bytes: int = MOST_BYTES
    ) -> Iterator[Listener]:
        """Hear of what is *wanted* as long as the block lasts; None: of everything.

        Of what is not taken yet the newest *most* exchanges, or *most_bytes* of bodies, are held.
        """
        listener = Listener(wanted, most, most_bytes)
        self._listeners.add(listener)
        if self._over:
            listener.end()
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def publish(self, exchanges: Sequence[Exchange]) -> None:
        subjects: Sequence[Subject] | None = None
        for listener in self._listeners:
            if listener.wanted is None:
                listener.hear(exchanges)
                continue
            if subjects is None:
                subjects = [Subject(exchange) for exchange in exchanges]
            listener.hear([subject.exchange for subject in subjects if listener.wanted(subject)])

    def close(self) -> None:
        """Nothing comes any more: tell those who listen, now or later."""
        self._over = True
        for listener in self._listeners:
            listener.end()


class Listener:
    """One who looks on."""

    def __init__(self, wanted: Wanted | None, most: int, most_bytes: int) -> None:
        self.wanted = wanted
        self._most = most
        self._most_bytes = most_bytes
        self._held: deque[Exchange] = deque()
        self._bytes = 0
        self._missed = 0
        self._over = False
        self._news = asyncio.Event()

    def hear(self, exchanges: Sequence[Exchange]) -> None:
        self._held.extend(exchanges)
        self._bytes += sum(map(weight, exchanges))
        while self._held and (len(self._held) > self._most or self._bytes > self._most_bytes):
            self._bytes -= weight(self._held.popleft())
            self._missed += 1
        if self._held or self._missed:
            self._news.set()

    def end(self) -> None:
        self._over = True
        self._news.set()

    async def take(self) -> News | None:
        """All that came since the last time; waits until there is something. None: nothing comes any more."""
        await self._news.wait()
        if not self._held and not self._missed:
            return None
        if not self._over:
            self._news.clear()
        news = News(list(self._held), self._missed)
        self._held.clear()
        self._bytes = self._missed = 0
        return news


def weight(exchange: Exchange) -> int:
    """Bytes of both bodies."""
    return _weight(exchange.request) + _weight(exchange.response)


def _weight(side: Side) -> int:
    return 0 if side.body is None else len(side.body)
