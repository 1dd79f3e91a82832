"""When rules would have fired on what a real store holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from otel_bridge.inspector.alerts.preview import Preview, WouldFire, preview
from otel_bridge.inspector.alerts.rule import Condition, Count, Rule, Share, Silence, Watch, Watched
from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.store.interface import EVER, Period
from otel_bridge.inspector.store.sqlite import SqliteStore
from tests.inspector.store.conftest import HOUR_US, Clock, kept, open_store, store
from tests.inspector.strategies import STARTED_US

__all__ = ["clock", "open_store", "store"]

SECOND = 1_000_000
MINUTE = 60 * SECOND
# A slot of every window here begins then.
T = STARTED_US // HOUR_US * HOUR_US
NOW = T + 2 * HOUR_US


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.now_us = NOW
    return clock


def a_rule(condition: Condition, **changes: Any) -> Rule:
    plain: dict[str, Any] = {"id": "0" * 16, "name": "n", "query": "status:5xx", "window": 600}
    return Rule(condition=condition, **{**plain, **changes})


def at(*seconds: float, **changes: Any) -> list[Exchange]:
    """Exchanges that began so long after `T`."""
    return [
        kept(number, started_us=T + round(each * SECOND), **{"status": 503, **changes})
        for number, each in enumerate(seconds)
    ]


def previewed(
    store: SqliteStore, rule: Rule, exchanges: Sequence[Exchange], period: Period = EVER
) -> Preview:
    store.append(exchanges)
    return preview(store, rule, period, now_us=NOW)


def test_a_count_fires_with_the_exchange_that_makes_it_full_and_ends_when_the_window_has_fewer(
    store: SqliteStore,
) -> None:
    found = previewed(store, a_rule(Count(3)), at(0, 61, 122.5, 130))

    # The window that ends with the slot of 660 s begins behind that of 61 s: slots are 10 s long, and it
    # lasts for one more.
    assert Preview([WouldFire("", T + 122_500_000, T + 670 * SECOND, 3)], 4, complete=True) == found


def test_what_does_not_match_does_not_count(store: SqliteStore) -> None:
    found = previewed(store, a_rule(Count(3)), at(0, 1, 2, status=200) + at(3, 4))

    assert Preview([], 2, complete=True) == found


def test_each_group_fires_on_its_own(store: SqliteStore) -> None:
    exchanges = at(0, 1, consumer="anna") + at(2, 3, consumer="bob", path="/b") + at(4, consumer="carl")
    found = previewed(store, a_rule(Count(2), per="consumer"), exchanges)

    assert [("bob", T + 3 * SECOND), ("anna", T + SECOND)] == [
        (each.group, each.start_us) for each in found.firings
    ]


@pytest.mark.parametrize(
    ("per", "group"),
    [
        ("service", "orders"),
        ("route", "r"),
        ("api", "orders/r"),
        ("host", "example.com"),
        ("path", "/v1/orders"),
        ("status", "503"),
        ("method", "GET"),
        ("ip", "10.1.2.3"),
        ("source", "service"),
        ("gateway", "kong-1"),
        ("endpoint", "/v1/orders"),
        ("req.header.x-tenant", "blue"),
        ("req.query.page", "2"),
        ("resp.json.error.code", "E_TIMEOUT"),
        ("resp.json.missing", ""),
    ],
)
def test_a_group_is_what_the_engine_would_see(store: SqliteStore, per: str, group: str) -> None:
    exchanges = at(
        1,
        service="orders",
        route="r",
        request=Side(headers=(("X-Tenant", "blue"),)),
        response=Side(body=b'{"error": {"code": "E_TIMEOUT"}}'),
    )
    found = previewed(store, a_rule(Count(1), per=per), exchanges)

    assert [group] == [each.group for each in found.firings]


def test_an_api_without_service_and_route_is_the_host(store: SqliteStore) -> None:
    found = previewed(store, a_rule(Count(1), per="api"), at(1, service="", route=""))

    assert ["example.com"] == [each.group for each in found.firings]


def test_a_share_is_of_the_groups_own_exchanges(store: SqliteStore) -> None:
    exchanges = (
        at(*range(10), service="a", status=200)
        + at(10, 11, 12, service="a")
        + at(*range(10), service="b", status=200, path="/b")
    )
    found = previewed(store, a_rule(Share(0.2, 10), per="service"), exchanges)

    assert ([("a", 0.23076923076923078)], 3) == (
        [(each.group, each.value) for each in found.firings],
        found.matched,
    )


def test_silence_fires_a_window_after_the_last_match_and_ends_with_the_next(store: SqliteStore) -> None:
    rule = a_rule(Silence(1), window=300, query="")
    found = previewed(store, rule, at(0, 100, 2000), Period(T, T + 2100 * SECOND))

    assert [WouldFire("", T + 400 * SECOND, T + 2000 * SECOND, 0)] == found.firings


def test_before_there_was_any_traffic_there_was_no_silence(store: SqliteStore) -> None:
    found = previewed(store, a_rule(Silence(1)), at(3600), Period(T - HOUR_US, T + 3700 * SECOND))

    assert [] == found.firings


def test_what_still_fires_has_no_end(store: SqliteStore) -> None:
    found = previewed(store, a_rule(Silence(1), per="service"), at(0, service="a"))

    assert [WouldFire("a", T + 600 * SECOND, None, 0)] == found.firings


def test_what_the_window_before_the_period_holds_counts_but_is_not_told_of(store: SqliteStore) -> None:
    exchanges = at(0, 5, 1000, 1500, 1599)
    found = previewed(store, a_rule(Count(2)), exchanges, Period(T + 1590 * SECOND, None))

    assert [T + 1500 * SECOND] == [each.start_us for each in found.firings]
    assert 1 == found.matched


def test_a_store_without_traffic_has_nothing_to_tell(store: SqliteStore) -> None:
    assert Preview([], 0, complete=True) == previewed(store, a_rule(Silence(1)), [])
    assert Preview([], 0, complete=True) == previewed(store, a_rule(Count(1)), at(1), Period(None, T))


def test_the_bridges_own_state_is_not_stored(store: SqliteStore) -> None:
    with pytest.raises(ValueError, match="not counted"):
        previewed(store, a_rule(Watch(Watched.HOLD)), at(1))


def test_of_very_many_exchanges_those_without_groups_are_all_counted(
    open_store: Callable[..., SqliteStore],
) -> None:
    store = open_store()
    burst = [
        kept(
            number, started_us=T + number * 250_000, service=f"s{number % 7}", status=200 + 300 * (number % 2)
        )
        for number in range(20_100)
    ]
    for start in range(0, len(burst), 1000):
        store.append(burst[start : start + 1000])
    now_us = burst[-1].started_us + 1

    def found(condition: Condition, **changes: Any) -> Preview:
        return preview(store, a_rule(condition, query="", **changes), EVER, now_us=now_us)

    whole = found(Count(2000))
    apart = found(Count(300), per="service")
    share = preview(store, a_rule(Share(0.5, 100)), EVER, now_us=now_us)

    # Bars of 10 s with 40 exchanges each: the fiftieth makes it full.
    assert Preview([WouldFire("", T + 490 * SECOND, None, 2000)], 20_100, complete=True) == whole
    assert [WouldFire("", T + 20 * SECOND, None, 0.5)] == share.firings
    assert (20_000, False, 7) == (apart.matched, apart.complete, len(apart.firings))
    hurried = preview(store, a_rule(Count(1)), EVER, now_us=now_us, stop=lambda: True)
    assert not hurried.complete


def test_groups_that_only_whole_exchanges_tell_are_read_up_to_a_bound(
    open_store: Callable[..., SqliteStore],
) -> None:
    store = open_store()
    store.append([kept(number, started_us=T + number * SECOND) for number in range(2100)])
    found = preview(store, a_rule(Count(1), query="", per="gateway"), EVER, now_us=NOW)

    assert (2000, False) == (found.matched, found.complete)
    assert ["kong-1"] == [each.group for each in found.firings]
