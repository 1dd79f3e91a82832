"""Kong's spans and Kong's access logs of the same request, which make one exchange, and never two.

Kong sends both by queues of their own, so either may come first. A log waits for its span; spans wait for
their logs while a gateway sends logs at all. Who has waited long enough goes on alone, and what comes of
the other signal after that is dropped.

    log ──its span waits here─────────▶ joined        span ──its log waits here─────▶ joined
     ├──its span went on alone────────▶ dropped        ├──its log went on alone─────▶ dropped
     └──▶ waits, at most PATIENCE ────▶ alone          ├──logs came lately: waits ──▶ alone
                                                       └──no logs ──────────────────▶ alone, at once

They know each other by Kong's request id, which every log has, and every root from Kong 3.5 on; Kong logs
so from 3.13 on.

Pure: time comes in as an argument.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from otel_bridge.mapping import HttpExchange, joined
from otel_bridge.otlp.values import Value
from otel_bridge.pipeline.late_spans import Arrival, size
from otel_bridge.pipeline.seen import Seen

# Seconds. Both of Kong's queues hold an entry for a second at most, and answers take their time.
PATIENCE = 2.5
# Spans of a gateway node wait for logs as long as its last log is no older than this.
EXPECTED = 60.0
# Nodes that this is known of.
_MOST_NODES = 1024
# Bytes; at the bound the oldest goes on alone instead of waiting.
MAX_WAITING = 16 * 1024 * 1024
# Of each signal, what went on is remembered by its request id.
_REMEMBERED = 20_000


class _Waiting(NamedTuple):
    until: float
    arrival: Arrival


_Line = OrderedDict[str, _Waiting]
"""Who waits, by request id, the one that is due first in front."""


class AccessLogs:
    """Owner of what waits for the other signal; not thread-safe."""

    def __init__(self, *, joined: Callable[[], None], dropped: Callable[[Arrival], None]) -> None:
        """*joined* is called for each two that became one, *dropped* for each that came too late for that."""
        self.met = False
        """Whether there was any access log yet."""
        self._joined = joined
        self._dropped = dropped
        self._expected: dict[Value, float] = {}
        """Until when, by `service.instance.id`."""
        self._logs: _Line = OrderedDict()
        self._spans: _Line = OrderedDict()
        self._held = 0
        self._gone_logs = Seen(limit=_REMEMBERED)
        self._gone_spans = Seen(limit=_REMEMBERED)

    def spans(self, arrivals: Iterable[Arrival], now: float) -> Sequence[Arrival]:
        """Exchanges of spans; returns what need not wait."""
        if self.met:
            return [ready for arrival in arrivals for ready in self._span(arrival, now)]
        arrivals = list(arrivals)
        keys = [exchange.request_id for exchange, _ in arrivals if exchange.gateway_root]
        self._gone_spans.first_ones([key for key in keys if key], now)
        return arrivals

    def logs(self, arrivals: Iterable[Arrival], now: float) -> Iterator[Arrival]:
        """Exchanges of access logs; yields what need not wait."""
        for arrival in arrivals:
            self._expect(arrival, now)
            key = arrival.exchange.request_id
            if (span := self._release(self._spans, key)) is not None:
                yield self._both(span, arrival, now)
            elif key in self._gone_spans or key in self._gone_logs or key in self._logs:
                self._dropped(arrival)
            else:
                yield from self._hold(self._logs, arrival, now)

    def due(self, now: float) -> Iterator[Arrival]:
        """What has waited long enough."""
        for waiting, gone in ((self._logs, self._gone_logs), (self._spans, self._gone_spans)):
            while waiting and next(iter(waiting.values())).until <= now:
                yield self._alone(waiting, gone, now)

    def next_due(self) -> float | None:
        heads = [next(iter(waiting.values())).until for waiting in (self._logs, self._spans) if waiting]
        return min(heads, default=None)

    def drain(self, now: float) -> Iterator[Arrival]:
        """All that wait, alone."""
        for waiting, gone in ((self._logs, self._gone_logs), (self._spans, self._gone_spans)):
            while waiting:
                yield self._alone(waiting, gone, now)

    def discard(self, unwanted: Callable[[Arrival], bool]) -> None:
        """Forget waiting exchanges."""
        for waiting in (self._logs, self._spans):
            for key in [key for key, one in waiting.items() if unwanted(one.arrival)]:
                self._release(waiting, key)

    def _span(self, arrival: Arrival, now: float) -> Iterator[Arrival]:
        exchange = arrival.exchange
        key = exchange.request_id
        if not (key and exchange.gateway_root):
            yield arrival
        elif (log := self._release(self._logs, key)) is not None:
            yield self._both(arrival, log, now)
        elif key in self._gone_logs:
            self._dropped(arrival)
        elif now < self._expected.get(_node(exchange), 0.0) and key not in self._spans:
            yield from self._hold(self._spans, arrival, now)
        else:
            self._gone_spans.first(key, now)
            yield arrival

    def _expect(self, log: Arrival, now: float) -> None:
        self.met = True
        if len(self._expected) >= _MOST_NODES:
            self._expected.clear()
        self._expected[_node(log.exchange)] = now + EXPECTED

    def _both(self, span: Arrival, log: Arrival, now: float) -> Arrival:
        self._joined()
        for gone in (self._gone_spans, self._gone_logs):
            gone.first(span.exchange.request_id, now)
        return Arrival(joined(span.exchange, log.exchange), span.origin._replace(log=log.origin))

    def _hold(self, waiting: _Line, arrival: Arrival, now: float) -> Iterator[Arrival]:
        waiting[arrival.exchange.request_id] = _Waiting(now + PATIENCE, arrival)
        self._held += size(arrival)
        gone = self._gone_logs if waiting is self._logs else self._gone_spans
        while waiting and self._held > MAX_WAITING:
            yield self._alone(waiting, gone, now)

    def _alone(self, waiting: _Line, gone: Seen, now: float) -> Arrival:
        key, one = waiting.popitem(last=False)
        self._held -= size(one.arrival)
        gone.first(key, now)
        return one.arrival

    def _release(self, waiting: _Line, key: str) -> Arrival | None:
        one = waiting.pop(key, None)
        if one is None:
            return None
        self._held -= size(one.arrival)
        return one.arrival


def _node(exchange: HttpExchange) -> Value:
    return exchange.resource.get("service.instance.id")
