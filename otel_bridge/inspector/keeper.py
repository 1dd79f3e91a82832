"""The sink that keeps: into the store, and then to those who look on.

    keep ─▶ policy ─▶ queue ─▶ one thread: everything that waits goes into one commit ─▶ live

Posts that arrive while a commit runs share the next one, so that many small senders cost no more syncs of
the disk than one large one.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import NamedTuple

import structlog

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.live import Live, weight
from otel_bridge.inspector.policy import Policy
from otel_bridge.inspector.store.interface import Appended, StoreError
from otel_bridge.inspector.wire.sink import NotKeptError

MAX_WAITING = 64 << 20
# One commit takes no more than this, so that nobody waits for a very long one.
COMMIT_EXCHANGES = 2_000
COMMIT_BYTES = 16 << 20

_OVERHEAD = 2_048
_REMEMBERED = 20_000

Append = Callable[[Sequence[Exchange]], Appended]

log = structlog.get_logger(__name__)


class _Batch(NamedTuple):
    exchanges: Sequence[Exchange]
    size: int
    done: asyncio.Future[None]


class Keeper:
    """Belongs to the event loop it is made in; *append* is called in one other thread."""

    def __init__(self, append: Append, *, policy: Policy, live: Live, max_waiting: int = MAX_WAITING) -> None:
        """At most *max_waiting* bytes wait for their commit."""
        self._append = append
        self._policy = policy
        self._live = live
        self._max_waiting = max_waiting
        self._waiting = 0
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[_Batch | None] = queue.SimpleQueue()
        # A repeat changes nothing in the store, and is no news.
        self._told: OrderedDict[str, None] = OrderedDict()
        self._thread = threading.Thread(target=self._commit_all, name="inspector store")
        self._thread.start()

    async def keep(self, exchanges: Sequence[Exchange]) -> None:
        """Return when they are durable. Raises `NotKeptError`: no room, or too much at once."""
        wanted = self._policy.apply(exchanges)
        if not wanted:
            return
        size = sum(_OVERHEAD + weight(exchange) for exchange in wanted)
        if self._waiting and self._waiting + size > self._max_waiting:
            raise NotKeptError("the store can't keep up with what arrives")
        batch = _Batch(wanted, size, self._loop.create_future())
        self._waiting += size
        self._queue.put(batch)
        # Whoever posted may leave; what they posted is kept all the same.
        await asyncio.shield(batch.done)

    async def close(self) -> None:
        """Commit what waits, and end the thread."""
        self._queue.put(None)
        await asyncio.to_thread(self._thread.join)

    def _settle(self, batches: Sequence[_Batch], trouble: Exception | None) -> None:
        for batch in batches:
            self._waiting -= batch.size
            if trouble is None:
                batch.done.set_result(None)
                self._live.publish([exchange for exchange in batch.exchanges if self._is_news(exchange.id)])
            else:
                batch.done.set_exception(trouble)
                # Nobody may be there any more to see it.
                batch.done.exception()

    def _is_news(self, exchange_id: str) -> bool:
        if exchange_id in self._told:
            return False
        self._told[exchange_id] = None
        if len(self._told) > _REMEMBERED:
            self._told.popitem(last=False)
        return True

    # In the other thread.

    def _commit_all(self) -> None:
        while (batch := self._queue.get()) is not None:
            batches = [batch, *self._more(batch)]
            ended = batches[-1] is None
            self._commit([each for each in batches if each is not None])
            if ended:
                return

    def _more(self, first: _Batch) -> list[_Batch | None]:
        """What waits besides *first*, as far as it goes into the same commit; None is the end."""
        found: list[_Batch | None] = []
        count, size = len(first.exchanges), first.size
        while count < COMMIT_EXCHANGES and size < COMMIT_BYTES:
            try:
                batch = self._queue.get_nowait()
            except queue.Empty:
                break
            found.append(batch)
            if batch is None:
                break
            count, size = count + len(batch.exchanges), size + batch.size
        return found

    def _commit(self, batches: Sequence[_Batch]) -> None:
        trouble: Exception | None = None
        try:
            self._append([exchange for batch in batches for exchange in batch.exchanges])
        except StoreError as error:
            trouble = NotKeptError(str(error))
        except Exception as error:
            # Whoever posted is answered 500.
            log.exception("the store failed")
            trouble = error
        self._loop.call_soon_threadsafe(self._settle, batches, trouble)
