"""One HTTP/1.1 connection, from the client's end: a request, its answer, and so on.

With many quiet APIs a request carries one exchange, and what it costs is what the exchange costs. Clients for
everybody were measured at 0.15 to 1 ms of CPU (aiohttp, httpx); this takes 0.05. It knows what delivery needs
and no more: the whole request is there before it is sent, and the answer's status and first bytes are all
that is wanted of it. The parser is uvicorn's (llhttp).
"""

from __future__ import annotations

import asyncio
import select
import ssl
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

import httptools

# Bytes of an answer's body that are kept; a 207 with an error for each of a thousand entries fits.
MAX_BODY = 256 * 1024
# Bytes of all that comes before it.
MAX_HEAD = 128 * 1024
# Bytes of a request that are handed over to the network at a time.
_PIECE = 256 * 1024
_SHOWN = 100


class Trouble(Exception):  # noqa: N818 - reads as what it says
    """No answer, and not for a reason that the operating system or OpenSSL would give."""


class Silent(Trouble):
    """Nothing came, and nothing was taken, for too long."""


@dataclass(slots=True)
class Response:
    """An answer, as far as it came."""

    status: int = 0
    """0 until all of its head is here."""
    headers: dict[bytes, bytes] = field(default_factory=dict)
    """Names in lower case; of several of one name the last."""
    body: bytearray = field(default_factory=bytearray)


class Connection(asyncio.Protocol):
    """Use it for one `exchange` at a time, and for another while `is_usable`."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._parser: httptools.HttpResponseParser | None = None
        self._turn: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        """While the network takes no more."""
        self._timer: asyncio.TimerHandle | None = None
        self._silence = 0.0
        self._moved_at = 0.0
        """When a byte last came or went."""
        self._head_room = 0
        self._is_interim = False
        self._is_tunnel = False
        self._is_sent = False
        self.is_clean = False
        """The latest exchange ended as it should, and allows another."""
        self.response = Response()
        """Of the latest exchange."""
        self.lost: asyncio.Future[None] = self._loop.create_future()

    async def exchange(self, head: bytes, content: bytes, *, silence: float, tunnel: bool = False) -> None:
        """Send a request and read its answer into `response`, until it is over or cut.

        Raises Trouble or OSError only where no complete head came. *silence* is how many seconds may pass
        without a byte in either direction. A *tunnel*'s answer ends with its head.
        """
        turn = self._turn = self._loop.create_future()
        self.response = Response()
        self._parser = httptools.HttpResponseParser(self)
        self._head_room = MAX_HEAD
        self._is_interim = self._is_sent = self.is_clean = False
        self._is_tunnel = tunnel
        self._silence = silence
        self._moved_at = self._loop.time()
        self._timer = self._loop.call_later(silence, self._watch)
        try:
            if self._transport.is_closing():
                raise Trouble("the connection was closed before anything was sent")
            await self._send(head, content)
            await turn
        finally:
            self._timer.cancel()
            # The parser knows this connection, and an error its frames: rings that hold the content.
            self._turn = self._parser = None

    @property
    def is_usable(self) -> bool:
        """Whether it is idle after a clean exchange, and neither end nor anything unasked for has come."""
        if not self.is_clean or self._transport.is_closing():
            return False
        # What came while the loop was busy is known to the socket alone.
        poll = select.poll()
        poll.register(self._transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not poll.poll(0)

    async def start_tls(self, context: ssl.SSLContext, host: str) -> None:
        """Go on encrypted; may raise OSError."""
        transport = await self._loop.start_tls(self._transport, self, context, server_hostname=host)
        if transport is None:
            raise Trouble("the connection was closed during the TLS handshake")
        self._transport = transport

    def abort(self) -> None:
        self._transport.abort()

    # What the loop tells.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # Not all of uvloop's say that they are one.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._moved_at = self._loop.time()
        if self._parser is None or self._is_over:
            self.is_clean = False
            return
        self._head_room -= 0 if self.response.status else len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._end()
        except httptools.HttpParserError as error:
            self._break_off(Trouble(f"its answer is not HTTP: {error}: {data[:_SHOWN]!r}"))
        if self._head_room < 0 and not self.response.status:
            self._break_off(Trouble(f"its answer begins with more than {MAX_HEAD} bytes of headers"))

    def eof_received(self) -> None:
        self._break_off(Trouble("the connection was closed without an answer"))

    def connection_lost(self, error: Exception | None) -> None:
        self._break_off(error or Trouble("the connection was closed without an answer"))
        if not self.lost.done():
            self.lost.set_result(None)

    def pause_writing(self) -> None:
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        self._moved_at = self._loop.time()
        self._make_room()

    # What the parser tells.

    def on_message_begin(self) -> None:
        if self._is_over:
            self.is_clean = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_over:
            self.response.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        assert self._parser is not None
        if self._is_over:
            return
        status = self._parser.get_status_code()
        self._is_interim = 100 <= status < 200 and status != 101
        if self._is_interim:
            self.response.headers.clear()
        else:
            self.response.status = status
            if self._is_tunnel:
                self._end()

    def on_body(self, data: bytes) -> None:
        if not self._is_over:
            body = self.response.body
            body += data[: MAX_BODY - len(body)]
            if len(body) >= MAX_BODY:
                self._end()

    def on_message_complete(self) -> None:
        assert self._parser is not None
        if not self._is_interim:
            self._end(goes_on=self._parser.should_keep_alive())

    # The exchange.

    async def _send(self, head: bytes, content: bytes) -> None:
        """Hand the request over, until all of it is or the answer is there before."""
        assert self._turn is not None
        if len(content) <= _PIECE:
            self._transport.write(head + content)
        else:
            self._transport.write(head)
            for piece in _pieces(content):
                if self._room is not None:
                    await self._room
                if self._turn.done():
                    return
                self._moved_at = self._loop.time()
                self._transport.write(piece)
        self._is_sent = True

    @property
    def _is_over(self) -> bool:
        return self._turn is None or self._turn.done()

    def _end(self, *, goes_on: bool = False) -> None:
        if self._turn is not None and not self._turn.done():
            self.is_clean = goes_on and self._is_sent
            self._turn.set_result(None)
            self._make_room()

    def _break_off(self, error: Exception) -> None:
        self.is_clean = False
        if self.response.status:
            self._end()
        elif self._turn is not None and not self._turn.done():
            self._turn.set_exception(error)
            self._make_room()

    def _make_room(self) -> None:
        room, self._room = self._room, None
        if room is not None and not room.done():
            room.set_result(None)

    def _watch(self) -> None:
        left = self._moved_at + self._silence - self._loop.time()
        if left > 0:
            self._timer = self._loop.call_later(left, self._watch)
        else:
            self._break_off(Silent())


def _pieces(content: bytes) -> Iterable[memoryview]:
    view = memoryview(content)
    return (view[start : start + _PIECE] for start in range(0, len(content), _PIECE))
