"""The exchanges that a query finds, whole, newest first, with no more than a page of rows in memory."""

from __future__ import annotations

from collections.abc import Iterator

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query import Query
from otel_bridge.inspector.store.interface import Period, Stop, Store, never

_ROWS = 200


def found(store: Store, query: Query, period: Period, *, stop: Stop = never) -> Iterator[Exchange]:
    """Ends early where *stop* says so; what retention takes meanwhile is left out. Raises StoreError."""
    before = None
    while not stop():
        page = store.search(query, period, before=before, limit=_ROWS, stop=stop)
        for row in page.rows:
            kept = store.get(row.id)
            if kept is not None:
                yield kept.exchange
            if stop():
                return
        before = page.next
        if before is None:
            return


def total(store: Store, query: Query, period: Period, *, stop: Stop = never) -> int | None:
    """How many there are; None where *stop* comes first. Raises StoreError."""
    histogram = store.histogram(query, period, bars=1, stop=stop)
    return sum(sum(bar.classes) for bar in histogram.bars) if histogram.complete else None
