"""Handing dead letters over, however long that takes.

One at a time: where the store has no room the others wait behind the first, and it alone asks again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Hashable, Sequence
from typing import Protocol

from otel_bridge.delivery.answer import Kind
from otel_bridge.delivery.backoff import Backoff
from otel_bridge.delivery.batch import Entry
from otel_bridge.delivery.hold import Hold
from otel_bridge.delivery.work import Setback

_UNWRITTEN = Setback(
    Kind.WRONG_DESTINATION, "dead letters can't be written: make room (dead_letters.max_size), or drop some"
)

log = logging.getLogger(__name__)


class Write(Protocol):
    def __call__(
        self, api: Hashable, entries: Sequence[Entry], reason: str, answer: str
    ) -> Awaitable[bool]: ...


class Burial:
    """*write* says whether it could; *held* is called when a hold begins or goes on.

    *name* is the exporter's, for logs.
    """

    def __init__(
        self,
        name: str,
        *,
        write: Write,
        held: Callable[[], None],
        backoff: Backoff,
        clock: Callable[[], float],
        jitter: Callable[[], float],
    ) -> None:
        self._name = name
        self._write = write
        self._held = held
        self._backoff = backoff
        self._clock = clock
        self._jitter = jitter
        self._turn = asyncio.Lock()
        self.hold: Hold | None = None
        """Since when nothing could be written; None while it can."""

    async def bury(self, api: Hashable, entries: Sequence[Entry], reason: str, answer: str) -> None:
        """Return when *entries* are written down as a dead letter."""
        async with self._turn:
            attempt = 0
            while not await self._written(api, entries, reason, answer):
                attempt += 1
                since = self.hold.since if self.hold else self._clock()
                self.hold = Hold(since, _UNWRITTEN, attempt)
                self._held()
                await asyncio.sleep(self._backoff.delay(attempt, jitter=self._jitter()))
            self.hold = None

    async def _written(self, api: Hashable, entries: Sequence[Entry], reason: str, answer: str) -> bool:
        try:
            return await self._write(api, entries, reason, answer)
        except Exception:
            # Refused by the destination and known to nobody else: not to be lost to somebody's bug.
            log.exception("%s: a dead letter could not be written", self._name)
            return False
