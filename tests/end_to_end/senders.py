"""Clients that post all the time, as gateways do: what is not answered with 200 is sent again."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from types import TracebackType
from typing import Self

import grpc
import httpx

from tests.bridge import PATIENCE, PROTOBUF, Bridge
from tests.end_to_end.traffic import EXPORT, Call, request

PAUSE = 0.01

Export = Callable[[bytes], str]
"""Sends one request; returns why that failed, "" where it did not."""

Client = Callable[[Bridge, ExitStack], Export]
"""Connects to a bridge, until the stack is closed."""


class Senders:
    """`with Senders(bridge) as senders: ...` posts from a few threads until the block is left.

    Most speak HTTP, and as many as *grpc_threads* speak gRPC. With *retry* a request is repeated until it
    is answered; without, it is given up where it fails.
    """

    def __init__(
        self, bridge: Bridge, *, threads: int = 3, grpc_threads: int = 0, retry: bool = True
    ) -> None:
        self.confirmed: list[str] = []
        """Paths of the exchanges that were answered with 200, or OK."""
        self.failures: list[str] = []
        """Why requests failed, each time."""
        self._bridge = bridge
        self._retry = retry
        self._numbers = itertools.count()
        self._over = threading.Event()
        clients = [_http] * threads + [_grpc] * grpc_threads
        self._threads = [
            threading.Thread(target=self._send, args=(client,), daemon=True) for client in clients
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _send(self, client: Client) -> None:
        with ExitStack() as stack:
            export = client(self._bridge, stack)
            while not self._over.is_set():
                path = f"/{id(self)}-{next(self._numbers):06d}"
                body = request(Call(path))
                while failure := export(body):
                    self.failures.append(failure)
                    if not self._retry or self._over.is_set():
                        break
                    time.sleep(PAUSE)
                else:
                    self.confirmed.append(path)


def _http(bridge: Bridge, stack: ExitStack) -> Export:
    url = bridge.address("OTLP/HTTP")
    client = stack.enter_context(httpx.Client(timeout=PATIENCE, headers=PROTOBUF))

    def export(body: bytes) -> str:
        try:
            status = client.post(url, content=body).status_code
        except httpx.TransportError as error:
            return repr(error)
        return "" if status == 200 else str(status)

    return export


def _grpc(bridge: Bridge, stack: ExitStack) -> Export:
    channel = stack.enter_context(grpc.insecure_channel(bridge.address("OTLP/gRPC")))
    call = channel.unary_unary(EXPORT)

    def export(body: bytes) -> str:
        try:
            call(body, timeout=PATIENCE)
        except grpc.RpcError as error:
            return str(error)
        return ""

    return export
