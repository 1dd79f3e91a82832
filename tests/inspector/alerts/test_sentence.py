"""What rules and firings are called in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.alerts.rule import Condition, Count, Rule, Share, Silence, Watch, Watched
from otel_bridge.inspector.alerts.sentence import percent, rule_sentence, spoken, what_happened

FIVE = Count(5)


def a_rule(condition: Condition = FIVE, **changes: Any) -> Rule:
    plain: dict[str, Any] = {"id": "0" * 16, "name": "n", "query": "status:5xx", "window": 600}
    return Rule(condition=condition, **{**plain, **changes})


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (
            a_rule(per="consumer", channels=("slack",)),
            "When status:5xx matches 5 times in 10 minutes per consumer, notify slack",
        ),
        (
            a_rule(Count(1), window=3600, channels=("a", "b", "c")),
            "When status:5xx matches once in 1 hour, notify a, b and c",
        ),
        (a_rule(query="", window=90), "When anything matches 5 times in 90 seconds, notify nobody"),
        (
            a_rule(Share(0.125, 20), query="a", per="route", channels=("a", "b")),
            "When a makes up 12.5% or more of at least 20 exchanges in 10 minutes per route, notify a and b",
        ),
        (a_rule(Silence(1), query="", window=300), "When nothing comes for 5 minutes, notify nobody"),
        (a_rule(Silence(1), per="a"), "When nothing matches status:5xx for 10 minutes per a, notify nobody"),
        (a_rule(Silence(3)), "When status:5xx matches fewer than 3 times in 10 minutes, notify nobody"),
        (a_rule(query="a\n  b"), "When a b matches 5 times in 10 minutes, notify nobody"),
        (a_rule(Watch(Watched.HOLD), per="pipeline"), "When a pipeline is on hold, notify nobody"),
    ],
)  # fmt: skip
def test_a_rule_is_a_sentence(rule: Rule, sentence: str) -> None:
    assert sentence == rule_sentence(rule)


@pytest.mark.parametrize(
    ("condition", "numbers", "ended", "sentence"),
    [
        (Count(5), (7, 7, 7), False, "7 exchanges matched in 10 minutes (5 or more)"),
        (Count(1), (1, 1, 1), False, "1 exchange matched in 10 minutes (1 or more)"),
        (Count(5), (2, 2, 2), True, "2 exchanges matched in the last 10 minutes (fewer than 5)"),
        (Count(5), (7, 7, 7), True, "the rule was changed, switched off or removed"),
        (
            Share(0.05, 20), (7 / 58, 7, 58), False,
            "7 of 58 exchanges matched in 10 minutes: 12.07% (5% or more)",
        ),
        (
            Share(0.05, 20), (1 / 58, 1, 58), True,
            "1 of 58 exchanges matched in the last 10 minutes: 1.724% (less than 5%)",
        ),
        (Share(0.05, 20), (0, 0, 0), True, "0 exchanges in the last 10 minutes (fewer than 20 tell nothing)"),
        (Share(0.05, 20), (0.5, 29, 58), True, "the rule was changed, switched off or removed"),
        (Silence(1), (0, 0, 0), False, "0 exchanges matched in 10 minutes (fewer than 1)"),
        (Silence(5), (8, 8, 8), True, "8 exchanges matched in the last 10 minutes (5 or more)"),
        (Watch(Watched.JOURNAL), (0.734, 0, 0), False, "the journal is 73.4% full"),
        (Watch(Watched.JOURNAL), (0, 0, 0), True, "the journal has room again"),
        (Watch(Watched.DEAD_LETTERS), (1, 1, 1), False, "1 dead letter, and more are coming"),
        (Watch(Watched.DEAD_LETTERS), (0, 0, 0), True, "no new dead letters"),
        (Watch(Watched.HOLD), (0.2, 0, 0), False, "its pipeline has been on hold for 1 second"),
        (Watch(Watched.HOLD), (3725.5, 0, 0), False, "its pipeline has been on hold for 62 minutes"),
        (Watch(Watched.HOLD), (0, 0, 0), True, "its pipeline goes on"),
    ],
)  # fmt: skip
def test_what_happened_is_said_with_its_numbers(
    condition: Condition, numbers: tuple[float, int, int], ended: bool, sentence: str
) -> None:
    value, matched, total = numbers

    assert sentence == what_happened(a_rule(condition), value, matched, total, ended)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(60, "1 minute"), (61, "61 seconds"), (600, "10 minutes"), (5400, "90 minutes"), (86400, "24 hours")],
)
def test_times_are_spoken(seconds: int, words: str) -> None:
    assert words == spoken(seconds)


@given(st.floats(1e-9, 1))
def test_a_share_is_told_to_four_digits(share: float) -> None:
    assert float(percent(share)[:-1]) / 100 == pytest.approx(share, rel=5e-4)
