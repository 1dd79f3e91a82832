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

from bench.loads import load, replays

_CONTEXT = multiprocessing.get_context("spawn")
# Kong's workers each send one request at a time.
_CONNECTIONS = 4
_PATIENCE = 120.0


class Sender:
    """Everything is prepared before `send`, so that little of it is left to disturb what is measured."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe

    def send(self) -> None:
        """Post it all; returns once the last is acknowledged. Raises EOFError where one is refused."""
        self._pipe.send("go")
        if not self._pipe.poll(_PATIENCE):
            raise TimeoutError(f"the bridge did not take everything within {_PATIENCE:g} s")
        self._pipe.recv()


@contextmanager
def ready(url: str, load_name: str, count: int) -> Iterator[Sender]:
    """A sender of *count* replays of a load to *url*."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=_run, args=(theirs, url, load_name, count), daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield Sender(ours)
    finally:
        process.kill()
        process.join()


def _run(pipe: Connection, url: str, load_name: str, count: int) -> None:
    address = urlsplit(url)
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Content-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
    ).encode()
    requests = [head % len(body) + body for body in replays(load(load_name), count)]
    pipe.send("ready")
    pipe.recv()
    failures: list[str] = []
    shares = [requests[number::_CONNECTIONS] for number in range(_CONNECTIONS)]
    threads = [
        threading.Thread(target=_post, args=((address.hostname, address.port), share, failures))
        for share in shares
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(failures[0])
    pipe.send("done")


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
