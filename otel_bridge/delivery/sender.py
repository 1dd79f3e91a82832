"""Sends one request and reads its answer; decides nothing.

    Unreachable        the request got no answer in time
    └── NoConnection   nor was it sent: no address, no connection, no TLS

The head is the answer. Once it is there, a body that drips, breaks off or is garbage changes nothing: what
could be read of it is handed on.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable

from otel_bridge import __version__
from otel_bridge.delivery.answer import parse_retry_after
from otel_bridge.delivery.connection import Connection, Response, Silent, Trouble
from otel_bridge.delivery.connections import Connections
from otel_bridge.delivery.environment import trust
from otel_bridge.delivery.failure import masked, masked_bytes, reason, spellings
from otel_bridge.delivery.request import Answer, Request, Transport
from otel_bridge.delivery.way import Way, find_way

USER_AGENT = f"otel-bridge/{__version__}"

# What the network and the other end can do; UnicodeError is a host name that none can have.
_FAILURES = (Trouble, OSError, UnicodeError)
_HEADERS = f"User-Agent: {USER_AGENT}\r\nAccept: application/json\r\nAccept-Encoding: identity"


class Unreachable(Exception):  # noqa: N818 - reads as what it says: the destination is
    """No answer came; the message says why and holds no secret."""


class NoConnection(Unreachable):
    """The destination saw nothing of the request, so nothing in it can be the reason."""


class Sender:
    """Connections to one destination; for one event loop.

    *context* is for those who make many senders; by default `trust` makes one. A proxy is taken from the
    usual environment variables. *clock* gives Unix time.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._ways: dict[str, Way] = {}
        self._connections = Connections(
            context=context or trust(verify=transport.verify),
            timeout=transport.timeout,
            keepalive=transport.keepalive,
        )

    async def send(self, request: Request) -> Answer:
        """POST *request*; raises Unreachable where no status came back in time."""
        way = self._way(request.url)
        head = _head(request, way)
        connection: Connection | None = None
        # Errors go on without their origin, which may quote what came back, and the token in that.
        try:
            async with asyncio.timeout(self._transport.total_timeout):
                connection = await self._connections.take(way)
                await connection.exchange(head, request.content, silence=self._transport.timeout)
        except _FAILURES as error:
            if connection is None:
                raise NoConnection(self._why_unconnected(error, way)) from None
            if not connection.response.status:
                raise Unreachable(masked(self._why_unanswered(error), spellings(request.secret))) from None
        finally:
            if connection is not None:
                self._connections.give_back(way, connection)
        return self._answer(connection.response, request.secret)

    async def aclose(self) -> None:
        """Close all connections; requests in flight have to be over."""
        await self._connections.aclose()

    def _way(self, url: str) -> Way:
        way = self._ways.get(url)
        if way is None:
            try:
                way = self._ways[url] = find_way(url)
            except ValueError as error:
                raise NoConnection(str(error)) from None
        return way

    def _answer(self, response: Response, secret: str) -> Answer:
        def header(name: bytes) -> str:
            return response.headers.get(name, b"").decode("latin-1")

        wait = parse_retry_after(header(b"retry-after"), now=self._clock(), date=header(b"date"))
        body = masked_bytes(bytes(response.body), spellings(secret))
        return Answer(response.status, wait, body, masked(header(b"location"), spellings(secret)))

    def _why_unconnected(self, error: Exception, way: Way) -> str:
        if isinstance(error, (TimeoutError, Silent)):
            text = f"no connection within {self._transport.timeout:g} s"
        else:
            text = reason(error)
        return text if way.proxy is None else f"through the proxy {way.proxy.host}: {text}"

    def _why_unanswered(self, error: Exception) -> str:
        if isinstance(error, Silent):
            return f"silence for {self._transport.timeout:g} s"
        if isinstance(error, TimeoutError):
            return f"no answer within {self._transport.total_timeout:g} s"
        return reason(error)


def _head(request: Request, way: Way) -> bytes:
    lines = [
        f"POST {way.target} HTTP/1.1\r\nHost: {way.authority}\r\n{_HEADERS}",
        f"Content-Length: {len(request.content)}",
    ]
    for name, value in request.headers.items():
        if not (value.isascii() and value.isprintable()):
            raise NoConnection("its address or token holds characters that HTTP does not allow")
        lines.append(f"{name}: {value}")
    if way.proxy_authorization and not way.destination.tls:
        lines.append(f"Proxy-Authorization: {way.proxy_authorization}")
    return "\r\n".join([*lines, "", ""]).encode("ascii")
