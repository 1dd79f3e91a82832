"""HAR 1.2: an entry for each exchange, as `otel-bridge convert --to har` writes it."""

from __future__ import annotations

from otel_bridge.formats import har
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.export.http_exchange import to_http_exchange, told_timings


def entry(exchange: Exchange) -> bytes:
    """Compact JSON, with bodies."""
    return har.entry(to_http_exchange(exchange), bodies=True, spent=told_timings(exchange))


def document(exchange: Exchange) -> bytes:
    """A HAR of one."""
    return har.document([entry(exchange)])
