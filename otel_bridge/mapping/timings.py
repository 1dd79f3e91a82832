"""How long the parts of an exchange took.

Kong's own account first (`kong.latency.*`), then the span of the balancer's last try, else all of it
counts as waiting. The parts add up to the length of the span, but for Kong's account, which is in
whole milliseconds.
"""

from __future__ import annotations

from typing import NamedTuple

from otel_bridge.mapping.exchange import NO_LATENCIES, HttpExchange, Latencies
from otel_bridge.mapping.kong import is_balancer

# How far three figures in whole milliseconds may be from the length of the span.
TOLERANCE_MS = 5.0


class Timings(NamedTuple):
    """Milliseconds, never negative."""

    send: float
    """From the first byte of the request until it went upstream."""
    wait: float
    """Until the upstream answered."""
    receive: float
    """Until the last byte of the answer."""

    @property
    def total(self) -> float:
        return round((self.send + self.wait + self.receive) * 1000) / 1000


def timings(exchange: HttpExchange) -> Timings:
    """Where the time of *exchange* went."""
    length = max(0, exchange.end_ns - exchange.start_ns)
    latencies = exchange.latencies
    found = _by_latencies(latencies, length / 1e6) if latencies is not NO_LATENCIES else None
    return found or _by_balancer(exchange, length) or Timings(0.0, _ms(length), 0.0)


def _by_latencies(latencies: Latencies, length: float) -> Timings | None:
    """None where Kong gave no figures, or figures that can't be true."""
    internal, upstream, receive = latencies
    if internal is None and upstream is None:
        return None
    send, wait = (internal or 0.0) * 1000, (upstream or 0.0) * 1000
    # Missing where the answer was cut off, had no body, or was Kong's own: then it took the rest.
    received = max(0.0, length - send - wait) if receive is None else receive * 1000
    if send < 0 or wait < 0 or received < 0 or send + wait + received > length + TOLERANCE_MS:
        return None
    if send + wait + received < length - TOLERANCE_MS:
        received = length - send - wait
    # Rounded in whole numbers, which is a third of the price of rounding a float to three places.
    return Timings(round(send * 1000) / 1000, round(wait * 1000) / 1000, round(received, 3))


def _by_balancer(exchange: HttpExchange, length: int) -> Timings | None:
    for helper in reversed(exchange.helpers):
        if is_balancer(helper.name):
            send = helper.start_ns - exchange.start_ns
            # The span of a failed try ends with the connection, long before the time-out that failed it.
            wait = length if helper.error else helper.end_ns - helper.start_ns
            return _parts(send, wait, length)
    return None


def _parts(send: int, wait: int, length: int) -> Timings:
    """*send* and *wait* cut to what *length* leaves room for, and the rest; all three are nanoseconds."""
    send = min(max(send, 0), length)
    wait = min(max(wait, 0), length - send)
    return Timings(_ms(send), _ms(wait), _ms(length - send - wait))


def _ms(ns: int) -> float:
    return (ns + 500) // 1000 / 1000
