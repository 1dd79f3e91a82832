"""Gateways that send recorded Kong traffic at a steady rate, and again what is not acknowledged.

One over HTTP and one over gRPC, each with one request on its way, as a worker of Kong's has it.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from random import Random
from types import TracebackType
from typing import NamedTuple, Self

import grpc
import httpx

from otel_bridge.demo.replay import IdMap, Recording
from otel_bridge.mapping import spot
from tests.bridge import PROTOBUF
from tests.end_to_end.traffic import EXPORT
from tests.recordings import payloads

_RECORDINGS = ("kong-3.9-load/default", "kong-3.9-load/recommended", "kong-3.9-otel-capture")
_TIMEOUT = 5.0
_FIRST_WAIT = 0.01
_LONGEST_WAIT = 1.0
# A channel's own waits would grow to two minutes.
_GRPC_OPTIONS = (("grpc.initial_reconnect_backoff_ms", 100), ("grpc.max_reconnect_backoff_ms", 1000))

Export = Callable[[bytes], bool]
"""Sends one request; whether it was acknowledged."""


class Batch(NamedTuple):
    body: bytes
    exchanges: list[str]
    """`trace id-span id` of each."""


class Gateways:
    """Send from `with` to its end; what is on its way then is sent until it is acknowledged."""

    def __init__(self, http_url: str, grpc_address: str, *, rate: float, seed: int) -> None:
        """*rate* is exchanges a second, of both together."""
        self.sent = 0
        """Exchanges, each counted once."""
        self.acknowledged: list[str] = []
        self.repeated = 0
        """Requests that had to be sent again."""
        self._rate = rate / 2
        self._guard = threading.Lock()
        self._over = threading.Event()
        ways: list[Callable[[ExitStack], Export]] = [
            lambda stack: _http(http_url, stack),
            lambda stack: _grpc(grpc_address, stack),
        ]
        self._threads = [
            threading.Thread(target=self._run, args=(way, Random(f"{seed} {number}")), daemon=True)
            for number, way in enumerate(ways)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        if error is None:
            for thread in self._threads:
                thread.join()

    def _run(self, connect: Callable[[ExitStack], Export], rng: Random) -> None:
        with ExitStack() as stack:
            export = connect(stack)
            due = time.monotonic()
            for recording in itertools.cycle(_recordings(rng)):
                batch = _replay(recording, rng)
                self._send(export, batch)
                # Time lost in an outage is not made up for: that would be another load.
                due = max(due, time.monotonic() - 1) + len(batch.exchanges) / self._rate
                if self._over.wait(max(0.0, due - time.monotonic())):
                    return

    def _send(self, export: Export, batch: Batch) -> None:
        with self._guard:
            self.sent += len(batch.exchanges)
        wait = _FIRST_WAIT
        while not export(batch.body):
            with self._guard:
                self.repeated += 1
            time.sleep(wait)
            wait = min(_LONGEST_WAIT, 2 * wait)
        with self._guard:
            self.acknowledged += batch.exchanges


def _recordings(rng: Random) -> list[Recording]:
    found = [Recording(request) for name in _RECORDINGS for request in payloads(name)]
    rng.shuffle(found)
    return found


def _replay(recording: Recording, rng: Random) -> Batch:
    body = recording.replay(shift_ns=time.time_ns() - recording.end_ns, ids=IdMap(rng.randbytes))
    exchanges = [found.exchange for found in spot(body).exchanges]
    return Batch(body, [f"{each.trace_id.hex()}-{each.span_id.hex()}" for each in exchanges])


def _http(url: str, stack: ExitStack) -> Export:
    client = stack.enter_context(httpx.Client(timeout=_TIMEOUT, headers=PROTOBUF))

    def export(body: bytes) -> bool:
        try:
            return client.post(url, content=body).status_code == 200
        except httpx.TransportError:
            return False

    return export


def _grpc(address: str, stack: ExitStack) -> Export:
    channel = stack.enter_context(grpc.insecure_channel(address, options=_GRPC_OPTIONS))
    call = channel.unary_unary(EXPORT)

    def export(body: bytes) -> bool:
        try:
            call(body, timeout=_TIMEOUT)
        except grpc.RpcError:
            return False
        return True

    return export
