"""The smallest vendor there can be: entries are JSON values, a payload is an array of them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Hashable, Sequence
from typing import Any

import orjson

from otel_bridge.delivery import Backoff, Batch, Dispatcher, Entry, Kind, Remarks, Request, Sender, Transport
from otel_bridge.delivery.grouping import Grouping
from otel_bridge.delivery.measure import Measure
from otel_bridge.delivery.target import Failed
from tests.vendor_server import PATIENCE, Received

TOKEN = "token-to-keep-secret"
# A retry a moment later instead of after seconds.
SOON = Backoff(ceiling=0.02)
NEVER = Backoff(ceiling=3600.0)


class PlainTarget:
    account_setting = "token"
    address_settings = "address"
    transport = Transport(verify=False, timeout=PATIENCE, total_timeout=2 * PATIENCE, keepalive=5.0)

    def __init__(self, url: str, *, certain: bool = True, max_payload: int = 10**6) -> None:
        self.url = url
        self.grouping = Grouping(certain=certain)
        self.measure = Measure(max_payload)

    def request(self, entries: Sequence[bytes]) -> Request:
        content = entries[0] if len(entries) == 1 else b"[%b]" % b",".join(entries)
        return Request(self.url, {"Authorization": f"Bearer {TOKEN}"}, content, TOKEN)

    def remarks(self, status: int, body: bytes, entries: int) -> Remarks:
        failed = [Failed(index, "named") for index in orjson.loads(body)] if status == 207 else []
        return Remarks(failed, body.count(b"warning"))


class Account:
    """What a dispatcher reported and counted: its callbacks and its meter."""

    def __init__(self) -> None:
        self.settled_origins: list[Hashable] = []
        self.dead: dict[Hashable, tuple[str, str]] = {}
        """Origin to reason and answer."""
        self.letters: list[tuple[Hashable, list[Hashable]]] = []
        self.accepts: Callable[[], bool] = lambda: True
        """Whether a dead letter can be written down."""
        self.counts = {"sent": 0, "dead": 0, "warned": 0, "requests": 0}
        self.failed: list[Kind] = []
        self.changed = asyncio.Event()

    def settled(self, entries: Sequence[Entry]) -> None:
        self.settled_origins.extend(entry.origin for entry in entries)
        self.changed.set()

    async def dead_letter(self, api: Hashable, entries: Sequence[Entry], reason: str, answer: str) -> bool:
        self.changed.set()
        if not self.accepts():
            return False
        self.dead.update((entry.origin, (reason, answer)) for entry in entries)
        self.letters.append((api, [entry.origin for entry in entries]))
        return True

    def sent(self, exchanges: int) -> None:
        self.counts["sent"] += exchanges

    def failed_request(self, kind: Kind, exchanges: int) -> None:
        self.failed.append(kind)
        self.changed.set()

    def latency(self, seconds: float) -> None:
        self.counts["requests"] += 1

    def dead_lettered(self, exchanges: int, reason: str) -> None:
        self.counts["dead"] += exchanges

    def warned(self, exchanges: int) -> None:
        self.counts["warned"] += exchanges

    async def until(self, true: Callable[[], Any], seconds: float = PATIENCE) -> None:
        """Wait until something reported makes it *true*; fails the test if it never is."""
        async with asyncio.timeout(seconds):
            while not true():
                self.changed.clear()
                await self.changed.wait()


def batch(api: str, *numbers: int) -> Batch:
    return Batch(api, [Entry(b"%d" % number, number) for number in numbers])


async def finished(dispatcher: Dispatcher, seconds: float = PATIENCE) -> None:
    """Wait through all holds until nothing is left."""
    async with asyncio.timeout(seconds):
        while not await dispatcher.drain(seconds):  # noqa: ASYNC110 - a hold's end is no event
            await asyncio.sleep(0.005)


def numbers(request: Received) -> list[int]:
    """The entries in a payload."""
    content = request.json()
    return content if isinstance(content, list) else [content]


@contextlib.asynccontextmanager
async def dispatching(
    target: PlainTarget,
    account: Account,
    *,
    retry_count: int = 3,
    queue_size: int = 1000,
    backoff: Backoff = SOON,
) -> AsyncIterator[Dispatcher]:
    sender = Sender(target.transport)
    dispatcher = Dispatcher(
        "galileo/test",
        target=target,
        sender=sender,
        callbacks=account,
        meter=account,
        retry_count=retry_count,
        queue_size=queue_size,
        backoff=backoff,
        jitter=lambda: 1.0,
    )
    try:
        yield dispatcher
    finally:
        await dispatcher.close()
        await sender.aclose()
