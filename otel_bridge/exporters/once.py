"""One delivery with an end: sends batches, tries again while there is time, and tells what was not taken."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Hashable, Sequence

from opentelemetry import context

from otel_bridge.delivery import Backoff, Batch, Dispatcher, Entry, Kind, Sender
from otel_bridge.exporters.base import Destination

# So many and more fit into the time, whatever it is.
_TRIES = 5

log = logging.getLogger(__name__)


class Delivery:
    """Runs once, in a loop of its own; only `interrupt` may be called from another thread."""

    def __init__(
        self,
        name: str,
        batches: Sequence[Batch],
        *,
        destination: Destination,
        trusting: ssl.SSLContext,
        retry_count: int,
        queue_size: int,
        seconds: float,
    ) -> None:
        self._name = name
        self._batches = batches
        self._destination = destination
        self._trusting = trusting
        self._retry_count = retry_count
        self._queue_size = queue_size
        self._seconds = seconds
        self._left = sum(len(batch.entries) for batch in batches)
        """Entries without a fate."""
        self._refused = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news: asyncio.Event | None = None
        self._interrupted = False

    async def run(self) -> bool:
        """True if everything was delivered, within the time."""
        # Or what is instrumented below it would make spans of it, which would be exported, and so on.
        context.attach(context.set_value(context._SUPPRESS_INSTRUMENTATION_KEY, True))  # noqa: SLF001
        self._loop, self._news = asyncio.get_running_loop(), asyncio.Event()
        sender = Sender(self._destination.transport, context=self._trusting)
        dispatcher = Dispatcher(
            self._name,
            target=self._destination,
            sender=sender,
            callbacks=self,
            meter=self,
            retry_count=self._retry_count,
            queue_size=self._queue_size,
            backoff=Backoff(ceiling=self._seconds / _TRIES),
        )
        try:
            async with asyncio.timeout(self._seconds):
                for batch in self._batches:
                    dispatcher.submit(batch)
                await self._finished(dispatcher, self._news)
        except TimeoutError:
            pass
        finally:
            await dispatcher.close()
            await sender.aclose()
        if self._left:
            log.error("%s: %d exchanges were not delivered in time and are lost", self._name, self._left)
        return not (self._left or self._refused)

    def interrupt(self) -> None:
        """Make `run` end now; from any thread."""
        self._interrupted = True
        if self._loop is not None and self._news is not None:
            try:
                self._loop.call_soon_threadsafe(self._news.set)
            except RuntimeError:
                # Closed in this very moment: it has ended by itself.
                return

    async def _finished(self, dispatcher: Dispatcher, news: asyncio.Event) -> None:
        while self._left and not self._interrupted:
            hold = dispatcher.hold
            if hold is not None and hold.setback.kind is Kind.WRONG_DESTINATION:
                # It takes a change of settings; the application need not wait for that.
                return
            news.clear()
            await news.wait()

    # What the dispatcher tells.

    def settled(self, entries: Sequence[Entry]) -> None:
        self._fate_of(len(entries))

    async def dead_letter(self, api: Hashable, entries: Sequence[Entry], reason: str, answer: str) -> bool:  # noqa: ARG002
        log.error("%s: %d exchanges are lost: %s (%s)", self._name, len(entries), reason, answer)
        self._refused += len(entries)
        self._fate_of(len(entries))
        return True

    def failed_request(self, kind: Kind, exchanges: int) -> None:  # noqa: ARG002
        # By the time the waiter runs, the dispatcher has drawn its conclusions.
        self._fate_of(0)

    def sent(self, exchanges: int) -> None:
        """Counted by `settled`."""

    def latency(self, seconds: float) -> None:
        """Nobody asks here."""

    def dead_lettered(self, exchanges: int, reason: str) -> None:
        """Counted by `dead_letter`."""

    def warned(self, exchanges: int) -> None:
        log.warning("%s: the destination took %d exchanges with a complaint", self._name, exchanges)

    def _fate_of(self, entries: int) -> None:
        self._left -= entries
        if self._news is not None:
            self._news.set()
