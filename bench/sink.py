"""A destination that costs next to nothing: it counts the exchanges that arrive, and when.

It is a Galileo collector, and takes OTLP over HTTP and gRPC as well, for the bridge's peers.
"""

from __future__ import annotations

import multiprocessing
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import SynchronizedArray
from typing import BinaryIO, NamedTuple

import grpc
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

_CONTEXT = multiprocessing.get_context("spawn")
# Each ALF entry has it once, and no base64 body can.
_ENTRY = b'"startedDateTime"'
_TRACES = b"/v1/traces"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
_OTLP_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"
_EXPORT = "opentelemetry.proto.collector.trace.v1.TraceService"
_UNBOUNDED = [("grpc.max_receive_message_length", -1)]


class Arrived(NamedTuple):
    exchanges: int
    moments: float
    """The monotonic clock at each arrival, summed up over the exchanges."""
    last: float
    """When the last request arrived."""
    earlier: int
    """Exchanges before that one."""
    earlier_last: float
    """When these were there."""


class Sink:
    def __init__(self, port: int, grpc_port: int, counts: SynchronizedArray[float], pipe: Connection) -> None:
        self.port = port
        self.grpc_port = grpc_port
        self._counts = counts
        self._pipe = pipe

    def come_back(self) -> None:
        """Begin to listen, for one that was away."""
        self._pipe.send("listen")
        self._pipe.recv()

    @property
    def entries(self) -> int:
        """Exchanges that arrived so far."""
        return self.arrived.exchanges

    @property
    def arrived(self) -> Arrived:
        with self._counts.get_lock():
            exchanges, moments, last, earlier, earlier_last = self._counts
        return Arrived(int(exchanges), moments, last, int(earlier), earlier_last)


@contextmanager
def running(*, away: bool = False) -> Iterator[Sink]:
    """One in a process of its own; *away*: its HTTP port refuses until it is told to come back."""
    counts = _CONTEXT.Array("d", 5)
    ours, theirs = _CONTEXT.Pipe()
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        process = _CONTEXT.Process(target=_run, args=(listener, counts, theirs), daemon=True)
        process.start()
        port: int = listener.getsockname()[1]
    try:
        destination = Sink(port, ours.recv(), counts, ours)
        if not away:
            destination.come_back()
        yield destination
    finally:
        process.kill()
        process.join()


def _run(listener: socket.socket, counts: SynchronizedArray[float], pipe: Connection) -> None:
    server = _grpc_server(counts)
    pipe.send(server.add_insecure_port("127.0.0.1:0"))
    server.start()
    pipe.recv()
    listener.listen()
    pipe.send("listening")
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_answer, args=(connection, counts), daemon=True).start()


def _answer(connection: socket.socket, counts: SynchronizedArray[float]) -> None:
    # Programs that were measured are killed.
    with connection, connection.makefile("rb") as stream, suppress(ConnectionResetError):
        while (request := _read_request(stream)) is not None:
            target, body = request
            if target.endswith(_TRACES):
                _count(counts, server_spans(body))
                connection.sendall(_OTLP_ANSWER)
            else:
                _count(counts, body.count(_ENTRY))
                connection.sendall(_ANSWER)


def _read_request(stream: BinaryIO) -> tuple[bytes, bytes] | None:
    """The target and the body of the request that comes next; None where the connection is over."""
    words = stream.readline().split()
    length = None
    while (line := stream.readline()) not in (b"", b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return None if length is None else (words[1], stream.read(length))


def _grpc_server(counts: SynchronizedArray[float]) -> grpc.Server:
    def export(request: bytes, _: grpc.ServicerContext) -> bytes:
        _count(counts, server_spans(request))
        return b""

    server = grpc.server(ThreadPoolExecutor(4), options=_UNBOUNDED)
    # No (de)serialisers: bytes come and go.
    methods = {"Export": grpc.unary_unary_rpc_method_handler(export)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(_EXPORT, methods),))
    return server


def server_spans(request: bytes) -> int:
    """Kong's exchanges in an OTLP request: its other spans are of other kinds."""
    return sum(
        span.kind == Span.SPAN_KIND_SERVER
        for resource in ExportTraceServiceRequest.FromString(request).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    )


def _count(counts: SynchronizedArray[float], exchanges: int) -> None:
    now = time.monotonic()
    with counts.get_lock():
        total, moments, last, _, _ = counts
        counts[:] = [total + exchanges, moments + exchanges * now, now, total, last]
