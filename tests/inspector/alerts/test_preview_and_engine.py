"""The preview over a real store and the engine over the same exchanges say the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.inspector.alerts.change import Change
from otel_bridge.inspector.alerts.engine import Engine
from otel_bridge.inspector.alerts.preview import WouldFire, preview
from otel_bridge.inspector.alerts.rule import Condition, Count, Rule, Share, Silence
from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.store.interface import EVER
from otel_bridge.inspector.store.sqlite import SqliteStore
from tests.inspector.store.conftest import HOUR_US, kept, retention
from tests.inspector.strategies import STARTED_US

SECOND = 1_000_000


def exchanges() -> st.SearchStrategy[list[Exchange]]:
    """Some of them, each begun a while after the one before."""
    gap = st.one_of(st.integers(0, 3), st.integers(0, 300), st.integers(0, 4000)).map(
        lambda each: each * SECOND
    )
    fraction = st.integers(0, SECOND)
    each = st.tuples(gap, fraction, st.sampled_from([200, 503]), st.sampled_from(["anna", "bob", ""]))
    return st.lists(each, min_size=1, max_size=25).map(_exchanges)


def _exchanges(told: Sequence[tuple[int, int, int, str]]) -> list[Exchange]:
    found, at_us = [], STARTED_US
    for number, (gap, fraction, status, consumer) in enumerate(told):
        at_us += gap + fraction
        sent = Side(headers=(("X-Tenant", consumer),))
        found.append(kept(number, started_us=at_us, status=status, consumer=consumer, request=sent))
    return found


def rules() -> st.SearchStrategy[Rule]:
    number = st.integers(1, 4)
    condition = st.one_of(
        st.builds(Count, number), st.builds(Silence, number), st.builds(Share, st.floats(0.1, 1), number)
    )
    return st.builds(
        _rule,
        condition,
        window=st.sampled_from([60, 61, 90, 600, 420, 3600, 86400]),
        query=st.sampled_from(["status:5xx", "", "consumer:anna"]),
        per=st.sampled_from(["", "consumer", "req.header.x-tenant"]),
    )


def _rule(condition: Condition, *, window: int, query: str, per: str) -> Rule:
    return Rule(id="0" * 16, name="n", query=query, condition=condition, window=window, per=per)


def fired(rule: Rule, traffic: Sequence[Exchange], end_us: int) -> list[WouldFire]:
    """What an engine makes of *traffic*, each exchange arriving as it begins, with a tick at every slot."""
    now_us = traffic[0].started_us
    engine = Engine(now=lambda: now_us, cpu=lambda: 0.0)
    changes = list(engine.use([rule]))
    waiting = list(traffic)
    for now_us in _moments(rule, traffic, end_us):
        while waiting and waiting[0].started_us <= now_us:
            engine.see([waiting.pop(0)])
            changes += engine.tick()[0]
        changes += engine.tick()[0]
    return _firings(changes)


def _moments(rule: Rule, traffic: Sequence[Exchange], end_us: int) -> Iterator[int]:
    width = min(rule.window, 60)
    window_us = rule.window * SECOND
    first, last = (each * width // window_us for each in (traffic[0].started_us, end_us))
    slots = (-(-slot * window_us // width) for slot in range(first + 1, last + 1))
    yield from sorted({*slots, *(each.started_us for each in traffic), end_us})


def _firings(changes: Sequence[Change]) -> list[WouldFire]:
    found: list[WouldFire] = []
    open_: dict[str, WouldFire] = {}
    for change in changes:
        if change.firing:
            open_[change.group] = WouldFire(change.group, change.at_us, None, change.value)
        else:
            found.append(open_.pop(change.group)._replace(end_us=change.at_us))
    return sorted([*found, *open_.values()])


@pytest.fixture(scope="module")
def make_store(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], SqliteStore]:
    def make(now_us: int) -> SqliteStore:
        path: Path = tmp_path_factory.mktemp("store")
        return SqliteStore(path, retention=retention(), clock=lambda: now_us)

    return make


@settings(max_examples=60, deadline=None)
@given(rule=rules(), traffic=exchanges(), rest=st.integers(0, HOUR_US))
def test_the_preview_says_what_the_engine_would_have_done(
    make_store: Callable[[int], SqliteStore], rule: Rule, traffic: list[Exchange], rest: int
) -> None:
    end_us = traffic[-1].started_us + 1 + rest
    with closing(make_store(end_us)) as store:
        store.append(traffic)
        found = preview(store, rule, EVER, now_us=end_us)

    assert found.complete
    assert fired(rule, traffic, end_us) == sorted(found.firings)


def test_a_group_that_was_silent_for_a_day_is_forgotten_by_both(
    make_store: Callable[[int], SqliteStore],
) -> None:
    rule = _rule(Silence(1), window=3600, query="", per="consumer")
    day = 86_400
    traffic = _exchanges(
        [(0, 0, 200, "anna"), (day * SECOND, 5, 200, "bob"), (2 * day * SECOND, 0, 200, "anna")]
    )
    end_us = traffic[-1].started_us + 2 * HOUR_US
    with closing(make_store(end_us)) as store:
        store.append(traffic)
        found = preview(store, rule, EVER, now_us=end_us)

    assert ["anna", "anna", "bob"] == sorted(each.group for each in found.firings)
    assert fired(rule, traffic, end_us) == sorted(found.firings)
