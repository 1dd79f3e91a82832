"""Calls of gRPC without their message: the bound on them, and whose go first."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent import futures

import grpc
import pytest

from otel_bridge.receiver.incomplete import IncompleteCalls
from tests.bridge import eventually
from tests.loops import LIMIT, BackgroundLoop
from tests.receiver.running import Receivers, fresh_request
from tests.receiver.test_otlp_grpc import TRACES


def test_the_connection_with_most_of_them_loses_its_oldest() -> None:
    async def ended() -> list[str]:
        calls = IncompleteCalls(3)
        gone: list[str] = []

        async def call(peer: str, name: str) -> None:
            patience = asyncio.timeout(LIMIT)
            try:
                async with patience:
                    calls.add(peer, patience)
                    await asyncio.Event().wait()
            except TimeoutError:
                gone.append(name)
            finally:
                calls.remove(peer, patience)

        begun = [("honest", "honest"), ("hostile", "first"), ("hostile", "second"), ("other", "other")]
        tasks = [asyncio.create_task(call(*each)) for each in begun]
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        assert 3 == len(calls)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert 0 == len(calls)
        return gone

    assert ["first"] == asyncio.run(ended())


class Silent:
    """A call whose message does not come until it is told to."""

    def __init__(self, channel: grpc.Channel) -> None:
        self.may_send = threading.Event()
        self.answer: grpc.Future = channel.stream_unary(TRACES).future(self._messages())

    def _messages(self) -> Iterator[bytes]:
        self.may_send.wait(LIMIT)
        yield fresh_request()


@pytest.fixture
def channel(receivers: Receivers) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(receivers.grpc_address) as channel:
        yield channel


def test_a_message_that_takes_its_time_is_accepted(channel: grpc.Channel) -> None:
    call = Silent(channel)
    with pytest.raises((grpc.FutureTimeoutError, futures.TimeoutError)):
        call.answer.result(0.2)
    call.may_send.set()

    assert b"" == call.answer.result(LIMIT)


def test_a_call_without_a_message_is_refused(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        channel.stream_unary(TRACES)(iter(()), timeout=LIMIT)

    assert grpc.StatusCode.INVALID_ARGUMENT == caught.value.code()


def test_a_message_that_does_not_come_ends_its_call(loop: BackgroundLoop) -> None:
    with (
        Receivers(loop, message_timeout=0.2) as receivers,
        grpc.insecure_channel(receivers.grpc_address) as channel,
    ):
        call = Silent(channel)

        with pytest.raises(grpc.RpcError):
            call.answer.result(LIMIT)
        eventually(lambda: receivers.refused("timeout", "grpc") == 1, "it is counted")
        call.may_send.set()
