"""A rule as the book keeps it: JSON, read by this version and by others.

What a later version adds is ignored, and what an earlier one did not know has its default; a rule whose
sense would be lost that way (another kind of condition) can't be read.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import orjson

from otel_bridge.inspector.alerts.rule import (
    MOST_RULES,
    Condition,
    Count,
    Origin,
    Rule,
    Severity,
    Share,
    Silence,
    Watch,
    Watched,
)

_KINDS: Mapping[str, type[Condition]] = {"count": Count, "share": Share, "silence": Silence, "watch": Watch}
_NAMES = {kind: name for name, kind in _KINDS.items()}


# Thousands of firings of one rule may begin at once.
@lru_cache(maxsize=MOST_RULES)
def dump(rule: Rule) -> str:
    fields = {field.name: getattr(rule, field.name) for field in dataclasses.fields(rule)}
    fields["condition"] = {"kind": _NAMES[type(rule.condition)]} | dataclasses.asdict(rule.condition)
    return orjson.dumps(fields).decode()


def readable(text: str) -> Rule | None:
    """None: this version does not understand it."""
    try:
        return _load(orjson.loads(text))
    except (KeyError, TypeError, ValueError):
        return None


def _load(found: Mapping[str, Any]) -> Rule:
    fields = {field.name: found[field.name] for field in dataclasses.fields(Rule) if field.name in found}
    fields |= {
        "condition": _condition(found["condition"]),
        "severity": Severity(found["severity"]),
        "origin": Origin(found["origin"]),
        "channels": tuple(found["channels"]),
    }
    return Rule(**fields)


def _condition(found: Mapping[str, Any]) -> Condition:
    kind = _KINDS[found["kind"]]
    fields = {field.name: found[field.name] for field in dataclasses.fields(kind)}
    return Watch(Watched(fields["what"])) if kind is Watch else kind(**fields)
