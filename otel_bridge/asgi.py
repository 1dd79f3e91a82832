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
import errno
import math
import socket
import ssl
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]

# Longer than the idle time of the clients' own pools (Kong's: 60 s), so that it is the client who closes
# and no request crosses a closing connection.
KEEP_ALIVE = 75

_BACKLOG = 2048
_CANCELLED_TASKS = 1.0

_WHY_NOT = {
    errno.EADDRINUSE: "another process has this port",
    errno.EACCES: "no permission for this port (those below 1024 need privileges)",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class StartupError(Exception):
    """Something the process can't start without; the message is one sentence for its operator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Paths of PEM files. With `client_ca_file` a client needs a certificate signed by one in there."""

    cert_file: Path
    key_file: Path
    client_ca_file: Path | None = None


class AsgiServer:
    """One app on one listening socket; belongs to the loop that starts it."""

    def __init__(self, app: AsgiApp, sock: socket.socket, *, tls: Tls | None = None) -> None:
        """Take over *sock*. Raises `StartupError` where *tls* names files that can't be used."""
        self.address = bound_address(sock)
        self._socket = sock
        self._server = _Server(_config(app, tls))
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


def listen(endpoint: str) -> socket.socket:
    """A TCP socket listening on *endpoint*, `host:port` or `[v6]:port`; port 0 takes a free one.

    Raises `StartupError` if the port is taken, not permitted, or the host is none of this machine's.
    """
    host, port = split_endpoint(endpoint)
    try:
        family, *_, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.create_server(
            address[:2],
            family=family,
            backlog=_BACKLOG,
            dualstack_ipv6=address[0] == "::" and socket.has_dualstack_ipv6(),
        )
    except socket.gaierror as error:
        raise StartupError(f"Cannot listen on {endpoint}: the host name can't be resolved.") from error
    except OSError as error:
        why = _WHY_NOT.get(error.errno or 0) or error.strerror
        raise StartupError(f"Cannot listen on {endpoint}: {why}.") from error
    # Inherited by the accepted connections: peers that vanished without a word are noticed.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    sock.setblocking(False)
    return sock


def check_tls(tls: Tls) -> None:
    """Raise `StartupError` unless the files of *tls* exist and fit together."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(tls.cert_file, tls.key_file)
        if tls.client_ca_file:
            context.load_verify_locations(tls.client_ca_file)
    except OSError as error:  # ssl.SSLError is one
        files = ", ".join(str(path) for path in (tls.cert_file, tls.key_file, tls.client_ca_file) if path)
        raise StartupError(f"Cannot set up TLS with {files}: {error.strerror or error}.") from error


def split_endpoint(endpoint: str) -> tuple[str, int]:
    """Host (without brackets, maybe empty) and port of *endpoint*; `StartupError` if it has none."""
    host, colon, port = endpoint.rpartition(":")
    if not colon or not port.isdecimal() or int(port) > 65535:
        raise StartupError(f"Cannot listen on {endpoint!r}: an endpoint is host:port, as 127.0.0.1:4318.")
    return host.removeprefix("[").removesuffix("]"), int(port)


def bound_address(sock: socket.socket) -> str:
    """What *sock* is bound to, as an endpoint."""
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


def _config(app: AsgiApp, tls: Tls | None) -> uvicorn.Config:
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
        timeout_keep_alive=KEEP_ALIVE,
        backlog=_BACKLOG,
        **_tls_options(tls),
    )


def _tls_options(tls: Tls | None) -> dict[str, Any]:
    if tls is None:
        return {}
    check_tls(tls)
    return {
        "ssl_certfile": tls.cert_file,
        "ssl_keyfile": tls.key_file,
        "ssl_ca_certs": tls.client_ca_file,
        "ssl_cert_reqs": ssl.CERT_REQUIRED if tls.client_ca_file else ssl.CERT_NONE,
    }
