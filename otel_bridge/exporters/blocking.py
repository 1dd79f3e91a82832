"""Running a coroutine to its end for a caller that knows no event loop, or sits in one.

The loop lives as long as the call: nothing of it is left over for a fork, for another thread, or for an
interpreter that goes down while spans are still on their way.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


def run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of `work()`, run in this thread, or in another where this one's loop is running."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run(work)
    with ThreadPoolExecutor(1, thread_name_prefix="otel-bridge-export") as pool:
        return pool.submit(_run, work).result()


def _run(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    loop = _Loop()
    try:
        return loop.run_until_complete(work())
    finally:
        try:
            loop.run_until_complete(_cancel_leftovers())
        finally:
            loop.close()


async def _cancel_leftovers() -> None:
    """End the tasks that a KeyboardInterrupt leaves behind."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class _Loop(asyncio.SelectorEventLoop):
    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        try:
            return await super().getaddrinfo(host, port, **hints)
        except RuntimeError:
            # An interpreter that goes down starts no more threads, and the last spans are sent just then.
            return socket.getaddrinfo(host, port, **hints)
