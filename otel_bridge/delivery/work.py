"""One payload on its way."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import NamedTuple

from otel_bridge.delivery.answer import Kind
from otel_bridge.delivery.batch import Entry
from otel_bridge.delivery.bisection import Bisection


class Setback(NamedTuple):
    """Why a request failed for now."""

    kind: Kind
    """WRONG_DESTINATION or RETRY."""
    reason: str
    wait: float = 0.0
    """Seconds the destination asked for."""
    answer: str = ""
    """What it answered, if it did."""
    unsent: bool = False
    """It never saw the request: whatever is wrong, it is not the payload."""


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """What is left of a payload; owned by the schedule, and by a task while it is in flight."""

    api: Hashable
    plan: Bisection[Entry]
    order: int
    """Counts the payloads as they were cut."""
    failures: int = 0
    """In a row; they decide how long it waits once it stands aside."""
    strikes: int = 0
    """Failures that are its own: others were delivered before its next try."""
    probes: int = 0
    """Failed probes in a hold since the one behind it was let past."""
    aside: bool = False
    """Out of its lane, which goes on without it."""
    not_before: float = 0.0
    on_trial: bool = False
    """Part of a payload that had all its strikes."""
    trial_began: int = 0
    """When, as the exporter's count of deliveries."""
    doomed: bool = False
    """To be dead-lettered without another try."""
    setback: Setback | None = None
    """The last one."""
    refusal: tuple[str, str] = ("", "")
    """Reason and answer of the last one."""
    too_large: int = 0
    """Bytes of the largest piece of it that was answered 413."""
    largest_taken: int = 0
    """Bytes of the largest piece that was delivered."""
    given_up: bool = False
    """Whether any of it was refused for good."""
