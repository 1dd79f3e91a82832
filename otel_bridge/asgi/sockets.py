"""Listening sockets, bound before their servers exist: a taken port is an error at start."""

from __future__ import annotations

import errno
import resource
import socket

BACKLOG = 2048

# Of open files: more than the bounds on connections add up to, with room for the journal.
_FILES = 65_536

_WHY_NOT = {
    errno.EADDRINUSE: "another process has this port",
    errno.EACCES: "no permission for this port (those below 1024 need privileges)",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}


class StartupError(Exception):
    """Something the process can't start without; the message is one sentence for its operator."""


def listen(endpoint: str) -> socket.socket:
    """A TCP socket listening on *endpoint*, `host:port` or `[v6]:port`; port 0 takes a free one.

    The process may have as many files open as the system allows from then on. Raises `StartupError` if the
    port is taken, not permitted, or the host is none of this machine's.
    """
    host, port = split_endpoint(endpoint)
    allow_open_files()
    try:
        family, *_, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.create_server(
            address[:2],
            family=family,
            backlog=BACKLOG,
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


def allow_open_files() -> None:
    """Raise this process's limit of open files as far as it may.

    Many systems start programs with 1024, which connections alone would use up, and then the journal
    could open no segment.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
