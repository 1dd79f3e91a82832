"""Rules and what happens by them, short to write."""

from __future__ import annotations

import dataclasses
from typing import Any

from otel_bridge.inspector.alerts.change import Change
from otel_bridge.inspector.alerts.rule import Count, Rule

SECOND = 1_000_000
NOW = 1_760_000_000 * SECOND

RULE = Rule(
    id="00000000000000aa",
    name="Server errors",
    query="status:5xx",
    condition=Count(5),
    window=600,
    per="consumer",
    channels=("slack",),
    note="Look at the deploys.",
    runbook="https://runbooks.example.com/5xx",
)


def a_rule(**changed: Any) -> Rule:
    return dataclasses.replace(RULE, **changed)


def begins(rule: Rule = RULE, group: str = "acme", at_us: int = NOW, **figures: Any) -> Change:
    return Change(rule, group, True, at_us, **{"value": 7.0, "matched": 7, "total": 7} | figures)


def ends(rule: Rule = RULE, group: str = "acme", at_us: int = NOW) -> Change:
    return Change(rule, group, False, at_us, 1.0, 1, 1)
