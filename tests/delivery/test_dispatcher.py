"""Sending: how many at once, what waits, what is tried again, what a close interrupts."""

import asyncio
import logging
import re

import pytest

from otel_bridge.delivery import Backoff, Kind
from tests.delivery.vendor import NEVER, TOKEN, Account, PlainTarget, batch, dispatching, finished, numbers
from tests.vendor_server import PATIENCE, Manner, Reply, VendorServer, closed_port, script

pytestmark = pytest.mark.anyio


async def test_delivered_entries_are_settled_and_counted(server: VendorServer, account: Account) -> None:
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", 1, 2, 3))

        assert 3 == dispatcher.bytes
        assert 1 == dispatcher.in_flight
        assert not dispatcher.idle
        assert await dispatcher.drain(PATIENCE)
        assert 0 == dispatcher.bytes == dispatcher.in_flight
    assert [1, 2, 3] == account.settled_origins
    assert [1, 2, 3] == numbers(server.requests[0])
    assert {"sent": 3, "dead": 0, "warned": 0, "requests": 1} == account.counts


async def test_nonsense_in_a_200_is_a_delivery(server: VendorServer, account: Account) -> None:
    server.answer = lambda _: Reply(200, b"\xff<html>")
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", 1))
        await finished(dispatcher)

    assert [1] == account.settled_origins


async def test_one_payload_for_each_api_and_eight_in_all(server: VendorServer, account: Account) -> None:
    server.may_answer.clear()
    async with dispatching(PlainTarget(server.url), account, queue_size=1) as dispatcher:
        for number in range(24):
            dispatcher.submit(batch(f"api {number % 12}", number))
        await asyncio.to_thread(server.wait_for, 8)
        server.may_answer.set()
        await finished(dispatcher)
    received = [numbers(request)[0] for request in server.requests]

    assert 8 == server.most_in_flight
    assert all(received.index(number) < received.index(number + 12) for number in range(12))


async def test_a_payload_never_passes_its_bound(server: VendorServer, account: Account) -> None:
    async with dispatching(PlainTarget(server.url, max_payload=8), account) as dispatcher:
        dispatcher.submit(batch("a", *range(10)))
        await finished(dispatcher)

    assert [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]] == [numbers(request) for request in server.requests]
    assert list(range(10)) == account.settled_origins


