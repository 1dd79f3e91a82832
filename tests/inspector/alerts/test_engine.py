from __future__ import annotations

import dataclasses
import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.alerts.change import Change, SavedWindow
from otel_bridge.inspector.alerts.engine import MOST_SAVED, RuleHealth
from otel_bridge.inspector.alerts.rule import Count, Rule, Share, Silence, Watch, Watched
from tests.inspector.alerts.at_work import NOW_US, SECOND, AtWork, a_rule

DAY = 24 * 3600


def test_a_count_fires_from_the_exchange_that_made_it_until_too_few_are_left() -> None:
    rule = a_rule("status:5xx", Count(3))
    work = AtWork(rule)

    assert work.see(2, status=500) == []
    assert work.see(9, status=200) == []

    last = work.exchanges(1, ago=2, status=503)
    work.engine.see(last)
    began = work.tick()[0]

    assert (rule, "", True, NOW_US - 2 * SECOND) == began[:4]
    assert (3.0, 3, 3) == (began.value, began.matched, began.total)
    assert began.samples[0] == last[0].id
    assert len(began.samples) == 3
    assert work.wait(500) == []

    ended = work.wait(101)[0]

    assert (rule, "", False, NOW_US + 601 * SECOND, 0.0, 0, 0) == ended[:7]
    assert ended.samples == began.samples
    assert work.wait(DAY) == []


def test_a_count_begins_again_when_there_are_enough_again() -> None:
    work = AtWork(a_rule(condition=Count(1)))

    assert [True] == told(work.see())
    assert [False] == told(work.wait(601))
    assert [True] == told(work.see())


def test_groups_fire_each_for_itself() -> None:
    work = AtWork(a_rule(condition=Count(2), per="consumer"))
    work.see(1, consumer="a")
    work.see(1, consumer="b")

    assert [("b", True)] == [(each.group, each.firing) for each in work.see(1, consumer="b")]
    assert [("", True)] == [(each.group, each.firing) for each in work.see(2)]


def test_a_share_looks_at_all_of_the_group() -> None:
    work = AtWork(a_rule("status:5xx", Share(0.5, 4), per="service"))

    assert work.see(3, status=500, service="a") == []
    assert work.see(9, status=200, service="b") == []

    (began,) = work.see(1, status=200, service="a")

    assert (0.75, 3, 4) == (began.value, began.matched, began.total)
    assert [("a", False)] == [(each.group, each.firing) for each in work.see(3, status=200, service="a")]


def test_a_share_can_begin_by_time_alone() -> None:
    work = AtWork(a_rule("status:5xx", Share(0.5, 1)))
    work.see(9, ago=300, status=200)

    assert work.see(5, status=500) == []
    assert [True] == told(work.wait(301))


def test_silence_begins_a_window_after_the_rule_and_ends_with_traffic() -> None:
    work = AtWork(a_rule(condition=Silence(1)))

    assert work.wait(590) == []

    (began,) = work.wait(10)

    assert (True, work.clock.now_us, 0.0) == (began.firing, began.at_us, began.value)
    assert [False] == told(work.see())
    assert work.wait(590) == []
    assert [True] == told(work.wait(10))


def test_silence_of_a_group_begins_once_it_was_heard_and_is_forgotten_after_a_day() -> None:
    work = AtWork(a_rule(condition=Silence(1), per="consumer"))

    assert work.wait(DAY) == []
    assert work.see(1, consumer="a") == []
    assert work.wait(590) == []
    assert [("a", True)] == [(each.group, each.firing) for each in work.wait(10)]
    assert work.wait(DAY - 610) == []
    assert [("a", False)] == [(each.group, each.firing) for each in work.wait(620)]
    assert work.saved["1", "a"].counts == b""
    assert work.wait(DAY) == []
    assert work.engine.health()["1"].groups == 0


def test_fewer_than_several_waits_for_a_whole_window_of_the_group() -> None:
    work = AtWork(a_rule(condition=Silence(3), per="consumer"))

    assert work.see(2, consumer="a") == []
    assert work.wait(300) == []
    assert work.see(1, consumer="a") == []
    assert [True] == told(work.wait(300))


def test_what_comes_too_late_is_counted_as_such() -> None:
    work = AtWork(a_rule(condition=Count(1), window=60))
    work.see(2, ago=60 + 600 + 1)
    health = work.engine.health()["1"]

    assert (2, 2, 2) == (health.seen, health.matched, health.late)
    assert [True] == told(work.see(1, ago=600))


