"""A Galileo collector that costs next to nothing: it counts the entries that arrive."""

from __future__ import annotations

import multiprocessing
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_longlong
from multiprocessing.sharedctypes import Synchronized
from typing import BinaryIO

_CONTEXT = multiprocessing.get_context("spawn")
# Each entry has it once, and no base64 body can.
_ENTRY = b'"startedDateTime"'
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class Sink:
    def __init__(self, port: int, entries: Synchronized[int]) -> None:
        self.port = port
        self._entries = entries

    @property
    def entries(self) -> int:
        """That arrived so far."""
        return self._entries.value


@contextmanager
def running() -> Iterator[Sink]:
    """One in a process of its own."""
    entries = _CONTEXT.Value(c_longlong, 0)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        process = _CONTEXT.Process(target=_run, args=(listener, entries), daemon=True)
        process.start()
        port: int = listener.getsockname()[1]
    try:
        yield Sink(port, entries)
    finally:
        process.kill()
        process.join()


def _run(listener: socket.socket, entries: Synchronized[int]) -> None:
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=_answer, args=(connection, entries), daemon=True).start()


def _answer(connection: socket.socket, entries: Synchronized[int]) -> None:
    with connection, connection.makefile("rb") as stream:
        while (length := _body_length(stream)) is not None:
            found = stream.read(length).count(_ENTRY)
            with entries.get_lock():
                entries.value += found
            connection.sendall(_ANSWER)


def _body_length(stream: BinaryIO) -> int | None:
    """Of the request whose head comes next; None where the connection is over."""
    length = None
    while (line := stream.readline()) not in (b"", b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return length