async def test_an_outage_is_waited_out_and_logged_at_both_ends(
    server: VendorServer, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server.answer = script([Reply(503)] * 12)
    async with dispatching(PlainTarget(server.url), account, retry_count=2) as dispatcher:
        for number in range(10):
            dispatcher.submit(batch(f"api {number}", number))
        await account.until(lambda: dispatcher.hold)
        await finished(dispatcher)
    messages = [
        (record.levelname, re.sub(r"after \d+ s$", "after a while", record.message))
        for record in caplog.records
        if "galileo" in record.message
    ]

    assert list(range(10)) == sorted(account.settled_origins, key=str)
    assert {} == account.dead
    assert [
        (
            "WARNING",
            f"galileo/test: nothing is sent for now: {server.url} answered 503 Service Unavailable: {{}}",
        ),
        ("INFO", "galileo/test: sending again after a while"),
    ] == messages


@pytest.mark.parametrize(
    ("reply", "advice"),
    [
        (Reply(401, b"unknown token " + TOKEN.encode()), "does not accept the token: check token"),
        (Reply(403), "check token"),
        (Reply(301, headers={"Location": "https://new/"}), "redirects to https://new/"),
        (Reply(404), "check address"),
        (Reply(405), "check address"),
        (Reply(410), "check address"),
    ],
)
async def test_a_wrong_destination_holds_and_says_what_to_check(
    server: VendorServer, account: Account, caplog: pytest.LogCaptureFixture, reply: Reply, advice: str
) -> None:
    server.answer = script([reply] * 8)
    async with dispatching(PlainTarget(server.url), account, retry_count=1) as dispatcher:
        dispatcher.submit(batch("a", 1))
        dispatcher.submit(batch("b", 2))
        await account.until(lambda: dispatcher.hold)
        hold = dispatcher.hold
        await finished(dispatcher)

    assert hold is not None
    assert Kind.WRONG_DESTINATION == hold.setback.kind
    assert ["ERROR"] == [record.levelname for record in caplog.records if advice in record.message]
    assert TOKEN not in caplog.text
    assert {} == account.dead
    assert {1, 2} == set(account.settled_origins)


async def test_in_a_hold_one_request_at_a_time_asks(server: VendorServer, account: Account) -> None:
    server.answer = lambda _: Reply(503, delay=0.005)
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        for number in range(30):
            dispatcher.submit(batch(f"api {number}", number))
        await account.until(lambda: dispatcher.hold and not dispatcher.in_flight)
        server.most_in_flight = 0
        seen = len(server.requests)
        await asyncio.to_thread(server.wait_for, seen + 5)

        assert 1 == server.most_in_flight
        assert 50 == dispatcher.bytes


@pytest.mark.parametrize("manner", [Manner.CLOSE, Manner.RESET])
async def test_broken_connections_are_retried(server: VendorServer, account: Account, manner: Manner) -> None:
    server.answer = script([Reply(manner=manner)] * 3)
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", 1))
        await finished(dispatcher)

    assert [1] == account.settled_origins
    assert [Kind.RETRY] * 3 == account.failed


async def test_a_destination_that_is_not_there_holds_without_limit(account: Account) -> None:
    target = PlainTarget(f"http://127.0.0.1:{closed_port()}")
    async with dispatching(target, account, retry_count=1) as dispatcher:
        dispatcher.submit(batch("a", 1))
        await account.until(lambda: len(account.failed) > 10)
        hold = dispatcher.hold

    assert hold is not None
    assert "connection refused" in hold.setback.reason
    assert hold.attempts >= 10
    assert {} == account.dead


async def test_retry_after_is_a_floor(server: VendorServer, account: Account) -> None:
    server.answer = script([Reply(429, headers={"Retry-After": "0.3"})])
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", 1))
        dispatcher.submit(batch("a", 2))
        await finished(dispatcher)
    first, second, _ = server.requests

    assert second.at - first.at >= 0.29
    assert [1, 2] == account.settled_origins


async def test_a_bug_in_a_vendor_is_retried_like_an_outage(server: VendorServer, account: Account) -> None:
    target = PlainTarget(server.url)
    async with dispatching(target, account) as dispatcher:
        server.answer = script([Reply(207, b"not json")])
        dispatcher.submit(batch("a", 1))
        await finished(dispatcher)

    assert [1] == account.settled_origins
    assert [Kind.RETRY] == account.failed


async def test_close_interrupts_requests_and_waits_at_once(server: VendorServer, account: Account) -> None:
    server.answer = lambda request: Reply(503) if numbers(request) == [1] else Reply(manner=Manner.HANG)
    async with dispatching(PlainTarget(server.url), account, backoff=NEVER) as dispatcher:
        dispatcher.submit(batch("a", 1))
        dispatcher.submit(batch("b", 2))
        await account.until(lambda: account.failed)
        await asyncio.to_thread(server.wait_for, 2)
        async with asyncio.timeout(PATIENCE / 2):  # less than the destination has to answer
            await dispatcher.close()

        with pytest.raises(RuntimeError):
            dispatcher.submit(batch("a", 3))
    assert [] == account.settled_origins


async def test_drain_does_not_wait_for_a_destination_that_is_down(
    server: VendorServer, account: Account
) -> None:
    server.answer = lambda _: Reply(503)
    async with dispatching(PlainTarget(server.url), account, backoff=NEVER) as dispatcher:
        dispatcher.submit(batch("a", 1))

        async with asyncio.timeout(PATIENCE):
            assert not await dispatcher.drain(3600)


async def test_drain_ends_after_its_time(server: VendorServer, account: Account) -> None:
    server.answer = lambda _: Reply(manner=Manner.HANG)
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", 1))

        assert not await dispatcher.drain(0.1)


async def test_discarded_entries_are_neither_sent_nor_reported(
    server: VendorServer, account: Account
) -> None:
    server.answer = script([Reply(503)])
    async with dispatching(PlainTarget(server.url), account, backoff=Backoff(ceiling=1.0)) as dispatcher:
        dispatcher.submit(batch("a", 1, 2, 3))
        dispatcher.submit(batch("a", 4))
        await account.until(lambda: dispatcher.hold)

        assert 3 == dispatcher.discard(lambda entry: entry.origin != 2)
        assert 1 == dispatcher.bytes
        await finished(dispatcher)
    assert [2] == account.settled_origins
    assert [[1, 2, 3], [2]] == [numbers(request) for request in server.requests]
