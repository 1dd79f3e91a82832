"""Recorded Kong traffic as the inspector keeps it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from otel_bridge.config.models import Redaction
from otel_bridge.config.redaction import redaction_rules
from otel_bridge.formats.offline import gather
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.wire.direct import received
from otel_bridge.mapping.exchange import HttpExchange
from otel_bridge.otlp.normalise import normalise
from otel_bridge.redaction import Redactor
from tests.recordings import payloads

ARRIVED_US = 2_000_000_000_000_000


@cache
def recorded(name: str) -> tuple[Exchange, ...]:
    return kept(mapped(payloads(name)))


def mapped(requests: Iterable[bytes]) -> list[HttpExchange]:
    """As the bridge does: normalised, and with its secrets masked."""
    redactor = Redactor(redaction_rules(Redaction()))
    return gather(redactor.redact(normalise(body).record).record for body in requests).exchanges


def kept(exchanges: Iterable[HttpExchange]) -> tuple[Exchange, ...]:
    return tuple(received(exchanges, arrived_us=ARRIVED_US))
