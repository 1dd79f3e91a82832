from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.journal import Cursor
from otel_bridge.mapping import Body, Found, HttpExchange, LooseHelper, spot, timings
from otel_bridge.pipeline.late_spans import HELPER_PATIENCE, MAX_WAITING, PATIENCE, Arrival, LateSpans
from otel_bridge.pipeline.letters import Origin
from tests.recordings import payloads

SPLIT = [spot(request) for request in payloads("kong-3.9-split-traces")]


def arrival(found: Found, cursor: int = 1) -> Arrival:
    return Arrival(found.exchange, Origin(cursor, Cursor(cursor), found.span))


def has_balancer(exchange: HttpExchange) -> bool:
    return any(helper.name == "kong.balancer" for helper in exchange.helpers)


@pytest.fixture
def torn() -> tuple[Found, list[LooseHelper]]:
    """An exchange of the recording whose balancer span came with the next request."""
    for before, after in itertools.pairwise(SPLIT):
        newest = before.exchanges[-1]
        mine = [helper for helper in after.helpers if helper.trace_id == newest.exchange.trace_id]
        if not has_balancer(newest.exchange) and any(one.helper.name == "kong.balancer" for one in mine):
            return newest, mine
    raise AssertionError("the recording has torn traces")


def test_the_newest_root_waits_for_its_balancer_and_gets_it(torn: tuple[Found, list[LooseHelper]]) -> None:
    newest, helpers = torn
    late = LateSpans()

    assert not list(late.take([arrival(newest)], now=0))
    (joined,) = late.helpers(helpers, now=0.1)

    assert has_balancer(joined.exchange)
    assert timings(joined.exchange).send > 0
    assert late.next_due() is None or not list(late.due(now=10))


def test_it_waits_no_longer_than_its_patience(torn: tuple[Found, list[LooseHelper]]) -> None:
    newest, _ = torn
    late = LateSpans()
    list(late.take([arrival(newest)], now=0))

    assert late.next_due() == PATIENCE
    assert not list(late.due(PATIENCE - 0.01))
    assert [newest.exchange] == [done.exchange for done in late.due(PATIENCE)]


def test_helpers_that_come_first_are_kept_for_their_root(torn: tuple[Found, list[LooseHelper]]) -> None:
    newest, helpers = torn
    late = LateSpans()
    assert not list(late.helpers(helpers, now=0))

    (joined,) = late.take([arrival(newest)], now=0.2)

    assert has_balancer(joined.exchange)


def test_helpers_without_a_root_are_forgotten_after_a_while(
    torn: tuple[Found, list[LooseHelper]],
) -> None:
    newest, helpers = torn
    late = LateSpans()
    list(late.helpers(helpers, now=0))
    list(late.due(HELPER_PATIENCE))

    assert not list(late.take([arrival(newest)], now=HELPER_PATIENCE))


def test_only_the_newest_root_of_a_request_waits(torn: tuple[Found, list[LooseHelper]]) -> None:
    newest, _ = torn
    older = arrival(newest)._replace(exchange=newest.exchange._replace(span_id=b"another!"))
    late = LateSpans()

    assert [older] == list(late.take([older, arrival(newest)], now=0))


def test_the_newest_root_of_each_request_that_a_collector_merged_waits() -> None:
    odd = [request for number, request in enumerate(payloads("kong-3.9-split-traces")) if number % 2]
    even = [request for number, request in enumerate(payloads("kong-3.9-split-traces")) if not number % 2]
    late = LateSpans()
    out: list[Arrival] = []
    # Requests of OTLP concatenate: the bytes of two, one after the other, are one with the spans of both.
    for cursor, spotted in enumerate((spot(b"".join(even)), spot(b"".join(odd))), start=1):
        out += late.helpers(spotted.helpers, now=cursor / 100)
        out += late.take([arrival(found, cursor) for found in spotted.exchanges], now=cursor / 100)
    out += late.due(now=10)

    assert 600 == len(out) == len({one.exchange.span_id for one in out})
    assert all(has_balancer(one.exchange) for one in out if one.exchange.status < 400)


def test_large_exchanges_do_not_wait_past_the_bound(torn: tuple[Found, list[LooseHelper]]) -> None:
    newest, _ = torn
    large = newest.exchange._replace(response_body=Body(content=bytes(MAX_WAITING // 2 - 8192)))
    late = LateSpans()

    for number, waits in ((b"1", True), (b"2", True), (b"3", False)):
        out = list(late.take([arrival(newest)._replace(exchange=large._replace(span_id=number))], now=0))
        assert waits == (not out)


def test_what_is_given_up_no_longer_waits(torn: tuple[Found, list[LooseHelper]]) -> None:
    newest, _ = torn
    late = LateSpans()
    list(late.take([arrival(newest, cursor=7)], now=0))

    late.discard(lambda waiting: waiting.origin.cursor <= 7)

    assert not list(late.drain())


def test_every_exchange_of_the_split_recording_comes_out_once_with_its_balancer() -> None:
    late = LateSpans()
    out: list[Arrival] = []
    for cursor, spotted in enumerate(SPLIT, start=1):
        out += late.helpers(spotted.helpers, now=cursor / 100)
        out += late.take([arrival(found, cursor) for found in spotted.exchanges], now=cursor / 100)
    out += late.due(now=10)

    assert 600 == len(out) == len({one.exchange.span_id for one in out})
    # Those that Kong answered itself have none.
    assert all(has_balancer(one.exchange) for one in out if one.exchange.status < 400)


@given(st.randoms(use_true_random=False))
def test_no_order_of_requests_loses_or_doubles_an_exchange(chance: random.Random) -> None:
    shuffled = SPLIT.copy()
    chance.shuffle(shuffled)
    late = LateSpans()
    now = 0.0
    out: list[bytes] = []
    for spotted in shuffled:
        now += chance.random()
        out += [one.exchange.span_id for one in late.helpers(spotted.helpers, now)]
        out += [one.exchange.span_id for one in late.take(map(arrival, spotted.exchanges), now)]
        out += [one.exchange.span_id for one in late.due(now)]
    out += [one.exchange.span_id for one in late.drain()]

    assert sorted(found.exchange.span_id for spotted in SPLIT for found in spotted.exchanges) == sorted(out)
