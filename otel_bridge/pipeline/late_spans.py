"""Exchanges whose helper spans come in another request, and the helper spans that come first.

Kong queues span by span, so a full batch may end in the middle of an exchange: its root is then the
newest of the request and its `kong.balancer` spans open the next one. Behind a Collector they can even
come before, and one request has those of several Kongs, each in resource spans of its own. So the newest
Kong root of each resource spans that has no balancer span yet waits here, at most `PATIENCE` seconds, and
helper spans without a root wait in a bounded map.

    found ──has its balancer, or is not the newest──────────────▶ ready
      └──▶ waiting ──its balancer came, or PATIENCE is over────▶ ready

Pure: time comes in as an argument.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from otel_bridge.mapping import HttpExchange, LooseHelper, attach, awaits_balancer, belongs
from otel_bridge.pipeline.letters import Origin

PATIENCE = 1.5
# Helpers whose root never comes are dropped after this time, or when there are too many.
HELPER_PATIENCE = 5.0
# Bytes of bodies; at the bound an exchange goes on without its other half instead of waiting.
MAX_WAITING = 16 * 1024 * 1024
MAX_HELPERS = 20_000
_PLAIN_SIZE = 4096


class Arrival(NamedTuple):
    exchange: HttpExchange
    origin: Origin


class _Waiting(NamedTuple):
    until: float
    arrival: Arrival


class LateSpans:
    """Owner of what waits for its other half; not thread-safe."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, list[_Waiting]] = {}
        self._helpers: dict[bytes, list[LooseHelper]] = {}
        self._helper_ages: deque[tuple[float, bytes]] = deque()
        self._deadlines: deque[tuple[float, bytes, bytes]] = deque()
        self._held = 0

    def take(self, arrivals: Iterable[Arrival], now: float) -> list[Arrival]:
        """The exchanges of one record, in its order; returns those that need not wait."""
        if self._helpers:
            arrivals = map(self._with_early_helpers, arrivals)
        ready = list(arrivals)
        newest = {
            arrival.origin.address.resource: place
            for place, arrival in enumerate(ready)
            if arrival.exchange.gateway_root
        }
        for place in sorted(newest.values(), reverse=True):
            arrival = ready[place]
            if awaits_balancer(arrival.exchange) and self._held + size(arrival) <= MAX_WAITING:
                self._hold(arrival, now)
                del ready[place]
        return ready

    def helpers(self, loose: Iterable[LooseHelper], now: float) -> Iterator[Arrival]:
        """Helper spans without a root in their record; yields the exchanges they complete."""
        for helper in loose:
            for waiting in self._waiting.get(helper.trace_id, ()):
                if belongs(helper, waiting.arrival.exchange):
                    yield from self._join(waiting, helper)
                    break
            else:
                self._keep(helper, now)

    def due(self, now: float) -> Iterator[Arrival]:
        """What has waited long enough."""
        while self._deadlines and self._deadlines[0][0] <= now:
            _, trace_id, span_id = self._deadlines.popleft()
            for waiting in self._waiting.get(trace_id, ()):
                if waiting.arrival.exchange.span_id == span_id and waiting.until <= now:
                    yield self._release(waiting)
                    break
        while self._helper_ages and (
            self._helper_ages[0][0] + HELPER_PATIENCE <= now or len(self._helper_ages) > MAX_HELPERS
        ):
            self._drop_oldest_helper()

    def next_due(self) -> float | None:
        return self._deadlines[0][0] if self._deadlines else None

    def drain(self) -> Iterator[Arrival]:
        """All that wait, without their other half."""
        for group in list(self._waiting.values()):
            for waiting in list(group):
                yield self._release(waiting)

    def discard(self, unwanted: Callable[[Arrival], bool]) -> None:
        """Forget waiting exchanges."""
        for group in list(self._waiting.values()):
            for waiting in [one for one in group if unwanted(one.arrival)]:
                self._release(waiting)

    def _hold(self, arrival: Arrival, now: float) -> None:
        waiting = _Waiting(now + PATIENCE, arrival)
        exchange = arrival.exchange
        self._waiting.setdefault(exchange.trace_id, []).append(waiting)
        self._deadlines.append((waiting.until, exchange.trace_id, exchange.span_id))
        self._held += size(arrival)

    def _release(self, waiting: _Waiting) -> Arrival:
        trace_id = waiting.arrival.exchange.trace_id
        group = self._waiting[trace_id]
        group.remove(waiting)
        if not group:
            del self._waiting[trace_id]
        self._held -= size(waiting.arrival)
        return waiting.arrival

    def _join(self, waiting: _Waiting, helper: LooseHelper) -> Iterator[Arrival]:
        joined = waiting.arrival._replace(exchange=attach(waiting.arrival.exchange, [helper.helper]))
        if not awaits_balancer(joined.exchange):
            self._release(waiting)
            yield joined
            return
        group = self._waiting[joined.exchange.trace_id]
        group[group.index(waiting)] = waiting._replace(arrival=joined)

    def _keep(self, helper: LooseHelper, now: float) -> None:
        self._helpers.setdefault(helper.trace_id, []).append(helper)
        self._helper_ages.append((now, helper.trace_id))

    def _with_early_helpers(self, arrival: Arrival) -> Arrival:
        group = self._helpers.get(arrival.exchange.trace_id)
        if not group or not arrival.exchange.gateway_root:
            return arrival
        mine = [helper for helper in group if belongs(helper, arrival.exchange)]
        if not mine:
            return arrival
        left = [helper for helper in group if helper not in mine]
        if left:
            self._helpers[arrival.exchange.trace_id] = left
        else:
            del self._helpers[arrival.exchange.trace_id]
        return arrival._replace(exchange=attach(arrival.exchange, [helper.helper for helper in mine]))

    def _drop_oldest_helper(self) -> None:
        _, trace_id = self._helper_ages.popleft()
        group = self._helpers.get(trace_id)
        if group:
            group.pop(0)
            if not group:
                del self._helpers[trace_id]


def size(arrival: Arrival) -> int:
    """About what an exchange takes in memory."""
    bodies = (arrival.exchange.request_body.content, arrival.exchange.response_body.content)
    return _PLAIN_SIZE + sum(len(content) for content in bodies if content)
