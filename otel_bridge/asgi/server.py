"""Serving an ASGI app on a socket of our own, inside a loop that runs anyway.

uvicorn is made to be a program; here it is a part. The socket is bound before the server exists, so a
taken port is an error at start and port 0 works; signals stay with whoever owns the process; stopping
is bounded.

    sock = listen("127.0.0.1:4318")          StartupError says why not
    server = AsgiServer(app, sock)
    await server.start()                      accepts from here on
    server.address                            127.0.0.1:4318, the port really bound
    await server.stop(grace=5)                no new requests, those in flight are answered
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import socket
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from typing import Any

import uvicorn

from otel_bridge.asgi.connections import Closed, Connections, Door, Limits
from otel_bridge.asgi.protocol import HttpConnection
from otel_bridge.asgi.sockets import BACKLOG, bound_address
from otel_bridge.asgi.tls import TlsFiles

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

LIMITS = Limits()

_CANCELLED_TASKS = 1.0


class AsgiServer:
    """One app on one listening socket; belongs to the loop that starts it."""

    def __init__(
        self,
        app: AsgiApp,
        sock: socket.socket,
        *,
        tls: TlsFiles | None = None,
        limits: Limits = LIMITS,
        closed: Callable[[Closed], None] = lambda _: None,
    ) -> None:
        """Take over *sock*; with *tls* new connections have what is current in there.

        *closed* is called for each connection that the server, and not its peer, ends.
        """
        self.address = bound_address(sock)
        self.connections = Connections(limits, closed)
        self._socket = sock
        self._server = _Server(app, self.connections, tls)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once requests are accepted."""
        self._serving = asyncio.create_task(
            self._server.serve(sockets=[self._socket]), name=f"asgi {self.address}"
        )
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({self._serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if self._serving.done():
            ready.cancel()
            await self._serving

    async def stop(self, grace: float) -> None:
        """Accept nothing new, answer what is in flight, cut off what takes longer than *grace* seconds."""
        if self._serving is None:
            self._socket.close()
            return
        self._server.config.timeout_graceful_shutdown = max(1, math.ceil(grace))
        self._server.should_exit = True
        await self._serving
        if tasks := self._server.server_state.tasks:
            # uvicorn has cancelled them and doesn't wait; they may still have an answer to write.
            await asyncio.wait(tasks, timeout=_CANCELLED_TASKS)


class _Server(uvicorn.Server):
    """uvicorn's life of a server, with a door of our own."""

    def __init__(self, app: AsgiApp, connections: Connections, tls: TlsFiles | None) -> None:
        super().__init__(_config(app, connections.limits))
        self.ready = asyncio.Event()
        self._connections = connections
        self._tls = tls

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        doors = [Door(sock, self._connections, self._new_connection, tls=self._tls) for sock in sockets or ()]
        for door in doors:
            door.open()
        self.servers = doors  # type: ignore[assignment]  # it closes them and waits for that
        self.started = True
        self.ready.set()

    def _new_connection(self, sock: socket.socket) -> HttpConnection:
        return HttpConnection(
            self._connections,
            sock,
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            _loop=asyncio.get_running_loop(),
        )


def _config(app: AsgiApp, limits: Limits) -> uvicorn.Config:
    return uvicorn.Config(
        app,
        http="httptools",
        loop="none",
        ws="none",
        lifespan="off",
        interface="asgi3",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=limits.keep_alive,
        backlog=BACKLOG,
    )
