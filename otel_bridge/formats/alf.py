"""API Log Format 1.1.0: what a Galileo collector takes.

Exactly the members that the format's schema knows (it forbids others), plus `_otel` in an entry where
extensions are on. Without them the one place left to say "not captured" is a `headersSize` of 0, which
no real message has.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from otel_bridge import __version__
from otel_bridge.formats import wire
from otel_bridge.formats.extension import members, start, text_of
from otel_bridge.mapping import timings
from otel_bridge.mapping.exchange import HttpExchange

# The collector's schema knows no HTTP/3.
_HTTP_VERSIONS = frozenset({"HTTP/1.0", "HTTP/1.1", "HTTP/2"})


def entry(exchange: HttpExchange, *, bodies: bool, extension: bool) -> bytes:
    """One entry as compact JSON; *bodies* adds `postData` and `content`, *extension* adds `_otel`."""
    spent = timings(exchange)
    version = exchange.http_version if exchange.http_version in _HTTP_VERSIONS else "unknown"
    found: dict[str, Any] = {
        "startedDateTime": wire.instant(exchange.start_ns),
        "time": spent.total,
        "request": _request(exchange, version, bodies=bodies),
        "response": _response(exchange, version, bodies=bodies),
        "timings": {"send": spent.send, "wait": spent.wait, "receive": spent.receive},
    }
    if wire.is_ip_address(exchange.server_address):
        found["serverIPAddress"] = exchange.server_address
    odd_client = exchange.client_address
    if wire.is_ip_address(exchange.client_address):
        found["clientIPAddress"] = exchange.client_address
        odd_client = ""
    if extension:
        odd_version = exchange.http_version if version == "unknown" else ""
        found["_otel"] = members(
            exchange, start=start(exchange), clientAddress=odd_client, httpVersion=odd_version
        )
    return orjson.dumps(found, default=text_of)


def document(entries: Iterable[bytes], *, service_token: str, environment: str | None) -> bytes:
    """One ALF over *entries* of one API; a collector wants at least one of them."""
    head = {"version": "1.1.0", "serviceToken": service_token}
    if environment is not None:
        head["environment"] = environment
    creator = {"name": "otel-bridge", "version": __version__}
    return b'%b,"har":{"log":{"creator":%b,"entries":[%b]}}}' % (
        orjson.dumps(head)[:-1],
        orjson.dumps(creator),
        b",".join(entries),
    )


def _request(exchange: HttpExchange, version: str, *, bodies: bool) -> dict[str, Any]:
    (named, lines, headers), body = wire.survey(exchange.request_headers), exchange.request_body
    size = 0
    if exchange.captured or exchange.request_headers:
        size = wire.request_head_size(exchange.method, exchange.target, exchange.http_version, lines)
    found: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": version,
        "queryString": wire.items(wire.arguments(exchange.target)),
        "headers": headers,
        "headersSize": size,
        "bodySize": wire.body_size(body, named) or 0,
        "bodyCaptured": wire.body_was_there(body, named),
    }
    if bodies and body.content:
        found["postData"] = _content(body.content, named)
    return found


def _response(exchange: HttpExchange, version: str, *, bodies: bool) -> dict[str, Any]:
    (named, lines, headers), body = wire.survey(exchange.response_headers), exchange.response_body
    size = 0
    if exchange.response_headers:
        size = wire.response_head_size(exchange.status, exchange.http_version, lines)
    found: dict[str, Any] = {
        "status": exchange.status,
        "statusText": wire.REASONS.get(exchange.status, ""),
        "httpVersion": version,
        "headers": headers,
        "headersSize": size,
        "bodySize": 0 if exchange.status == 304 else wire.body_size(body, named) or 0,
        "bodyCaptured": wire.body_was_there(body, named),
    }
    if bodies and body.content:
        found["content"] = _content(body.content, named)
    return found


def _content(body: bytes, named: wire.Fields) -> dict[str, Any]:
    return {
        "mimeType": named.get("content-type") or wire.DEFAULT_MEDIA_TYPE,
        "encoding": "base64",
        "text": wire.base64(body),
    }