def test_exchanges_of_the_future_count_now() -> None:
    work = AtWork(a_rule(condition=Count(1)))

    assert [work.clock.now_us] == [each.at_us for each in work.see(1, ago=-3600)]
    assert [False] == told(work.wait(601))


def test_traffic_at_the_very_limit_fires_once() -> None:
    work = AtWork(a_rule(condition=Count(10)))
    changes: list[Change] = []
    for _ in range(60):
        changes += work.see(1)
        for _ in range(6):
            changes += work.wait(10)

    assert [True] == [change.firing for change in changes]


def test_time_stands_still_while_the_clock_is_a_little_back() -> None:
    work = AtWork(a_rule(condition=Count(2)), a_rule(condition=Silence(1), id="2"))
    work.see(1)

    assert work.wait(-300) == []
    assert ["1"] == [each.rule.id for each in work.see(1)]
    assert work.wait(590) == []
    assert [("1", False)] == [(each.rule.id, each.firing) for each in work.wait(21)]
    assert [("2", True)] == [(each.rule.id, each.firing) for each in work.wait(300)]


def test_a_clock_set_far_back_ends_nothing_and_counts_anew() -> None:
    work = AtWork(a_rule(condition=Count(2), per="host"), a_rule(condition=Silence(1), id="2"))
    work.see(2, host="a")
    work.see(1, host="b")

    assert work.wait(-DAY) == []
    assert work.see(1, host="b") == []
    assert ["b"] == [each.group for each in work.see(1, host="b")]
    assert work.wait(590) == []
    assert {("1", "a"), ("1", "b"), ("2", "")} == {(each.rule.id, each.group) for each in work.wait(21)}


def test_a_rule_that_counts_the_same_goes_on() -> None:
    rule = a_rule(condition=Count(2))
    work = AtWork(rule)
    work.see(1)
    renamed = dataclasses.replace(rule, name="other", channels=("slack",), cooldown=60)

    assert work.use(renamed) == []
    assert [renamed] == [each.rule for each in work.see(1)]


@pytest.mark.parametrize(
    "change",
    [
        {"query": "status:200"},
        {"condition": Count(1)},
        {"window": 601},
        {"per": "host"},
        {"enabled": False},
        {"condition": Watch(Watched.HOLD)},
    ],
)
def test_a_rule_that_counts_something_else_begins_anew_and_what_fired_ends(change: dict[str, Any]) -> None:
    rule = a_rule(condition=Count(2))
    work = AtWork(rule)
    work.see(2)
    changed = dataclasses.replace(rule, **change)

    assert [(rule, False)] == [(each.rule, each.firing) for each in work.use(changed)]
    assert work.tick() == []
    assert work.saved["1", ""].counts == b""


def test_what_fired_ends_with_its_rule() -> None:
    rule = a_rule(condition=Count(2))
    work = AtWork(rule)
    work.see(2)

    assert [(rule, False)] == [(each.rule, each.firing) for each in work.use()]
    assert work.engine.health() == {}


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        (a_rule("status:("), "the query can't be read, at column"),
        (a_rule(per="weather"), "per weather is nothing to group by"),
    ],
)
def test_a_rule_that_cannot_be_read_is_suspended_and_says_why(rule: Rule, why: str) -> None:
    work = AtWork(rule, a_rule(condition=Count(1), id="2"))
    health = work.engine.health()["1"]

    assert health.suspended_why.startswith(why)
    assert health.suspended_until_us is None
    assert len(health.spark) == 60
    assert ["2"] == [each.rule.id for each in work.see(1)]


def test_a_restart_goes_on_counting() -> None:
    work = AtWork(a_rule(condition=Count(5), per="consumer"))
    work.see(3, consumer="a")
    work.restart()
    (began,) = work.see(2, consumer="a")

    assert ("a", 5) == (began.group, began.matched)


def test_a_restart_tells_nothing_again_and_leaves_a_minute_for_what_waited() -> None:
    work = AtWork(a_rule(condition=Count(5)), a_rule(condition=Silence(1), id="2"))
    work.wait(1)
    work.see(5)
    work.clock.now_us += 3600 * SECOND
    work.restart()

    assert work.tick() == []
    assert work.wait(50) == []
    assert {("1", False), ("2", True)} == {(each.rule.id, each.firing) for each in work.wait(20)}


def test_what_fires_without_counts_stays_for_a_minute_after_a_restart() -> None:
    work = AtWork(a_rule(condition=Count(5)))
    work.see(5)
    work.saved.clear()
    work.restart()

    assert work.wait(50) == []
    assert [False] == told(work.wait(20))


