"""A dispatcher and its destination in simulated time."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Callable, Collection, Hashable, Sequence

from otel_bridge.delivery.answer import Kind
from otel_bridge.delivery.backoff import Backoff
from otel_bridge.delivery.batch import Batch, Entry
from otel_bridge.delivery.schedule import Schedule
from otel_bridge.delivery.work import Setback, Work

SETBACK = Setback(Kind.RETRY, "503 Service Unavailable")
DOWN = Setback(Kind.RETRY, "silence")
UNCONNECTED = Setback(Kind.RETRY, "connection refused", unsent=True)
TOOK = 0.1
EVER = 10**9


def schedule(
    retry_count: int = 3, *, queue_size: int = 1, jitter: Callable[[], float] = lambda: 1.0
) -> Schedule:
    return Schedule(
        retry_count=retry_count,
        queue_size=queue_size,
        max_bytes=lambda: EVER,
        backoff=Backoff(),
        jitter=jitter,
    )


class World:
    """Plays the dispatcher's part over simulated seconds, one request at a time for each payload."""

    def __init__(
        self,
        *,
        retry_count: int = 3,
        queue_size: int = 1,
        poison: Collection[object] = (),
        outages: Sequence[tuple[float, float]] = (),
        jitter: Callable[[], float] = lambda: 1.0,
        setback: Setback = SETBACK,
        down: Setback = DOWN,
    ) -> None:
        self.schedule = schedule(retry_count, queue_size=queue_size, jitter=jitter)
        self.poison = poison
        self.outages = outages
        self.setback = setback
        self.down = down
        self.now = 0.0
        self.sent: list[tuple[float, Hashable, list[object]]] = []
        self.delivered: list[object] = []
        self.dead: list[object] = []
        self.most_in_flight = 0
        self.held = 0.0
        self._numbers = itertools.count()
        self._events: list[tuple[float, int, Callable[[], None]]] = []

    def submit(self, api: str, *names: object, at: float = 0.0) -> None:
        batch = Batch(api, [Entry(b"{}", name) for name in names])
        self._at(at, lambda: self.schedule.submit(batch))

    def run(self, until: float = 100_000.0) -> None:
        """Go on until nothing is left to do, or for so long."""
        while self.now < until and (self._events or not self.schedule.idle):
            self._start_all()
            wake = self.schedule.wake_at(self.now)
            times = [event[0] for event in self._events[:1]] + ([] if wake is None else [wake])
            if not times:
                return
            then = max(self.now, min(times))
            self.held += (then - self.now) * (self.schedule.hold is not None)
            self.now = then
            while self._events and self._events[0][0] <= self.now:
                heapq.heappop(self._events)[2]()

    def _at(self, when: float, what: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._numbers), what))

    def _start_all(self) -> None:
        while (work := self.schedule.take(self.now)) is not None:
            self.most_in_flight = max(self.most_in_flight, self.schedule.in_flight)
            self._request(work)

    def _request(self, work: Work) -> None:
        if work.doomed:
            self.dead.extend(entry.origin for entry in work.plan.items)
            self.schedule.done(work)
            return
        group = [entry.origin for entry in work.plan.group(EVER)]
        self.sent.append((self.now, work.api, group))
        self._at(self.now + TOOK, lambda: self._answer(work, group))

    def _answer(self, work: Work, group: list[object]) -> None:
        if any(begin <= self.now < end for begin, end in self.outages):
            self.schedule.failed(work, self.down, self.now)
        elif set(group) & set(self.poison):
            self.schedule.failed(work, self.setback, self.now)
        else:
            work.plan.accepted()
            self.delivered.extend(group)
            self.schedule.succeeded(work, self.now, delivered=True)
            self.schedule.done(work)
