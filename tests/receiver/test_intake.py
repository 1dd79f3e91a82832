"""The way of a request into the journal, without a transport."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Iterator

import pytest

from otel_bridge.journal.errors import JournalFull
from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.receiver.intake import Intake, Redacts
from otel_bridge.receiver.refusals import Busy, Undecodable
from otel_bridge.receiver.signals import Encoding, Signal, Transport
from otel_bridge.redaction import DEFAULTS, Redacted, Redactor
from otel_bridge.telemetry.instruments import (
    ACCEPTED_BYTES,
    ACCEPTED_SPANS,
    COMMIT_SECONDS,
    DUPLICATE_REQUESTS,
    MASKED_VALUES,
)
from otel_bridge.telemetry.metrics import Metrics
from tests.loops import LIMIT
from tests.receiver.running import MemoryJournal, fresh_json, fresh_request

LARGE_JSON = 20_000
LARGE = 2_000_000
HOSTILE = 64_000
SECRETS = 1_000


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bench:
    """An intake and its surroundings."""

    def __init__(self, redactor: Redacts | None = None) -> None:
        self.journal = MemoryJournal()
        self.metrics = Metrics()
        self.clock = Clock()
        self.intake = Intake(self.journal, redactor or Redactor(DEFAULTS), self.metrics, clock=self.clock)

    async def accept(self, body: bytes, encoding: Encoding = Encoding.PROTOBUF) -> None:
        await self.intake.accept(body, signal=Signal.TRACES, encoding=encoding, transport=Transport.HTTP)

    def run(self, check: Callable[[], Coroutine[None, None, None]]) -> None:
        async def bounded() -> None:
            async with asyncio.timeout(LIMIT):
                await check()

        asyncio.run(bounded())


@pytest.fixture
def bench() -> Iterator[Bench]:
    bench = Bench()
    yield bench
    bench.journal.may_commit.set()
    bench.journal.close()


BODIES: dict[str, tuple[Callable[[], bytes], Encoding]] = {
    "small protobuf": (fresh_request, Encoding.PROTOBUF),
    "large protobuf": (lambda: fresh_request(filler=LARGE), Encoding.PROTOBUF),
    "small JSON": (fresh_json, Encoding.JSON),
    "large JSON": (lambda: fresh_json(filler=LARGE_JSON), Encoding.JSON),
}
sizes = pytest.mark.parametrize("kind", BODIES)


def made(kind: str) -> tuple[bytes, Encoding]:
    make, encoding = BODIES[kind]
    return make(), encoding


@sizes
def test_journals_and_counts(bench: Bench, kind: str) -> None:
    body, encoding = made(kind)

    async def check() -> None:
        await bench.accept(body, encoding)

    bench.run(check)

    assert 1 == len(bench.journal.requests())
    assert 1 == bench.metrics.value(ACCEPTED_SPANS, "http")
    assert len(bench.journal.records[0]) == bench.metrics.value(ACCEPTED_BYTES, "http")


@sizes
def test_the_same_body_twice_at_once_shares_one_commit(bench: Bench, kind: str) -> None:
    body, encoding = made(kind)
    bench.journal.may_commit.clear()

    async def check() -> None:
        both = [asyncio.create_task(bench.accept(body, encoding)) for _ in range(2)]
        await asyncio.to_thread(bench.journal.waiting.acquire, timeout=LIMIT)
        assert not any(each.done() for each in both)
        bench.journal.may_commit.set()
        await asyncio.gather(*both)

    bench.run(check)

    assert 1 == len(bench.journal.records)
    assert 1 == bench.metrics.value(DUPLICATE_REQUESTS, "http")
    assert 1 == bench.metrics.value(ACCEPTED_SPANS, "http")


@sizes
def test_the_same_body_twice_at_once_shares_one_failure(bench: Bench, kind: str) -> None:
    body, encoding = made(kind)
    bench.journal.failure = JournalFull("2 GiB are used")
    bench.journal.may_commit.clear()

    async def check() -> None:
        both = [asyncio.create_task(bench.accept(body, encoding)) for _ in range(2)]
        await asyncio.to_thread(bench.journal.waiting.acquire, timeout=LIMIT)
        bench.journal.may_commit.set()
        results = await asyncio.gather(*both, return_exceptions=True)
        assert [Busy, Busy] == [type(each) for each in results]
        bench.journal.failure = None
        await bench.accept(body, encoding)

    bench.run(check)

    assert 1 == len(bench.journal.records)


@sizes
def test_a_waiter_that_is_cancelled_does_not_take_the_others_along(bench: Bench, kind: str) -> None:
    body, encoding = made(kind)
    bench.journal.may_commit.clear()

    async def check() -> None:
        first = asyncio.create_task(bench.accept(body, encoding))
        second = asyncio.create_task(bench.accept(body, encoding))
        await asyncio.to_thread(bench.journal.waiting.acquire, timeout=LIMIT)
        first.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await first
        bench.journal.may_commit.set()
        await second

    bench.run(check)

    assert 1 == len(bench.journal.records)
    assert 1 == bench.metrics.value(ACCEPTED_SPANS, "http")


def test_a_failure_nobody_waits_for_any_more_stays_quiet(bench: Bench) -> None:
    bench.journal.failure = JournalFull("2 GiB are used")
    bench.journal.may_commit.clear()
    complaints: list[object] = []

    async def check() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        lonely = asyncio.create_task(bench.accept(fresh_request()))
        await asyncio.to_thread(bench.journal.waiting.acquire, timeout=LIMIT)
        lonely.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await lonely
        bench.journal.may_commit.set()
        with pytest.raises(Busy):
            await bench.accept(fresh_request())

    bench.run(check)

    assert [] == complaints


@sizes
def test_what_cannot_be_decoded_is_refused_each_time(bench: Bench, kind: str) -> None:
    body, encoding = made(kind)
    broken = body[:-1]

    async def check() -> None:
        for _ in range(2):
            with pytest.raises(Undecodable):
                await bench.accept(broken, encoding)

    bench.run(check)

    assert [] == bench.journal.records
    assert 0 == bench.metrics.value(DUPLICATE_REQUESTS, "http")


def test_a_body_sent_again_after_two_minutes_is_new(bench: Bench) -> None:
    body = fresh_request()

    async def check() -> None:
        await bench.accept(body)
        bench.clock.now += 119
        await bench.accept(body)
        assert 1 == len(bench.journal.records)
        bench.clock.now += 2
        await bench.accept(body)
        assert 2 == len(bench.journal.records)

    bench.run(check)


def test_large_bodies_are_worked_on_beside_the_loop_and_one_at_a_time() -> None:
    redactor = Stopping(LARGE)
    bench = Bench(redactor)

    async def check() -> None:
        large = [asyncio.create_task(bench.accept(fresh_request(filler=LARGE))) for _ in range(3)]
        for done in range(3):
            assert await asyncio.to_thread(redactor.inside.acquire, timeout=LIMIT)
            await bench.accept(fresh_request())
            assert not redactor.inside.acquire(blocking=False)
            assert 2 * done + 1 == len(bench.journal.records)
            redactor.go_on.release()
            await asyncio.wait(large, return_when=asyncio.FIRST_COMPLETED)
            large = [each for each in large if not each.done()]

    bench.run(check)
    bench.journal.close()


def test_secrets_stop_here(bench: Bench) -> None:
    request = TraceRequest.FromString(fresh_request())
    span = request.resource_spans[0].scope_spans[0].spans[0]
    header = span.attributes.add(key="http.request.header.authorization")
    header.value.array_value.values.add(string_value="Bearer very-secret")

    async def check() -> None:
        await bench.accept(request.SerializeToString())

    bench.run(check)

    assert b"very-secret" not in bench.journal.records[0]
    assert 1 == bench.metrics.value(MASKED_VALUES)


def test_the_time_to_the_commit_is_measured(bench: Bench) -> None:
    bench.journal.may_commit.clear()

    async def check() -> None:
        waiting = asyncio.create_task(bench.accept(fresh_request()))
        await asyncio.to_thread(bench.journal.waiting.acquire, timeout=LIMIT)
        bench.clock.now += 3
        bench.journal.may_commit.set()
        await waiting

    bench.run(check)

    assert b"receiver_commit_seconds_sum 3.0\n" in bench.metrics.exposition()
    assert COMMIT_SECONDS.exposed_name.encode() in bench.metrics.exposition()


class TestHostileBodies:
    def test_leave_the_event_loop_to_others(self) -> None:
        """Bodies of 64 KB that redaction needs long for: others are journaled in the middle of each."""
        redactor = Stopping(HOSTILE)
        bench = Bench(redactor)
        hostile = [_full_of_secrets(HOSTILE) for _ in range(4)]

        async def check() -> None:
            working = [asyncio.create_task(bench.accept(body)) for body in hostile]
            for done in range(4):
                assert await asyncio.to_thread(redactor.inside.acquire, timeout=LIMIT)
                await bench.accept(fresh_request())
                assert not any(each.done() for each in working[done:])
                redactor.go_on.release()
                await working[done]

        bench.run(check)
        bench.journal.close()

        assert 8 == len(bench.journal.records)
        assert 4 * SECRETS == bench.metrics.value(MASKED_VALUES)

    def test_that_are_large_keep_small_ones_waiting_for_nothing(self) -> None:
        redactor = Stopping(LARGE)
        bench = Bench(redactor)

        async def check() -> None:
            large = asyncio.create_task(bench.accept(fresh_request(filler=LARGE)))
            assert await asyncio.to_thread(redactor.inside.acquire, timeout=LIMIT)
            await bench.accept(_full_of_secrets(20_000))
            assert not large.done()
            redactor.go_on.release()
            await large

        bench.run(check)
        bench.journal.close()


class Stopping:
    """Redacts, but stops before each body of at least *size* bytes until it is let go."""

    def __init__(self, size: int) -> None:
        self.inside = threading.Semaphore(0)
        self.go_on = threading.Semaphore(0)
        self._size = size
        self._redactor = Redactor(DEFAULTS)

    def suspects(self, record: bytes) -> bool:
        return self._redactor.suspects(record)

    def redact(self, record: bytes) -> Redacted:
        if len(record) >= self._size:
            self.inside.release()
            assert self.go_on.acquire(timeout=LIMIT)
        return self._redactor.redact(record)

    redact_logs = redact


def _full_of_secrets(size: int) -> bytes:
    """At least *size* bytes, in which `SECRETS` values are to be masked."""
    request = TraceRequest.FromString(fresh_request())
    span = request.resource_spans[0].scope_spans[0].spans[0]
    name = "http.request.header.authorization"
    secret = "x" * (size // SECRETS)
    for number in range(SECRETS):
        span.attributes.add(key=name).value.string_value = f"Bearer {secret}{number}"
    return request.SerializeToString()
