"""All exchanges of many records at once, where the pipeline would meet them one after the other."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from otel_bridge.mapping import LooseHelper, attach, belongs, spot
from otel_bridge.mapping.exchange import HttpExchange


class Gathered(NamedTuple):
    exchanges: list[HttpExchange]
    """Each once, in the order they were met, with all their helper spans."""
    skipped: Counter[str]
    """Spans that are not exchanges, by reason."""


def gather(records: Iterable[bytes]) -> Gathered:
    """Map *records*; helper spans find their exchange wherever in them they are."""
    exchanges: dict[tuple[bytes, bytes], HttpExchange] = {}
    helpers: dict[bytes, list[LooseHelper]] = defaultdict(list)
    skipped: Counter[str] = Counter()
    for record in records:
        spotted = spot(record)
        skipped.update(spotted.skipped)
        for found in spotted.exchanges:
            exchange = found.exchange
            first = exchanges.setdefault((exchange.trace_id, exchange.span_id), exchange)
            if first is not exchange:
                exchanges[exchange.trace_id, exchange.span_id] = attach(first, exchange.helpers)
        for helper in spotted.helpers:
            helpers[helper.trace_id].append(helper)
    return Gathered([_joined(exchange, helpers) for exchange in exchanges.values()], skipped)


def _joined(exchange: HttpExchange, helpers: dict[bytes, list[LooseHelper]]) -> HttpExchange:
    loose = helpers.get(exchange.trace_id, [])
    # A helper may hang below another one that has just been found.
    while mine := [helper for helper in loose if belongs(helper, exchange)]:
        exchange = attach(exchange, (helper.helper for helper in mine))
        loose = [helper for helper in loose if helper not in mine]
    return exchange
