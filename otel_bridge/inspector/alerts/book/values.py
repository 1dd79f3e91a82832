"""What the book answers with."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from otel_bridge.inspector.alerts.book.telling import HeldBack
from otel_bridge.inspector.alerts.notification import Kind, Notification
from otel_bridge.inspector.alerts.rule import Severity


class Applied(NamedTuple):
    """Names of rules, by what a file did to them."""

    created: Sequence[str]
    changed: Sequence[str]
    removed: Sequence[str]
    unchanged: Sequence[str]


class Snooze(NamedTuple):
    rule_id: str
    group: str | None
    """None: all groups of the rule."""
    until_us: int | None
    """None: until somebody wakes it."""


class Told(NamedTuple):
    """What became of one notification for one channel."""

    channel: str
    kind: Kind
    result: str
    """pending, delivered, refused, or given up: after a day, or since it was over before it could be told."""
    tries: int
    at_us: int
    """Of the last thing that happened to it."""
    detail: str
    """What the other end said."""


class Firing(NamedTuple):
    """A group of a rule that fires, or fired. The rule is as it was when it began."""

    id: str
    """32 hex digits."""
    rule_id: str
    rule_name: str
    query: str
    severity: Severity
    per: str
    group: str
    started_us: int
    ended_us: int | None
    value: float
    """This and the next two as in the `Change` it began with."""
    matched: int
    total: int
    sentence: str
    """What happened when it began."""
    told: bool
    held_back: HeldBack
    """Why it is not told, or never was."""
    samples: Sequence[str]
    notifications: Sequence[Told]
    """Oldest first."""


class FiringPage(NamedTuple):
    firings: Sequence[Firing]
    """Newest first."""
    next: int | None
    """`before` for what follows; None: there is no more."""


class Outgoing(NamedTuple):
    """A notification for one channel."""

    id: int
    channel: str
    notification: Notification
    tries: int
    """Including the one that it was taken for."""
