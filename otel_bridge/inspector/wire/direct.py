"""The bridge's own exchanges as the inspector would have them after delivery, without sending them."""

from __future__ import annotations

from collections.abc import Iterable

import orjson

from otel_bridge.formats import alf
from otel_bridge.inspector.exchange import RANDOM_BYTES, Exchange
from otel_bridge.inspector.wire import galileo
from otel_bridge.inspector.wire.assemble import Arrival
from otel_bridge.inspector.wire.tokens import IngestTokens
from otel_bridge.mapping.exchange import HttpExchange

_ANYBODY = IngestTokens(())


def received(exchanges: Iterable[HttpExchange], *, arrived_us: int) -> list[Exchange]:
    """What is kept of *exchanges* if they arrive at *arrived_us*, whole and in their order."""
    entries = [alf.entry(exchange, bodies=True, extension=True) for exchange in exchanges]
    document = orjson.loads(alf.document(entries, service_token="", environment=None))
    # Those without ids of their own can't be told apart here, and nobody asks.
    arrival = Arrival(arrived_us, lambda: bytes(RANDOM_BYTES))
    read = galileo.read([document], tokens=_ANYBODY, arrival=arrival)
    assert not read.errors, "what the bridge writes is what the inspector reads"
    return read.exchanges
