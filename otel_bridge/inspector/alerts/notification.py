"""What a channel is given to tell, and how it says what became of it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple, Protocol

from otel_bridge.inspector.alerts.rule import Severity


class Kind(StrEnum):
    TRIGGER = "trigger"
    RESOLVE = "resolve"
    TEST = "test"
    """Somebody wants to see whether the channel works."""


class Notification(NamedTuple):
    """Numbers, names and links. Never anything of a body or a header, but the value a rule groups by."""

    id: str
    """32 hex digits; the same each time it is tried."""
    kind: Kind
    dedup_key: str
    """The same for all that is told about one group of one rule."""
    firing_id: str
    rule_id: str
    rule_name: str
    severity: Severity
    per: str
    group: str
    """As in `Change`: a stranger's text, cut, without control characters."""
    sentence: str
    """What happened, with its numbers: `7 exchanges matched in 10 minutes (5 or more)`. No full stop."""
    value: float
    threshold: float
    window: int
    """Seconds."""
    started_us: int
    ended_us: int | None
    """None: it still fires."""
    note: str
    runbook: str
    """URL, or ""."""
    link: str
    """URL of the firing in the pages; "" without `inspector.public_url`."""


class Result(StrEnum):
    DELIVERED = "delivered"
    RETRY = "retry"
    """Not now; it may be taken later."""
    REFUSED = "refused"
    """It will never be taken as it is."""


class Outcome(NamedTuple):
    result: Result
    detail: str = ""
    """For a person: what the other end said. Without secrets, at most 200 characters."""
    after: float | None = None
    """RETRY: seconds that the other end asked to wait."""


class Channel(Protocol):
    name: str
    """Its key in the configuration: `slack`, `pagerduty/oncall`."""
    renews: bool
    """The other end forgets a firing unless it is told again (Alertmanager)."""

    async def send(self, notification: Notification) -> Outcome:
        """Try once, within a bounded time. Never raises; never says a secret."""

    async def close(self) -> None: ...
