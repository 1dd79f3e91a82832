"""An exchange as the columns that are filtered by, and back as a row of a table."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntFlag
from operator import attrgetter
from typing import Any

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query.fields import response_size
from otel_bridge.inspector.store.interface import Row

_LARGEST = (1 << 63) - 1


class Flags(IntFlag):
    CAPTURED = 1
    MASKED = 2
    """The exchange says so itself."""
    SIDE_MASKED = 4
    TRUNCATED = 8
    OMITTED = 16
    REQUEST_BODY = 32
    """There is one, and it is not empty."""
    RESPONSE_BODY = 64
    TRACE = 128
    SPANS = 256


def flags(exchange: Exchange) -> int:
    request, response = exchange.request, exchange.response
    return (
        Flags.CAPTURED * exchange.captured
        | Flags.MASKED * exchange.masked
        | Flags.SIDE_MASKED * (request.masked or response.masked)
        | Flags.TRUNCATED * (request.truncated or response.truncated)
        | Flags.OMITTED * bool(request.omitted or response.omitted)
        | Flags.REQUEST_BODY * bool(request.body)
        | Flags.RESPONSE_BODY * bool(response.body)
        | Flags.TRACE * bool(exchange.trace_id)
        | Flags.SPANS * bool(exchange.spans)
    )


# Columns that are fields of an exchange, by the same name; their texts are kept nowhere else.
TEXTS = (
    "method",
    "scheme",
    "host",
    "path",
    "query",
    "http_version",
    "service",
    "route",
    "route_template",
    "consumer",
    "environment",
    "bucket",
    "gateway",
    "source",
    "client_address",
    "upstream_address",
)
NUMBERS = (
    "started_us",
    "duration_us",
    "status",
    "port",
    "client_port",
    "gateway_us",
    "upstream_us",
)
_OTHERS: dict[str, Callable[[Exchange], Any]] = {
    "id": lambda e: bytes.fromhex(e.id),
    "request_size": lambda e: e.request.body_size,
    "response_size": response_size,
    "flags": flags,
}
_texts_of = attrgetter(*TEXTS)
_same_of = attrgetter(*TEXTS, *NUMBERS)
COLUMNS = (*_OTHERS, *TEXTS, *NUMBERS)
"""As `values_of` has them; beside them are `row` and `pinned`."""

ROW_COLUMNS = (
    "id, started_us, duration_us, method, status, scheme, host, port, path, query, service, route, "
    "consumer, source, client_address, gateway_us, upstream_us, request_size, response_size, flags, pinned"
)


def storable(exchange: Exchange) -> Exchange:
    """*exchange* as it can be kept: SQL compares texts up to a NUL, and has integers of 64 bits."""
    changes: dict[str, Any] = _bounded_integers(exchange)
    texts = _texts_of(exchange)
    if "\0" in "".join(texts):
        changes |= {name: text.replace("\0", "\ufffd") for name, text in zip(TEXTS, texts, strict=True)}
    for name in ("request", "response"):
        side: Side = getattr(exchange, name)
        if bounded := _bounded_integers(side):
            changes[name] = side._replace(**bounded)
    return exchange._replace(**changes) if changes else exchange


def values_of(exchange: Exchange) -> tuple[Any, ...]:
    """For `COLUMNS`, of what `storable` returned."""
    return (*[read(exchange) for read in _OTHERS.values()], *_same_of(exchange))


def row_of(found: tuple[Any, ...], base: int) -> Row:
    """Of the row's number and what a select of `ROW_COLUMNS` found."""
    row, identity, *same, bits, pinned = found
    marks = (Flags.CAPTURED, Flags.MASKED | Flags.SIDE_MASKED, Flags.TRUNCATED, Flags.OMITTED)
    seen = (bool(bits & mark) for mark in marks)
    return Row._make((base + row, identity.hex(), *same, *seen, bool(pinned)))


def _bounded_integers(values: Exchange | Side) -> dict[str, Any]:
    """Those fields that have to change."""
    return {
        values._fields[place]: max(-_LARGEST, min(value, _LARGEST))
        for place, value in enumerate(values)
        if type(value) is int and not -_LARGEST <= value <= _LARGEST
    }
