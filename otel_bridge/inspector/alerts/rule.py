"""A rule: when it fires, and who is told."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

MOST_RULES = 500
MOST_CHARACTERS = 200
"""Of a name or a group's value; longer groups are cut."""
SHORTEST_WINDOW = 60
LONGEST_WINDOW = 24 * 3600
"""Seconds."""


class Severity(StrEnum):
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class Origin(StrEnum):
    """Where a rule comes from, and so where it is changed."""

    PAGE = "page"
    """The pages or the API."""
    FILE = "file"
    """`otel-bridge alerts apply`: the next one would undo what the pages change."""
    BUILT_IN = "built-in"
    """About the bridge itself. Who is told, how often, and whether at all can be changed."""


class Watched(StrEnum):
    """What of the bridge's own state a built-in rule is about."""

    JOURNAL = "journal"
    DEAD_LETTERS = "dead_letters"
    HOLD = "hold"


@dataclass(frozen=True, slots=True)
class Count:
    """It fires while at least so many exchanges within the window match."""

    at_least: int


@dataclass(frozen=True, slots=True)
class Share:
    """It fires while at least this share of the group's exchanges within the window match."""

    at_least: float
    """Above 0, at most 1."""
    of_at_least: int
    """Fewer exchanges than this in the window say nothing."""


@dataclass(frozen=True, slots=True)
class Silence:
    """It fires while fewer than so many exchanges within the window match.

    Without a group from one window after the rule began; with one, for groups that once had a match.
    """

    fewer_than: int


@dataclass(frozen=True, slots=True)
class Watch:
    """It fires while the bridge says so."""

    what: Watched


Condition = Count | Share | Silence | Watch


class Counted(NamedTuple):
    """What makes the counts of two rules the same."""

    query: str
    condition: Condition
    window: int
    per: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    id: str
    """16 hex digits; stays when the name changes."""
    name: str
    """No two rules have the same."""
    query: str
    """In the query language; "" matches everything."""
    condition: Condition
    window: int
    """Seconds: the conditions look back so far."""
    per: str = ""
    """What makes a group: `consumer`, `req.header.x-tenant`, `resp.json.error.code` (grouping.py); "": all
    traffic is one group, named ""."""
    severity: Severity = Severity.WARNING
    cooldown: int = 0
    """Seconds after a notification in which the same group causes no other one."""
    channels: tuple[str, ...] = ()
    """Names of channels; without any the pages alone show it."""
    note: str = ""
    runbook: str = ""
    """URL."""
    enabled: bool = True
    origin: Origin = Origin.PAGE

    @property
    def counted(self) -> Counted:
        return Counted(self.query, self.condition, self.window, self.per)
