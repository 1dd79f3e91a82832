"""Who is told of a firing, and when. Pure; the laws:

- A TRIGGER is told when the firing begins, to the channels that its rule then has; but not while the rule
  or the group is snoozed or muted, nor within the rule's cooldown after the last TRIGGER of the same group.
  What was held back for that is told once it is over, if it still fires.
- No firing has two TRIGGERs. A rule without channels tells nobody, until it has one.
- A RESOLVE is told when the firing ends, if its TRIGGER was, and at once: also while it is snoozed, since it
  closes what the TRIGGER opened.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from otel_bridge.inspector.alerts.notification import Kind

_SECOND = 1_000_000


class HeldBack(StrEnum):
    """Why a firing was not told."""

    NOT = ""
    SNOOZED = "snoozed"
    MUTED = "muted"
    COOLDOWN = "cooldown"


class Standing(NamedTuple):
    """All that the decision about a firing depends on."""

    fires: bool
    told: bool
    has_channels: bool
    """Its rule has some, and is enabled."""
    snoozes: tuple[int | None, ...]
    """Ends of those of the group and of the rule; None: it is muted."""
    last_told_us: int | None
    """When a TRIGGER of the group was told before."""
    cooldown: int
    """Seconds."""


class Step(NamedTuple):
    tell: Kind | None
    held_back: HeldBack = HeldBack.NOT
    look_us: int | None = None
    """When to decide again, though nothing changes before; None: never."""


def decide(standing: Standing, now_us: int) -> Step:
    if not standing.fires:
        return Step(Kind.RESOLVE if standing.told else None)
    if standing.told:
        return Step(None)
    if None in standing.snoozes:
        return Step(None, HeldBack.MUTED)
    reasons = [(until, HeldBack.SNOOZED) for until in standing.snoozes if until is not None]
    reasons.append((_cooled_us(standing, now_us), HeldBack.COOLDOWN))
    until_us, why = max(reasons)
    if until_us > now_us:
        return Step(None, why, until_us)
    return Step(Kind.TRIGGER if standing.has_channels else None)


def _cooled_us(standing: Standing, now_us: int) -> int:
    # What was told in the future was told by a clock that was wrong.
    if standing.last_told_us is None or standing.last_told_us > now_us:
        return now_us
    return standing.last_told_us + standing.cooldown * _SECOND
