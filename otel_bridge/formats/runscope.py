"""Messages as the Runscope API takes them: `POST /buckets/{bucket_key}/messages`.

With `bodies` off both bodies are "", as the plugin's were; with it on a body that is absent is one nobody
knows (or, in a request, one that was not there), and "" is an empty one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from otel_bridge.formats import wire
from otel_bridge.formats.extension import members, text_of
from otel_bridge.mapping import timings
from otel_bridge.mapping.exchange import Headers, HttpExchange
from otel_bridge.mapping.url import DEFAULT_PORTS


def message(exchange: HttpExchange, *, bodies: bool, extension: bool) -> bytes:
    """One message as compact JSON; *bodies* sends bodies along, *extension* adds `_otel`."""
    found: dict[str, Any] = {
        "unique_identifier": f"{exchange.trace_id.hex()}-{exchange.span_id.hex()}",
        "request": _request(exchange, bodies=bodies),
        "response": _response(exchange, bodies=bodies),
    }
    if extension:
        found["_otel"] = members(exchange, **_without_place(exchange))
    return orjson.dumps(found, default=text_of)


def document(messages: Iterable[bytes]) -> bytes:
    """One array of *messages*; a message that goes out alone needs nothing around it."""
    return b"[%b]" % b",".join(messages)


def _request(exchange: HttpExchange, *, bodies: bool) -> dict[str, Any]:
    named = wire.survey(exchange.request_headers).named
    content = exchange.request_body.content if bodies else None
    found: dict[str, Any] = {
        "method": exchange.method,
        "url": _url(exchange),
        "headers": _headers(exchange.request_headers),
        "form": _form(content, named) if content else {},
        "timestamp": _seconds(exchange.start_ns),
    }
    return found | (_content(content) if content else {} if bodies else {"body": ""})


def _response(exchange: HttpExchange, *, bodies: bool) -> dict[str, Any]:
    named, body = wire.survey(exchange.response_headers).named, exchange.response_body
    bodiless = wire.never_has_body(exchange.method, exchange.status)
    found: dict[str, Any] = {
        "status": exchange.status,
        "reason": wire.REASONS.get(exchange.status, ""),
        "headers": _headers(exchange.response_headers),
        "response_time": _seconds(exchange.end_ns - exchange.start_ns),
        "timestamp": _seconds(exchange.end_ns),
    }
    size = 0 if bodiless else wire.body_size(body, named)
    if size is not None:
        found["size_bytes"] = size
    if not bodies or size == 0:
        found["body"] = ""
    elif body.content is not None:
        found |= _content(body.content)
    return found


def _without_place(exchange: HttpExchange) -> dict[str, Any]:
    """What ALF says of *exchange* and a message can't."""
    spent, version = timings(exchange), exchange.http_version
    asked, asked_lines, _ = wire.survey(exchange.request_headers)
    answered, answered_lines, _ = wire.survey(exchange.response_headers)
    heads, sizes = {}, {}
    if exchange.captured or asked_lines:
        heads["request"] = wire.request_head_size(exchange.method, exchange.target, version, asked_lines)
    if answered_lines:
        heads["response"] = wire.response_head_size(exchange.status, version, answered_lines)
    for side, body, named in (
        ("request", exchange.request_body, asked),
        ("response", exchange.response_body, answered),
    ):
        size = wire.body_size(body, named)
        if size is not None or (exchange.captured and not wire.body_was_there(body, named)):
            sizes[side] = size or 0
    return {
        "url": "" if _only_its_own_port_is_added(exchange) else exchange.url,
        "httpVersion": version,
        "clientAddress": exchange.client_address,
        "timings": {"send": spent.send, "wait": spent.wait, "receive": spent.receive},
        "headersSize": heads,
        "bodySize": sizes,
    }


def _only_its_own_port_is_added(exchange: HttpExchange) -> bool:
    """Whether the message's URL is the client's but for a port that its scheme means anyway."""
    written = _url(exchange)
    return written == exchange.url or exchange.port == DEFAULT_PORTS.get(exchange.scheme)


def _seconds(ns: int) -> float:
    """To the microsecond: Kong's times are doubles, and their nanoseconds mean nothing."""
    return (ns + 500) // 1000 / 1_000_000


def _url(exchange: HttpExchange) -> str:
    """The URL with its port always where known, as the plugin wrote it."""
    if exchange.port is None or not exchange.host or not exchange.target.startswith("/"):
        return exchange.url
    return f"{exchange.scheme}://{exchange.host}:{exchange.port}{exchange.target}"


def _headers(headers: Headers) -> dict[str, str | list[str]]:
    found = {name.lower(): value for name, value in headers}
    if len(found) == len(headers):
        return dict(found)
    return _lists((name.lower(), value) for name, value in headers)


def _form(content: bytes, named: wire.Fields) -> dict[str, str | list[str]]:
    if wire.FORM not in named.get("content-type", "").lower() or "content-encoding" in named:
        return {}
    return _lists(wire.pairs(content.decode(errors="replace")))


def _lists(pairs: Iterable[tuple[str, str]]) -> dict[str, str | list[str]]:
    """A string for a name that comes once, else all its values."""
    found: dict[str, list[str]] = {}
    for name, value in pairs:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _content(content: bytes) -> dict[str, Any]:
    try:
        return {"body": content.decode()}
    except UnicodeDecodeError:
        return {"body": wire.base64(content), "body_encoding": "base64"}
