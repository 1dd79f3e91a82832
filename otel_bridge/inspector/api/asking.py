"""Asking the store: in a worker thread, no longer than a reader waits, and not for one who has left."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from time import monotonic
from typing import Annotated, TypeVar

from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import Query as Parameter
from fastapi import Request

from otel_bridge.inspector.store.interface import Stop

T = TypeVar("T")

# A search that was stopped after this long has a page of what it found, and where to go on.
PATIENCE = 8.0
# More would only share the same cores and disk.
AT_ONCE = 6

QueryText = Annotated[
    str, Parameter(max_length=8192, description="in the inspector's query language; empty: all")
]
From = Annotated[int | None, Parameter(alias="from", ge=0, lt=2**53, description="Unix microseconds")]
To = Annotated[int | None, Parameter(ge=0, lt=2**53, description="Unix microseconds, not included")]


class Asking:
    """Belongs to one event loop."""

    def __init__(self) -> None:
        self._limiter = CapacityLimiter(AT_ONCE)

    async def ask(self, request: Request, call: Callable[[Stop], T], *, patience: float = PATIENCE) -> T:
        """What *call* returns; its `stop` says yes after *patience* seconds and once the client is gone."""
        gone = threading.Event()
        deadline = monotonic() + patience
        watcher = asyncio.create_task(_set_when_gone(request, gone))
        try:
            return await run_sync(
                call, lambda: gone.is_set() or monotonic() > deadline, limiter=self._limiter
            )
        finally:
            watcher.cancel()


async def _set_when_gone(request: Request, gone: threading.Event) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
    gone.set()
