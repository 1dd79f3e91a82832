"""One submitted payload on its way, and the queues such payloads wait in."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
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


@dataclass(slots=True, kw_only=True, eq=False)
class Work:
    """What is left of a payload; owned by the schedule, and by a task while it is in flight."""

    api: Hashable
    plan: Bisection[Entry]
    order: int
    """Counts the payloads as they were submitted."""
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


class Lanes:
    """A queue for each API. Whoever was served last is the last to be offered."""

    def __init__(self) -> None:
        self._lanes: dict[Hashable, deque[Work]] = {}

    def __iter__(self) -> Iterator[Work]:
        for lane in self._lanes.values():
            yield from lane

    def __bool__(self) -> bool:
        return bool(self._lanes)

    def add(self, work: Work) -> None:
        self._lanes.setdefault(work.api, deque()).append(work)

    def remove(self, work: Work) -> None:
        lane = self._lanes[work.api]
        lane.remove(work)
        if not lane:
            del self._lanes[work.api]

    def heads(self) -> Iterator[Work]:
        """The oldest of each API."""
        for lane in self._lanes.values():
            yield lane[0]

    def behind(self, head: Work) -> Work | None:
        """The next one of the same API."""
        lane = self._lanes[head.api]
        return lane[1] if len(lane) > 1 else None

    def served(self, api: Hashable) -> None:
        """The turn of *api* is over."""
        if api in self._lanes:
            self._lanes[api] = self._lanes.pop(api)
