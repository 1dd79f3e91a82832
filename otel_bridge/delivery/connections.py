"""The connections of one sender: opened when needed, kept while idle, closed after a while."""

from __future__ import annotations

import asyncio
import socket
import ssl

import aiohappyeyeballs

from otel_bridge.delivery.answer import describe
from otel_bridge.delivery.connection import Connection, Trouble
from otel_bridge.delivery.way import Stop, Way, bracketed

# Seconds until another address of a host is tried beside the first (RFC 8305).
_HEAD_START = 0.25
# Seconds that closing may take.
_PATIENCE = 1.0


class Connections:
    """For one event loop. Durations are seconds: *timeout* is for opening a connection, tunnel and TLS
    included, and an idle one is kept for *keepalive*."""

    def __init__(self, *, context: ssl.SSLContext, timeout: float, keepalive: float) -> None:
        self._context = context
        self._timeout = timeout
        self._keepalive = keepalive
        self._all: set[Connection] = set()
        self._idle: dict[Way, list[tuple[float, Connection]]] = {}
        """Each since when, the latest last."""
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, way: Way) -> Connection:
        """One to use alone until it is given back; raises OSError (TimeoutError included) or Trouble."""
        now = asyncio.get_running_loop().time()
        idle = self._idle.get(way, [])
        while idle:
            since, connection = idle.pop()
            if now - since < self._keepalive and connection.is_usable:
                return connection
            connection.abort()
        async with asyncio.timeout(self._timeout):
            connection = await self._open(way)
        self._all.add(connection)
        connection.lost.add_done_callback(lambda _: self._all.discard(connection))
        return connection

    def give_back(self, way: Way, connection: Connection) -> None:
        if not connection.is_clean:
            connection.abort()
            return
        loop = asyncio.get_running_loop()
        self._idle.setdefault(way, []).append((loop.time(), connection))
        if self._timer is None:
            self._timer = loop.call_later(self._keepalive, self._expire)

    async def aclose(self) -> None:
        """Close all of them, at once."""
        if self._timer is not None:
            self._timer.cancel()
        for connection in self._all:
            connection.abort()
        self._idle.clear()
        if self._all:
            await asyncio.wait([connection.lost for connection in self._all], timeout=_PATIENCE)
            # uvloop closes a socket one turn after it is told to be lost.
            await asyncio.sleep(0)

    def _expire(self) -> None:
        loop = asyncio.get_running_loop()
        oldest = loop.time() - self._keepalive
        for way, idle in list(self._idle.items()):
            for since, connection in idle:
                if since <= oldest:
                    connection.abort()
            self._idle[way] = [kept for kept in idle if kept[0] > oldest]
        left = [idle[0][0] for idle in self._idle.values() if idle]
        self._timer = loop.call_at(min(left) + self._keepalive, self._expire) if left else None

    async def _open(self, way: Way) -> Connection:
        first = way.proxy or way.destination
        connection = await self._connect(first)
        if way.proxy is not None and way.destination.tls:
            try:
                await self._tunnel(connection, way)
            except BaseException:
                connection.abort()
                raise
        return connection

    async def _connect(self, stop: Stop) -> Connection:
        loop = asyncio.get_running_loop()
        addresses = await loop.getaddrinfo(stop.host, stop.port, type=socket.SOCK_STREAM)
        sock = await aiohappyeyeballs.start_connection(addresses, happy_eyeballs_delay=_HEAD_START)
        _, connection = await loop.create_connection(
            Connection,
            sock=sock,
            ssl=self._context if stop.tls else None,
            server_hostname=_name(stop) if stop.tls else None,
        )
        return connection

    async def _tunnel(self, connection: Connection, way: Way) -> None:
        name = f"{bracketed(way.destination.host)}:{way.destination.port}"
        lines = [f"CONNECT {name} HTTP/1.1", f"Host: {name}"]
        if way.proxy_authorization:
            lines.append(f"Proxy-Authorization: {way.proxy_authorization}")
        head = "\r\n".join([*lines, "", ""]).encode("ascii")
        await connection.exchange(head, b"", silence=self._timeout, tunnel=True)
        status = connection.response.status
        if not 200 <= status < 300:
            raise Trouble(f"it refuses to connect: {describe(status)}")
        await connection.start_tls(self._context, _name(way.destination))


def _name(stop: Stop) -> str:
    """As certificates have it."""
    return stop.host.rstrip(".")
