"""An exchange in the Runscope API's own words; what a reader of messages gets."""

from __future__ import annotations

from binascii import b2a_base64
from typing import Any
from urllib.parse import parse_qsl
from uuid import UUID

from otel_bridge.inspector.exchange import Exchange, Headers, Side

_FORM = "application/x-www-form-urlencoded"
_MOST_ARGUMENTS = 10_000


def message(exchange: Exchange, *, bodies: bool) -> dict[str, Any]:
    """Headers and arguments have lists of values; times are Unix seconds with a fraction."""
    known = f"{exchange.trace_id}-{exchange.span_id}" if exchange.trace_id and exchange.span_id else None
    return {
        "uuid": str(UUID(exchange.id)),
        "unique_identifier": known,
        "bucket_key": exchange.bucket,
        "request": _request(exchange, bodies=bodies),
        "response": _response(exchange, bodies=bodies) if exchange.status else None,
    }


def _request(exchange: Exchange, *, bodies: bool) -> dict[str, Any]:
    side = exchange.request
    return {
        "method": exchange.method,
        "url": exchange.url,
        "scheme": exchange.scheme,
        "host": exchange.host,
        "port": exchange.port,
        "path": exchange.path,
        "params": _arguments(exchange.query),
        "headers": _lists(side.headers),
        "form": _form(side) if bodies else {},
        "size_bytes": side.body_size,
        "timestamp": exchange.started_us / 1_000_000,
    } | (_body(side) if bodies else {})


def _response(exchange: Exchange, *, bodies: bool) -> dict[str, Any]:
    side, took = exchange.response, exchange.duration_us
    return {
        "status": exchange.status,
        "reason": exchange.reason,
        "headers": _lists(side.headers),
        "size_bytes": side.body_size,
        "response_time": None if took is None else took / 1_000_000,
        "timestamp": (exchange.started_us + (took or 0)) / 1_000_000,
    } | (_body(side) if bodies else {})


def _body(side: Side) -> dict[str, Any]:
    if side.body is None:
        return {"body": None}
    try:
        return {"body": side.body.decode(), "body_encoding": "plaintext"}
    except UnicodeDecodeError:
        return {"body": b2a_base64(side.body, newline=False).decode(), "body_encoding": "base64"}


def _form(side: Side) -> dict[str, list[str]]:
    of_form = any(name.lower() == "content-type" and _FORM in value.lower() for name, value in side.headers)
    return _arguments(side.body.decode(errors="replace")) if of_form and side.body else {}


def _arguments(query: str) -> dict[str, list[str]]:
    if query.count("&") >= _MOST_ARGUMENTS:
        return {}
    return _lists(tuple(parse_qsl(query, keep_blank_values=True, errors="replace")))


def _lists(pairs: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return found
