"""A destination that does what the test says, on a real socket.

    with VendorServer(lambda request: Reply(503, headers={"Retry-After": "2"})) as server:
        ... post to server.url ...
        first, *others = server.wait_for(3)

It runs in a thread of its own, so sync tests, async tests and other processes can all talk to it. The
answer is chosen by a callable for each request; `script` plays a list. Nothing of HTTP is left to a
library, because a misbehaving server is what most tests want.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import random
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

PATIENCE = 60.0
"""Seconds after which a step of a test counts as hanging; only what fails waits for so long."""

_chance = random.SystemRandom()
_closed: list[socket.socket] = []


class Manner(StrEnum):
    """How the answer is given."""

    WHOLE = "whole"
    DRIP = "drip"
    """One byte of it every `interval`, head included."""
    DRIP_BODY = "drip body"
    CUT = "cut"
    """The head and half the body, then the connection ends."""
    HANG = "hang"
    """Nothing, for ever."""
    CLOSE = "close"
    """The connection ends without a byte."""
    RESET = "reset"
    """The same, by TCP reset."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    manner: Manner = Manner.WHOLE
    delay: float = 0.0
    """Seconds before the answer begins."""
    interval: float = 0.02
    """Seconds between the bytes of a drip."""
    raw: bytes | None = None
    """Sent instead of an HTTP answer."""


@dataclass(frozen=True, slots=True)
class Received:
    method: str
    path: str
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    at: float
    """time.monotonic() when it was complete."""
    connection: int
    """Counts the connections; equal for requests of one."""

    def json(self) -> Any:
        return json.loads(self.body)


Answering = Callable[[Received], Reply]


def script(replies: Iterable[Reply], then: Reply | None = None) -> Answering:
    """Give *replies* in turn, and *then* for ever."""
    remaining = iter(replies)
    last = then or Reply()
    return lambda _: next(remaining, last)


class VendorServer:
    """`answer` may be replaced while it runs, and while `may_answer` is not set requests wait.

    An *early* one answers heads, and never reads the bodies.

    On a port of its own, or on *sock*, such as one that `refusing_socket` made.
    """

    def __init__(
        self,
        answer: Answering | None = None,
        *,
        tls: ssl.SSLContext | None = None,
        early: bool = False,
        sock: socket.socket | None = None,
    ) -> None:
        self.answer: Answering = answer or (lambda _: Reply())
        self.may_answer = threading.Event()
        self.may_answer.set()
        self._early = early
        self.most_in_flight = 0
        self._tls = tls
        self._in_flight = 0
        self._connections = itertools.count(1)
        self._received: list[Received] = []
        self._news = threading.Condition()
        self._socket = sock or socket.create_server(("127.0.0.1", 0))
        self.host, self.port = self._socket.getsockname()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name="vendor-server", daemon=True)
        self._handlers: set[asyncio.Task[None]] = set()

    @property
    def url(self) -> str:
        return f"{'https' if self._tls else 'http'}://{self.host}:{self.port}"

    @property
    def requests(self) -> list[Received]:
        with self._news:
            return list(self._received)

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._handlers)

    def wait_for(self, count: int, timeout: float = PATIENCE) -> list[Received]:
        """The requests so far once there are *count* of them; fails the test if they don't come."""
        with self._news:
            there = self._news.wait_for(lambda: len(self._received) >= count, timeout)
            received = list(self._received)
        assert there, f"{len(received)} of {count} requests came within {timeout} s"
        return received

    def forget(self) -> None:
        """Begin counting requests anew."""
        with self._news:
            self._received.clear()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._connected, sock=self._socket, ssl=self._tls)
        await self._stop.wait()
        server.close()
        for handler in list(self._handlers):
            handler.cancel()
        await asyncio.gather(*self._handlers, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._handlers.add(task)
        try:
            # Clients give up in the middle: that is what some tests are about.
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                await self._converse(reader, writer, next(self._connections))
        except asyncio.CancelledError:
            # Only `_serve` cancels, and it waits for us; a cancelled task would be reported by streams.
            pass
        finally:
            writer.transport.abort()
            # Only then has the other end something to see of it.
            await writer.wait_closed()
            self._handlers.discard(task)

    async def _converse(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, connection: int
    ) -> None:
        while True:
            request = await self._read(reader, connection)
            with self._news:
                self._in_flight += 1
                self.most_in_flight = max(self.most_in_flight, self._in_flight)
                self._received.append(request)
                self._news.notify_all()
            try:
                goes_on = await self._reply(writer, self.answer(request))
            finally:
                self._in_flight -= 1
            if not goes_on:
                return
            if self._early:
                await asyncio.Event().wait()

    async def _read(self, reader: asyncio.StreamReader, connection: int) -> Received:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, path, _ = head[0].split(" ", 2)
        pairs = (line.split(":", 1) for line in head[1:] if line)
        headers = {name.lower(): value.strip() for name, value in pairs}
        length = 0 if self._early else int(headers.get("content-length", 0))
        body = await reader.readexactly(length)
        return Received(method, path, headers, body, time.monotonic(), connection)

    async def _reply(self, writer: asyncio.StreamWriter, reply: Reply) -> bool:
        """Answer; False where the connection is over."""
        await asyncio.sleep(reply.delay)
        while not self.may_answer.is_set():  # noqa: ASYNC110 - it is set by another thread
            await asyncio.sleep(0.005)
        head, body = _wire(reply)
        match reply.manner:
            case Manner.HANG:
                await asyncio.Event().wait()
            case Manner.CLOSE:
                return False
            case Manner.RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                return False
            case Manner.CUT:
                writer.write(head + body[: len(body) // 2])
                await writer.drain()
                writer.close()
                await writer.wait_closed()
                return False
            case Manner.DRIP:
                await _drip(writer, head + body, reply.interval)
            case Manner.DRIP_BODY:
                writer.write(head)
                await _drip(writer, body, reply.interval)
            case Manner.WHOLE:
                writer.write(head + body)
                await writer.drain()
        return reply.raw is None


async def _drip(writer: asyncio.StreamWriter, data: bytes, interval: float) -> None:
    for byte in data:
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(interval)


def _wire(reply: Reply) -> tuple[bytes, bytes]:
    if reply.raw is not None:
        return reply.raw, b""
    headers = {"Content-Type": "application/json", "Content-Length": str(len(reply.body)), **reply.headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} Scripted\r\n{lines}\r\n".encode("latin-1"), reply.body


def refusing_socket() -> socket.socket:
    """A port of the loopback that is taken and refuses connections, until a `VendorServer` runs on it."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    return sock


def closed_port() -> int:
    """A port of the loopback that refuses connections, and that nobody else gets."""
    _closed.append(refusing_socket())
    port: int = _closed[-1].getsockname()[1]
    return port


def free_port() -> int:
    """A port of the loopback to listen on later; none that is given to outgoing connections meanwhile."""
    for port in _chance.sample(range(20_000, 32_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")
