"""An event loop beside the test, for servers that blocking clients talk to."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, TypeVar

import uvloop

T = TypeVar("T")

LIMIT = 60.0
"""Seconds after which a step of a test counts as hanging."""


class BackgroundLoop:
    """The loop that `serve` uses, in a thread: `with BackgroundLoop() as loop: loop.run(coroutine)`."""

    def __init__(self) -> None:
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="background loop")

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Its result, from the loop's thread."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(LIMIT)

    def start(self, coroutine: Coroutine[Any, Any, Any]) -> None:
        """Run it beside the test; what it raises is lost."""
        asyncio.run_coroutine_threadsafe(coroutine, self._loop)

    def __enter__(self) -> BackgroundLoop:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.run(self._loop.shutdown_default_executor())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(LIMIT)
        self._loop.close()
