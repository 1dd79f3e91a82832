"""What a destination refuses for good, and how it becomes a dead letter."""

import asyncio
from collections.abc import Callable

import pytest

from otel_bridge.delivery import Batch, Entry, Kind
from otel_bridge.delivery.measure import LEAST
from tests.delivery.vendor import NEVER, Account, PlainTarget, batch, dispatching, finished, numbers
from tests.vendor_server import PATIENCE, Received, Reply, VendorServer

pytestmark = pytest.mark.anyio

LARGE = 2000


@pytest.mark.parametrize(("count", "bad", "requests"), [(8, 5, 7), (2, 0, 3), (2, 1, 3), (3, 0, 3)])
async def test_a_refused_exchange_is_found_and_its_neighbours_are_delivered(
    server: VendorServer, account: Account, count: int, bad: int, requests: int
) -> None:
    server.answer = lambda request: Reply(400, b"bad") if bad in numbers(request) else Reply()
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", *range(count)))
        await finished(dispatcher)

    assert {bad: ("refused with 400", "400 Bad Request: bad")} == account.dead
    assert {*range(count)} - {bad} == set(account.settled_origins)
    assert requests == len(server.requests)
    assert {Kind.SPLIT} == set(account.failed)


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_all_is_a_dead_letter_where_both_halves_are_refused(
    server: VendorServer, account: Account, status: int
) -> None:
    server.answer = lambda _: Reply(status)
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", *range(100)))
        await finished(dispatcher)

    assert [("a", list(range(100)))] == account.letters
    assert 3 == len(server.requests)
    assert 100 == account.counts["dead"]


async def test_what_a_207_names_is_a_dead_letter_and_the_rest_is_delivered(
    server: VendorServer, account: Account
) -> None:
    server.answer = lambda _: Reply(207, b"[1,3]")
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", *range(5)))
        await finished(dispatcher)

    assert [("a", [1, 3])] == account.letters
    assert ("named", "207 Multi-Status: [1,3]") == account.dead[1]
    assert [0, 2, 4] == account.settled_origins


async def test_complaints_about_what_was_taken_are_counted(server: VendorServer, account: Account) -> None:
    server.answer = lambda _: Reply(200, b"warning warning")
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", 1, 2))
        await finished(dispatcher)

    assert 2 == account.counts["warned"]
    assert [1, 2] == account.settled_origins


