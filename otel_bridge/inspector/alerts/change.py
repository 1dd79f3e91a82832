"""What the engine tells the book."""

from __future__ import annotations

from typing import NamedTuple

from otel_bridge.inspector.alerts.rule import Rule

MOST_SAMPLES = 5


class Change(NamedTuple):
    """A group of a rule began to fire, or no longer does."""

    rule: Rule
    group: str
    """The value of what the rule groups by; "" where it does not group, or the value is missing."""
    firing: bool
    at_us: int
    """Unix time. Of the beginning: the exchange that made it fire began then. Of the end: now."""
    value: float
    """What the condition compares: exchanges that match, or their share (0 to 1)."""
    matched: int
    total: int
    """Exchanges of the group in the window; `matched` where the condition does not look at others."""
    samples: tuple[str, ...] = ()
    """Ids of the last exchanges that matched, newest first, at most `MOST_SAMPLES`."""


class SavedWindow(NamedTuple):
    """What a group of a rule has counted, for a restart."""

    rule_id: str
    group: str
    counts: bytes
    """`window.py`'s own; b"": there is nothing to remember any more."""
