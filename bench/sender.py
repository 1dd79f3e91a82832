"""A gateway under load: posts prepared requests over several connections, in a process of its own."""

from __future__ import annotations

import multiprocessing
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import BinaryIO
from urllib.parse import urlsplit

from bench.loads import load

_CONTEXT = multiprocessing.get_context("spawn")
# Kong's workers each send one request at a time.
_CONNECTIONS = 4
_PATIENCE = 120.0
# A bridge that has just started fills its caches first, and so do the automata of its patterns.
_WARM_UP = 0.2


class Sender:
    """Everything is prepared before it sends, so that little is left to disturb what is measured."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.sent = 0
        """Exchanges so far."""

    def warm_up(self) -> None:
        """Post the first part; returns once all of it is acknowledged. Raises EOFError if it isn't."""
        self._send()

    def send(self) -> int:
        """Likewise the rest; returns how many exchanges it was."""
        return self._send()

    def _send(self) -> int:
        self._pipe.send("go")
        if not self._pipe.poll(_PATIENCE):
            raise TimeoutError(f"the bridge did not take everything within {_PATIENCE:g} s")
        exchanges: int = self._pipe.recv()
        self.sent += exchanges
        return exchanges


@contextmanager
def ready(url: str, load_name: str, exchanges: int) -> Iterator[Sender]:
    """A sender of *exchanges* of a load to *url*."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_run, args=(theirs, url, load_name, exchanges), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield Sender(ours)
    finally:
        process.kill()
        process.join()


def _run(pipe: Connection, url: str, load_name: str, exchanges: int) -> None:
    address = urlsplit(url)
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Content-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
    ).encode()
    sent = load(load_name, exchanges)
    requests = [head % len(body) + body for body in sent.requests]
    cold = max(1, round(_WARM_UP * len(requests)))
    pipe.send("ready")
    for part in (requests[:cold], requests[cold:]):
        pipe.recv()
        _post_all(address.hostname or "", address.port or 0, part)
        pipe.send(len(part) * sent.exchanges_each)


def _post_all(host: str, port: int, requests: list[bytes]) -> None:
    failures: list[str] = []
    shares = [requests[number::_CONNECTIONS] for number in range(_CONNECTIONS)]
    threads = [threading.Thread(target=_post, args=((host, port), share, failures)) for share in shares]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(failures[0])


def _post(address: tuple[str, int], requests: list[bytes], failures: list[str]) -> None:
    with socket.create_connection(address) as connection, connection.makefile("rb") as stream:
        for request in requests:
            connection.sendall(request)
            if status := _refusal(stream):
                failures.append(f"a request was refused: {status}")
                return


def _refusal(stream: BinaryIO) -> str:
    """The status line of the answer that comes next where it isn't 200; a 200 has no body."""
    status = stream.readline()
    while stream.readline() not in (b"", b"\r\n"):
        pass
    return "" if status.startswith(b"HTTP/1.1 200 ") else status.decode("latin-1").strip()
