"""A front door on a real socket, in a loop of its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import httpx
import pytest

from otel_bridge.asgi import AsgiServer, listen, split_endpoint
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.wire.front_door import front_door
from tests.loops import LIMIT


class Shelf:
    """A sink that holds what it got; a test may make it refuse, break or wait."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.asked = threading.Event()
        self.may_keep = threading.Event()
        self.clear()

    def clear(self) -> None:
        self.kept: list[Exchange] = []
        self.trouble: Exception | None = None
        self.asked.clear()
        self.may_keep.set()

    async def keep(self, exchanges: Sequence[Exchange]) -> None:
        self.asked.set()
        await asyncio.to_thread(self.may_keep.wait, LIMIT)
        if self.trouble:
            raise self.trouble
        with self.changed:
            self.kept += exchanges
            self.changed.notify_all()

    def wait_for(self, count: int) -> list[Exchange]:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.kept) >= count, timeout=LIMIT), self.kept
        return self.kept


class Door:
    """Runs in a thread until `close`."""

    def __init__(self, **options: Any) -> None:
        self.shelf = Shelf()
        self._options = options
        self._loop = asyncio.new_event_loop()
        self._started = threading.Event()
        self._stopped = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))
        self._thread.start()
        assert self._started.wait(LIMIT)
        self.client = httpx.Client(base_url=f"http://{self.address}", timeout=LIMIT)

    def post(self, path: str, content: bytes, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, content=content, headers=named)

    def connect(self) -> socket.socket:
        host, port = split_endpoint(self.address)
        return socket.create_connection((host, port), timeout=LIMIT)

    def close(self) -> None:
        self.client.close()
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(LIMIT)
        self._loop.close()

    async def _serve(self) -> None:
        server = AsgiServer(front_door(self.shelf, **self._options), listen("127.0.0.1:0"))
        await server.start()
        self.address = server.address
        self._started.set()
        await self._stopped.wait()
        await server.stop(grace=1)


@pytest.fixture(scope="module")
def open_doors() -> Iterator[dict[str, Door]]:
    doors: dict[str, Door] = {}
    yield doors
    for door in doors.values():
        door.close()


@pytest.fixture
def open_door(open_doors: dict[str, Door]) -> Callable[..., Door]:
    """A front door with these options and an empty shelf; tests of a module share the servers."""

    def opened(**options: Any) -> Door:
        name = repr(options)
        if name not in open_doors:
            open_doors[name] = Door(**options)
        open_doors[name].shelf.clear()
        return open_doors[name]

    return opened


@pytest.fixture
def door(open_door: Callable[..., Door]) -> Door:
    return open_door()
