from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.journal import Cursor
from otel_bridge.mapping import Body, as_traces, spot
from otel_bridge.pipeline.access_logs import EXPECTED, MAX_WAITING, PATIENCE, AccessLogs
from otel_bridge.pipeline.late_spans import Arrival
from otel_bridge.pipeline.letters import Origin
from tests.access_logs import Access, logs, spans


class World:
    """The joining, and what came of it: sources of what was handed on, by request id."""

    def __init__(self) -> None:
        self.joins = 0
        self.dropped: list[Arrival] = []
        self.access_logs = AccessLogs(joined=self._count, dropped=self.dropped.append)
        self._numbers = itertools.count(1)

    def span(self, *requests: Access, now: float = 0.0) -> list[Arrival]:
        return list(self.access_logs.spans(self.arrivals(spans(*requests)), now))

    def log(self, *requests: Access, now: float = 0.0) -> list[Arrival]:
        return list(self.access_logs.logs(self.arrivals(as_traces(logs(*requests))), now))

    def due(self, now: float) -> list[Arrival]:
        return list(self.access_logs.due(now))

    def arrivals(self, record: bytes) -> list[Arrival]:
        number = next(self._numbers)
        return [
            Arrival(found.exchange, Origin(number, Cursor(number), found.span))
            for found in spot(record).exchanges
        ]

    def _count(self) -> None:
        self.joins += 1


def sources(arrivals: Sequence[Arrival]) -> list[str]:
    return [arrival.exchange.source for arrival in arrivals]


def test_a_log_waits_for_its_span() -> None:
    world = World()

    assert [] == world.log(Access(1))
    (both,) = world.span(Access(1), now=1)

    assert "span and access log" == both.exchange.source
    assert (2, 1) == (both.origin.seq, both.origin.log and both.origin.log.seq)
    assert 2 == both.origin.last
    assert [] == world.due(100)
    assert world.access_logs.next_due() is None


def test_a_span_waits_for_its_log_while_logs_come_from_its_node() -> None:
    world = World()
    world.log(Access(1))

    assert [] == world.span(Access(2), now=1)
    assert [""] == sources(world.span(Access(3, node="node-2"), now=1))
    assert ["span and access log"] == sources(world.log(Access(2), now=2))
    assert [""] == sources(world.span(Access(4), now=2 + EXPECTED))
    assert 1 == world.joins


def test_before_the_first_log_spans_go_on_at_once_and_their_logs_are_dropped() -> None:
    world = World()

    assert [""] == sources(world.span(Access(1)))
    assert [] == world.log(Access(1), now=1)

    assert ["access log"] == sources(world.dropped)


def test_nobody_waits_longer_than_its_patience() -> None:
    world = World()
    world.log(Access(1))
    world.span(Access(2), now=1)

    assert PATIENCE == world.access_logs.next_due()
    assert [] == world.due(PATIENCE - 0.01)
    assert ["access log"] == sources(world.due(PATIENCE))
    assert [""] == sources(world.due(1 + PATIENCE))


def test_who_comes_after_that_is_dropped() -> None:
    world = World()
    world.log(Access(1))
    world.span(Access(2))
    world.due(PATIENCE)

    assert [] == world.span(Access(1), now=PATIENCE)
    assert [] == world.log(Access(2), now=PATIENCE)
    assert ["", "access log"] == sources(world.dropped)


def test_a_log_that_comes_again_is_dropped() -> None:
    world = World()
    world.log(Access(1))
    world.log(Access(1))
    world.span(Access(1))
    world.log(Access(1))

    assert ["access log", "access log"] == sources(world.dropped)


def test_a_span_without_request_id_goes_its_way() -> None:
    world = World()
    world.log(Access(1))
    (arrival,) = World().span(Access(2))
    plain = arrival._replace(exchange=arrival.exchange._replace(request_id=""))

    assert [plain] == list(world.access_logs.spans([plain], 0))


def test_what_waits_has_a_bound_in_bytes() -> None:
    world = World()
    content = bytes(MAX_WAITING // 4)
    handed_on = 0
    for number in range(8):
        (arrival,) = world.arrivals(as_traces(logs(Access(number))))
        large = arrival._replace(exchange=arrival.exchange._replace(request_body=Body(content)))
        handed_on += len(list(world.access_logs.logs([large], 0)))

    assert 5 == handed_on


def test_a_drain_leaves_nobody_behind() -> None:
    world = World()
    world.log(Access(1))
    world.span(Access(2))

    assert ["access log", ""] == sources(list(world.access_logs.drain(0)))
    assert world.access_logs.next_due() is None


def test_what_is_given_up_waits_no_more() -> None:
    world = World()
    world.log(Access(1))
    world.log(Access(2))
    world.access_logs.discard(lambda arrival: arrival.origin.last <= 1)

    assert ["access log"] == sources(world.due(100))


STEPS = st.tuples(st.sampled_from(["span", "log"]), st.integers(1, 4), st.floats(0, 3))


@given(st.lists(STEPS, max_size=20))
def test_no_request_is_ever_counted_twice(steps: list[tuple[str, int, float]]) -> None:
    world = World()
    now = 0.0
    handed_on: list[Arrival] = []
    sent: set[tuple[str, int]] = set()
    for signal, number, seconds in steps:
        now += seconds
        handed_on += world.due(now)
        if (signal, number) in sent and signal == "span":
            continue  # a span that comes again is known by its ids before it comes here
        sent.add((signal, number))
        handed_on += getattr(world, signal)(Access(number), now=now)
    handed_on += world.access_logs.drain(now)
    ids = [arrival.exchange.request_id for arrival in handed_on]

    assert {Access(number).request_id for _, number in sent} == set(ids)
    assert len(set(ids)) == len(ids)
    assert world.joins == sources(handed_on).count("span and access log")
