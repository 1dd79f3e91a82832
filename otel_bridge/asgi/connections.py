"""Who may connect: how many, and how long they may keep a server waiting.

A connection is *waited for* while its next request has not come in full: from its start, through its
handshake, and again from each answer on. That is where hostile senders stay (idle, or a byte at a
time), and honest ones pass in milliseconds. So:

- At the bound a newcomer takes the place of the connection that is waited for longest.
- Only where every connection has a request at work is the newcomer turned away.

Each way to lose a connection that its peer did not choose has a name, for a counter.
"""

from __future__ import annotations

import asyncio
import errno
import socket
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from enum import StrEnum

import structlog

from otel_bridge.asgi.tls import TlsFiles

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_PAUSE = 1.0
_FULL = (
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
)

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What connections may keep of a server; times are seconds. Far from what honest clients do."""

    connections: int = 1000
    handshake: float = 10.0
    head: float = 10.0
    """From the start of a connection to the end of its first request's head."""
    keep_alive: int = 75
    """From an answer to the end of the next request's head.

    Longer than the idle time of the clients' own pools (Kong's: 60 s), so that it is the client who closes
    and no request crosses a closing connection.
    """
    head_size: int = 64 * 1024
    """Bytes of a head, and of what stands between and behind the pieces of a body."""
    pipelined: int = 16
    """Requests that may wait for the answer to the one before them."""
    unread: float = 60.0
    """In which a peer must read some of what waits for it."""


class Closed(StrEnum):
    """Why the server ended a connection."""

    FULL = "full"
    """It came when every connection had a request at work."""
    SHED = "shed"
    """It was waited for longest when another one came."""
    HANDSHAKE = "handshake"
    """No TLS, none of the right kind, or not in time."""
    HEAD_TIMEOUT = "head_timeout"
    """The head of its first request did not come in time."""
    IDLE = "idle"
    """There was no next request in time."""
    HEAD_SIZE = "head_size"
    """The head, or what lies between the pieces of a body, was too large."""
    PIPELINED = "pipelined"
    """It sent request after request without waiting for answers."""
    UNREAD = "unread"
    """It did not read its answers."""


class Connections:
    """All connections of one server, with their bound; belongs to one loop."""

    def __init__(self, limits: Limits, closed: Callable[[Closed], None]) -> None:
        """*closed* is called for each connection that the server ends."""
        self.limits = limits
        self.closed = closed
        self._open: set[Hashable] = set()
        # In the order in which the waiting began.
        self._waited_for: dict[Hashable, Callable[[], object]] = {}

    def __len__(self) -> int:
        return len(self._open)

    def admit(self, connection: Hashable) -> bool:
        """Whether there is room for *connection*, or was made."""
        if len(self._open) >= self.limits.connections and not self._shed():
            self.closed(Closed.FULL)
            return False
        self._open.add(connection)
        return True

    def wait_for(self, connection: Hashable, close: Callable[[], object]) -> None:
        """It is *connection*'s turn to send; *close* ends it."""
        self._waited_for.pop(connection, None)
        self._waited_for[connection] = close

    def has_come(self, connection: Hashable) -> None:
        """The request of *connection* is here in full."""
        self._waited_for.pop(connection, None)

    def join(self, sock: Hashable, connection: Hashable, close: Callable[[], object]) -> None:
        """What was admitted as *sock* goes on as *connection*, which *close* ends."""
        self.forget(sock)
        self._open.add(connection)
        self.wait_for(connection, close)

    def forget(self, connection: Hashable) -> None:
        self._open.discard(connection)
        self._waited_for.pop(connection, None)

    def _shed(self) -> bool:
        connection = next(iter(self._waited_for), None)
        if connection is None:
            return False
        close = self._waited_for[connection]
        self.forget(connection)
        self.closed(Closed.SHED)
        close()
        return True


class Door:
    """Accepts connections; what uvicorn takes for an asyncio server."""

    def __init__(
        self,
        sock: socket.socket,
        connections: Connections,
        make_protocol: Callable[[socket.socket], asyncio.Protocol],
        *,
        tls: TlsFiles | None,
    ) -> None:
        self._socket = sock
        self._connections = connections
        self._make_protocol = make_protocol
        self._tls = tls
        self._coming: set[asyncio.Task[None]] = set()
        self._accepting: asyncio.Task[None] | None = None

    def open(self) -> None:
        self._accepting = asyncio.create_task(self._accept(), name="accept")

    def close(self) -> None:
        """Accept no more, and give handshakes up."""
        if self._accepting is not None:
            self._accepting.cancel()
        if self._tls is not None:
            for task in self._coming:
                task.cancel()

    async def wait_closed(self) -> None:
        tasks = [*self._coming, *([self._accepting] if self._accepting else [])]
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                sock, _ = await loop.sock_accept(self._socket)
            except OSError as error:
                if error.errno in _EXHAUSTED:
                    log.error("no connection can be accepted for now", why=error.strerror)  # noqa: TRY400
                    await asyncio.sleep(_PAUSE)
                continue  # else the peer has gone already
            self._begin(sock)

    def _begin(self, sock: socket.socket) -> None:
        if not self._connections.admit(sock):
            _turn_away(sock, plain=self._tls is None)
            return
        task = asyncio.ensure_future(self._hand_over(sock))
        if self._tls is not None:
            # Without a handshake it is a matter of one turn of the loop, and nothing to break into.
            self._connections.wait_for(sock, task.cancel)
        self._coming.add(task)
        task.add_done_callback(lambda task: self._end(task, sock))

    async def _hand_over(self, sock: socket.socket) -> None:
        context = self._tls.current.context if self._tls else None
        timeout = self._connections.limits.handshake if context else None
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._make_protocol(sock), sock, ssl=context, ssl_handshake_timeout=timeout
            )
        except OSError:  # every failure of a handshake is one
            self._connections.closed(Closed.HANDSHAKE)

    def _end(self, task: asyncio.Task[None], sock: socket.socket) -> None:
        # If all went well the protocol has joined in its place, and this does nothing.
        self._coming.discard(task)
        self._connections.forget(sock)
        if task.cancelled():
            sock.close()


def _turn_away(sock: socket.socket, *, plain: bool) -> None:
    # Nothing was sent on it yet, so this fits and does not wait.
    try:
        if plain:
            sock.setblocking(False)
            sock.send(_FULL)
    except OSError:
        pass  # the peer has gone: nobody to tell
    finally:
        sock.close()
