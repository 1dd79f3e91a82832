"""A gateway under load: posts prepared requests over several connections, in a process of its own."""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection
from typing import BinaryIO, NamedTuple
from urllib.parse import urlsplit

from bench.loads import load

_CONTEXT = multiprocessing.get_context("spawn")
# Kong's workers each send one request at a time.
_CONNECTIONS = 4
_PATIENCE = 120.0
# A bridge that has just started fills its caches first, and so do the automata of its patterns.
_WARM_UP = 0.2


class Sent(NamedTuple):
    exchanges: int
    moments: float
    """The monotonic clock when each was due to be sent, summed up over the exchanges."""
    waits: list[float]
    """Seconds from when each request was due to its acknowledgement."""


class Posted(NamedTuple):
    due: float
    acknowledged: float


class Sender:
    """Everything is prepared before it sends, so that little is left to disturb what is measured."""

    def __init__(self, pipe: Connection) -> None:
        self._pipe = pipe
        self.sent = 0
        """Exchanges so far."""

    def warm_up(self) -> None:
        """Post the first part; returns once all of it is acknowledged. Raises EOFError if it isn't."""
        self.send(_WARM_UP)

    def send(self, share: float = 1.0, *, rate: float | None = None) -> Sent:
        """Likewise the next *share* of all requests, or what is left; as fast as they are acknowledged,
        or as many exchanges a second as *rate* says."""
        self._pipe.send((share, rate))
        if not self._pipe.poll(_PATIENCE):
            raise TimeoutError(f"not everything was taken within {_PATIENCE:g} s")
        sent: Sent = self._pipe.recv()
        self.sent += sent.exchanges
        return sent


@contextmanager
def ready(url: str, load_name: str, exchanges: int, *, apis: int = 1, seed: int = 0) -> Iterator[Sender]:
    """A sender of *exchanges* of a load to *url*; *apis* and *seed* are as in `load`."""
    ours, theirs = _CONTEXT.Pipe()
    arguments = (theirs, url, load_name, exchanges, apis, seed)
    process = _CONTEXT.Process(target=_run, args=arguments, daemon=True)
    process.start()
    theirs.close()
    try:
        ours.recv()
        yield Sender(ours)
    finally:
        process.kill()
        process.join()


def _run(pipe: Connection, url: str, load_name: str, exchanges: int, apis: int, seed: int) -> None:
    address = urlsplit(url)
    head = (
        f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\n"
        "Content-Type: application/x-protobuf\r\nContent-Length: %d\r\n\r\n"
    ).encode()
    prepared = load(load_name, exchanges, apis=apis, seed=seed)
    requests = [head % len(body) + body for body in prepared.requests]
    begun = 0
    pipe.send("ready")
    while begun < len(requests):
        share, rate = pipe.recv()
        part = requests[begun : begun + max(1, round(share * len(requests)))]
        begun += len(part)
        interval = prepared.exchanges_each / rate if rate else 0.0
        posted = _post_all(address.hostname or "", address.port or 0, part, interval)
        pipe.send(_sent(posted, prepared.exchanges_each))


def _sent(posted: Sequence[Posted], exchanges_each: int) -> Sent:
    return Sent(
        len(posted) * exchanges_each,
        sum(each.due for each in posted) * exchanges_each,
        [each.acknowledged - each.due for each in posted],
    )


def _post_all(host: str, port: int, requests: list[bytes], interval: float) -> list[Posted]:
    """*interval*: seconds from one request to the next, 0 for as soon as the one before is answered."""
    failures: list[str] = []
    posted: list[Posted] = []
    start = time.monotonic()

    def post(share: int) -> None:
        numbers = range(share, len(requests), _CONNECTIONS)
        due = [start + number * interval if interval else None for number in numbers]
        _post((host, port), zip(due, requests[share::_CONNECTIONS], strict=True), posted, failures)

    threads = [threading.Thread(target=post, args=(share,)) for share in range(_CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise SystemExit(failures[0])
    return posted


def _post(
    address: tuple[str, int],
    requests: Iterable[tuple[float | None, bytes]],
    posted: list[Posted],
    failures: list[str],
) -> None:
    with socket.create_connection(address) as connection, connection.makefile("rb") as stream:
        for scheduled, request in requests:
            # What waits behind a late answer was due all the same: slowness must not hide itself.
            due = scheduled or time.monotonic()
            time.sleep(max(0.0, due - time.monotonic()))
            connection.sendall(request)
            if status := _refusal(stream):
                failures.append(f"a request was refused: {status}")
                return
            posted.append(Posted(due, time.monotonic()))


def _refusal(stream: BinaryIO) -> str:
    """The status line of the answer that comes next where it isn't 200; its body is read as well."""
    status = stream.readline()
    length = 0
    while (line := stream.readline()) not in (b"", b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    stream.read(length)
    return "" if status.startswith(b"HTTP/1.1 200 ") else status.decode("latin-1").strip()
