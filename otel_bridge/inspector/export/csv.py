"""CSV as RFC 4180 has it: a row for each exchange, without headers and bodies.

Spreadsheets take a cell that begins with = + - @, a tab or a line end for a formula, and anybody can put
one into a path: such a cell gets an apostrophe in front, which spreadsheets take for "this is text".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from otel_bridge.inspector.exchange import Exchange

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | float | None

COLUMNS: Mapping[str, Callable[[Exchange], Cell]] = {
    "time": lambda e: _time(e.started_us),
    "method": lambda e: e.method,
    "status": lambda e: e.status,
    "url": lambda e: e.url,
    "host": lambda e: e.host,
    "path": lambda e: e.path,
    "query": lambda e: e.query,
    "service": lambda e: e.service,
    "route": lambda e: e.route,
    "consumer": lambda e: e.consumer,
    "client": lambda e: e.client_address,
    "duration_ms": lambda e: _ms(e.duration_us),
    "kong_ms": lambda e: _ms(e.gateway_us),
    "upstream_ms": lambda e: _ms(e.upstream_us),
    "request_bytes": lambda e: e.request.body_size,
    "response_bytes": lambda e: e.response.body_size,
    "source": lambda e: e.source,
    "gateway": lambda e: e.gateway,
    "environment": lambda e: e.environment,
    "bucket": lambda e: e.bucket,
    "request_id": lambda e: e.request_id,
    "trace_id": lambda e: e.trace_id,
    "id": lambda e: e.id,
}
"""Times are UTC; durations have three decimals; an empty cell is what nobody told."""


def row(exchange: Exchange) -> bytes:
    return _line([_harmless(cell(exchange)) for cell in COLUMNS.values()])


def _line(cells: list[Cell]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerow(cells)
    return text.getvalue().encode()


def _harmless(cell: Cell) -> Cell:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def _ms(us: int | None) -> float | None:
    return None if us is None else us / 1000


def _time(us: int) -> str:
    try:
        found = _EPOCH + timedelta(microseconds=us)
    except OverflowError:
        return str(us)
    return found.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


HEADINGS = _line(list(COLUMNS))