@pytest.mark.parametrize(
    "counts", [b"", b"?", b"12345678", bytes(100)], ids=["none", "short", "other", "zeros"]
)
def test_counts_that_cannot_be_read_are_as_none(counts: bytes) -> None:
    work = AtWork(a_rule(condition=Count(2)))
    work.engine.restore([SavedWindow("1", "", counts)], [])

    assert work.see(1) == []
    assert [True] == told(work.see(1))


def test_damaged_counts_of_this_rule_are_as_none() -> None:
    work = AtWork(a_rule(condition=Count(3)))
    work.see(2)
    counts = work.saved["1", ""].counts
    for end in range(len(counts)):
        again = AtWork(a_rule(condition=Count(3)))
        again.engine.restore([SavedWindow("1", "", counts[:end])], [])

        assert again.see(1) == []


def test_counts_of_the_rule_as_it_was_are_not_those_of_the_rule_as_it_is() -> None:
    work = AtWork(a_rule("status:200", Count(3)))
    work.see(2)
    work.restart(a_rule("status:2xx", Count(3)))

    assert work.see(1) == []


def test_what_fired_for_a_rule_disabled_meanwhile_ends() -> None:
    rule = a_rule(condition=Count(1))
    work = AtWork(rule)
    work.see(1)
    disabled = dataclasses.replace(rule, enabled=False)
    work.restart(disabled)

    assert [Change(disabled, "", False, NOW_US, 0.0, 0, 0)] == work.tick()
    assert work.saved["1", ""].counts == b""


def test_health_says_how_a_rule_does_to_any_thread() -> None:
    work = AtWork(a_rule("status:500", Count(9), per="host"))
    work.see(3, status=500)
    work.clock.now_us += 120 * SECOND
    work.see(1, status=500)
    work.see(1, status=200)
    with ThreadPoolExecutor(1) as other:
        health = other.submit(work.engine.health).result()["1"]

    assert RuleHealth(5, 4, 0, 0.0, None, "", 1, 0, (0,) * 57 + (3, 0, 1)) == health

    work.wait(3600)

    assert sum(work.engine.health()["1"].spark) == 0


@given(
    order=st.permutations(range(12)),
    cuts=st.lists(st.integers(0, 12), max_size=3),
    condition=st.sampled_from([Count(3), Count(5), Share(0.4, 2), Share(0.6, 3)]),
)
def test_order_and_batches_make_no_difference(order: list[int], cuts: list[int], condition: Count) -> None:
    work, other = (AtWork(a_rule("status:500", condition, window=60, per="host")) for _ in range(2))
    exchanges = [
        work.exchanges(1, ago=7 * number, status=(500, 200)[number % 3 == 0], host="ab"[number % 2])[0]
        for number in range(12)
    ]
    work.engine.see(exchanges)
    bounds = [0, *sorted(cuts), 12]
    for start, end in itertools.pairwise(bounds):
        other.engine.see([exchanges[place] for place in order[start:end]])
    changes, others = (sorted(each.tick(), key=lambda change: change.group) for each in (work, other))

    assert [(each.group, each.matched, each.total) for each in changes] == [
        (each.group, each.matched, each.total) for each in others
    ]


def test_a_rule_has_a_thousand_groups_until_some_are_idle() -> None:
    work = AtWork(a_rule(condition=Count(1), per="consumer", window=60))
    for number in range(1200):
        work.engine.see(work.exchanges(1, consumer=str(number)))

    assert len(work.tick()) == 1000

    health = work.engine.health()["1"]

    assert (1000, 200) == (health.groups, health.groups_left_out)

    work.wait(30)
    work.see(1, consumer="7")

    assert len(work.wait(40)) == 999

    work.wait(1)

    assert work.engine.health()["1"].groups == 1
    assert ["new"] == [each.group for each in work.see(1, consumer="new")]


def test_all_rules_have_twenty_thousand_groups() -> None:
    work = AtWork(*(a_rule("", Count(9), per="consumer", id=str(number)) for number in range(22)))
    for number in range(1000):
        work.engine.see(work.exchanges(1, consumer=str(number)))
    work.tick()

    assert sum(each.groups for each in work.engine.health().values()) == 20_000
    assert sum(each.groups_left_out for each in work.engine.health().values()) == 2_000
    assert len(work.saved) == MOST_SAVED

    for _ in range(4):
        work.tick()

    assert len(work.saved) == 20_000

    work.use()
    work.use(*(a_rule("", Count(9), per="consumer", id=str(number)) for number in range(22)))
    work.see(1, consumer="1")

    assert sum(each.groups for each in work.engine.health().values()) == 22


def told(changes: list[Change]) -> list[bool]:
    return [change.firing for change in changes]
