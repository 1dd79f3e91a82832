"""Bodies are let go when they are answered, not when the garbage collector comes by."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import Future

import grpc
import pytest

from otel_bridge.journal.errors import JournalFull
from otel_bridge.journal.record import Signal
from otel_bridge.receiver.signals import METHODS
from tests.bridge import eventually
from tests.loops import LIMIT, BackgroundLoop
from tests.receiver.running import Receivers, fresh_request

SIZE = 1_500_000
UNDECODABLE = b"\x0a\xff" + bytes(SIZE)


class FullJournal:
    def append(self, signal: Signal, body: bytes) -> Future[int]:
        refused: Future[int] = Future()
        refused.set_exception(JournalFull("full"))
        return refused


@pytest.fixture
def no_collector() -> Iterator[None]:
    gc.collect()
    gc.disable()
    tracemalloc.start()
    yield
    tracemalloc.stop()
    gc.enable()


def over_http(receivers: Receivers, body: bytes) -> bool:
    return receivers.post(body).status_code == 200


def over_grpc(receivers: Receivers, body: bytes) -> bool:
    with grpc.insecure_channel(receivers.grpc_address, [("grpc.max_send_message_length", -1)]) as channel:
        try:
            channel.unary_unary(next(iter(METHODS)))(body, timeout=LIMIT)
        except grpc.RpcError:
            return False
        return True


@pytest.mark.parametrize("send", [over_http, over_grpc])
def test_a_body_that_is_not_otlp(
    receivers: Receivers, no_collector: None, send: Callable[[Receivers, bytes], bool]
) -> None:
    for _ in range(6):
        assert not send(receivers, UNDECODABLE)

    let_go()


@pytest.mark.parametrize("send", [over_http, over_grpc])
def test_a_body_that_finds_the_journal_full(
    loop: BackgroundLoop, no_collector: None, send: Callable[[Receivers, bytes], bool]
) -> None:
    body = fresh_request(filler=SIZE)
    tracemalloc.clear_traces()
    with Receivers(loop, journal=FullJournal()) as receivers:
        for _ in range(6):
            assert not send(receivers, body)

        let_go()


def let_go() -> None:
    def held() -> int:
        return tracemalloc.get_traced_memory()[0]

    eventually(lambda: held() < SIZE, "the bodies are let go")
