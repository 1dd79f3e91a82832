"""Which exchanges of a record a query means: they are looked at as the inspector would have them."""

from __future__ import annotations

from typing import NamedTuple

from google.protobuf.message import DecodeError

from otel_bridge.inspector.query import Query, Subject, matcher
from otel_bridge.inspector.store.interface import Period
from otel_bridge.inspector.wire.direct import received
from otel_bridge.mapping import SpanAddress, access_logs, spot


class Selected(NamedTuple):
    span: SpanAddress
    trace_id: bytes
    started_us: int
    request_id: str
    is_log: bool
    """An access log, which may tell of the same exchange as a span elsewhere."""


class Selection:
    """A query over a period; for one thread.

    What only helper spans of a later record tell (the upstream's address) is not known here, nor what the
    delivery adds: environment and bucket.
    """

    def __init__(self, query: Query, period: Period) -> None:
        self._matches = matcher(query)
        self._period = period

    def of(self, record: bytes, *, received_ns: int) -> list[Selected]:
        """The matches among the exchanges of *record*, in its order; none where it can't be read."""
        try:
            spotted = spot(record).exchanges
        except DecodeError:
            return []
        exchanges = received((found.exchange for found in spotted), arrived_us=received_ns // 1000)
        return [
            Selected(
                found.span,
                found.exchange.trace_id,
                exchange.started_us,
                found.exchange.request_id,
                found.exchange.source == access_logs.SOURCE,
            )
            for found, exchange in zip(spotted, exchanges, strict=True)
            if self._is_in_period(exchange.started_us) and self._matches(Subject(exchange))
        ]

    def _is_in_period(self, started_us: int) -> bool:
        start_us, end_us = self._period
        return (start_us is None or start_us <= started_us) and (end_us is None or started_us < end_us)