async def test_arrays_are_given_up_for_good_where_only_single_messages_are_taken(
    server: VendorServer, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda request: Reply(400) if request.body.startswith(b"[") else Reply()
    async with dispatching(PlainTarget(server.url, certain=False), account) as dispatcher:
        dispatcher.submit(batch("a", *range(8)))
        await finished(dispatcher)
        server.forget()
        dispatcher.submit(batch("a", *range(8, 12)))
        await finished(dispatcher)

    assert list(range(12)) == account.settled_origins
    assert {} == account.dead
    assert [[8], [9], [10], [11]] == [numbers(request) for request in server.requests]
    assert 1 == caplog.text.count("takes no arrays")


async def test_arrays_stay_where_one_was_taken_before(server: VendorServer, account: Account) -> None:
    async with dispatching(PlainTarget(server.url, certain=False), account) as dispatcher:
        dispatcher.submit(batch("a", 1, 2))
        await finished(dispatcher)
        server.answer = lambda _: Reply(400)
        dispatcher.submit(batch("a", *range(3, 13)))
        await finished(dispatcher)

    assert 10 == len(account.dead)
    assert 4 == len(server.requests)


async def test_a_payload_that_keeps_failing_ends_as_one_dead_letter(
    server: VendorServer, account: Account
) -> None:
    server.answer = lambda request: Reply(500, b"boom") if 13 in numbers(request) else Reply()
    async with dispatching(PlainTarget(server.url), account, retry_count=2) as dispatcher:
        dispatcher.submit(batch("a", *range(16)))
        for number in range(100, 200):
            dispatcher.submit(batch(f"b {number}", number))
            dispatcher.submit(batch(f"a {number}", -number))
        await account.until(lambda: account.dead)
        await finished(dispatcher)
    reason, answer = account.dead[13]

    assert [("a", [13])] == account.letters
    assert 215 == len(account.settled_origins)
    assert "kept failing while others were delivered" in reason
    assert "500 Internal Server Error: boom" == answer


async def test_a_full_store_of_dead_letters_holds_until_there_is_room(
    server: VendorServer, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda request: Reply(400) if numbers(request) == [1] else Reply()
    room = [False]
    account.accepts = lambda: room[0]
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", 1))
        await account.until(lambda: dispatcher.hold)
        dispatcher.submit(batch("b", 2))
        hold = dispatcher.hold
        requests = len(server.requests)
        room[0] = True
        await finished(dispatcher)

    assert hold is not None
    assert "dead_letters.max_size" in hold.setback.reason
    assert 1 == requests
    assert [1] == list(account.dead)
    assert [2] == account.settled_origins
    assert "dead_letters.max_size" in caplog.text


async def test_a_bug_in_a_callback_loses_no_dead_letter(server: VendorServer, account: Account) -> None:
    def broken_once() -> bool:
        account.accepts = lambda: True
        raise ZeroDivisionError

    server.answer = lambda _: Reply(400)
    account.accepts = broken_once
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(batch("a", 1))
        await finished(dispatcher)

    assert [1] == list(account.dead)


async def test_close_interrupts_a_wait_for_room_among_dead_letters(
    server: VendorServer, account: Account
) -> None:
    server.answer = lambda _: Reply(400)
    account.accepts = lambda: False
    async with dispatching(PlainTarget(server.url), account, backoff=NEVER) as dispatcher:
        dispatcher.submit(batch("a", 1))
        await account.until(lambda: dispatcher.hold)

        async with asyncio.timeout(PATIENCE):
            await dispatcher.close()


def takes_at_most(limit: int) -> Callable[[Received], Reply]:
    """As a proxy does that looks at nothing but Content-Length."""
    return lambda request: Reply(413) if len(request.body) > limit else Reply()


def large_batch(api: str, count: int) -> Batch:
    return Batch(api, [Entry(b'"%0*d"' % (LARGE, number), number) for number in range(count)])


async def test_payloads_answered_413_teach_how_large_the_next_ones_may_be(
    server: VendorServer, account: Account, caplog: pytest.LogCaptureFixture
) -> None:
    limit = 150_000
    server.answer = takes_at_most(limit)
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.submit(large_batch("a", 100))
        await finished(dispatcher)
        server.forget()
        dispatcher.submit(large_batch("a", 100))
        dispatcher.submit(large_batch("b", 100))
        await finished(dispatcher)

    assert {} == account.dead
    assert 300 == len(account.settled_origins)
    assert all(len(request.body) <= limit for request in server.requests)
    assert 4 == len(server.requests)
    assert 1 == caplog.text.count("from now on; one of 200")


async def test_where_both_halves_are_too_large_only_the_first_payloads_are_lost(
    server: VendorServer, account: Account
) -> None:
    server.answer = takes_at_most(100_000)
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        for api in ("a", "b", "c"):
            dispatcher.submit(large_batch(api, 200))
            await finished(dispatcher)

    assert [("a", list(range(200)))] == account.letters
    assert 400 == len(account.settled_origins)


async def test_what_waits_is_cut_to_the_measure_too(server: VendorServer, account: Account) -> None:
    server.answer = takes_at_most(100_000)
    async with dispatching(PlainTarget(server.url), account, queue_size=200) as dispatcher:
        for _ in range(3):
            dispatcher.submit(large_batch("a", 200))
        await finished(dispatcher)

    assert 1 == len(account.letters)
    assert 400 == len(account.settled_origins)


async def test_one_exchange_that_is_too_large_teaches_nothing(server: VendorServer, account: Account) -> None:
    server.answer = lambda request: Reply(413) if 3 in numbers(request) else Reply()
    target = PlainTarget(server.url)
    async with dispatching(target, account) as dispatcher:
        dispatcher.submit(batch("a", *range(8)))
        await finished(dispatcher)

    assert [3] == list(account.dead)
    assert target.measure.max_bytes > LEAST


async def test_what_no_payload_can_hold_is_a_dead_letter_without_a_request(
    server: VendorServer, account: Account
) -> None:
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        dispatcher.refuse(Batch("a", [Entry(b"", 7)]), "too large")
        begun = dispatcher.idle
        await finished(dispatcher)

    assert not begun
    assert {7: ("too large", "")} == account.dead
    assert 1 == account.counts["dead"]
    assert [] == server.requests


async def test_what_no_payload_can_hold_waits_for_room_like_what_was_refused(
    server: VendorServer, account: Account
) -> None:
    room = [False]
    account.accepts = lambda: room[0]
    async with dispatching(PlainTarget(server.url), account) as dispatcher:
        for number in range(3):
            dispatcher.refuse(Batch("a", [Entry(b"", number)]), "too large")
        await account.until(lambda: dispatcher.hold)
        dispatcher.submit(batch("b", 9))
        requests = len(server.requests)
        room[0] = True
        await finished(dispatcher)

    assert 0 == requests
    assert [0, 1, 2] == list(account.dead)
    assert [9] == account.settled_origins
