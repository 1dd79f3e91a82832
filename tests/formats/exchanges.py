"""Exchanges by hand, for what no recording shows."""

from __future__ import annotations

from typing import Any

from otel_bridge.mapping.exchange import NO_BODY, Body, Headers, HttpExchange, Latencies

START_NS = 1_795_298_514_101_000_000
"""2026-11-21T22:01:54.101Z"""


def an_exchange(**changes: Any) -> HttpExchange:
    """A captured GET without a query or bodies that took 43 ms, with *changes*."""
    plain = HttpExchange(
        trace_id=bytes(range(16)),
        span_id=bytes(range(8)),
        parent_span_id=b"",
        start_ns=START_NS,
        end_ns=START_NS + 43_000_000,
        method="GET",
        url="https://example.com/request/path",
        scheme="https",
        host="example.com",
        port=443,
        target="/request/path",
        http_version="HTTP/1.1",
        status=200,
        request_headers=(("host", "example.com"),),
        response_headers=(("connection", "close"),),
        request_body=NO_BODY,
        response_body=NO_BODY,
        request_size=None,
        response_size=None,
        client_address="127.0.0.1",
        client_port=None,
        server_address="10.10.10.10",
        route_template="",
        service="",
        route="",
        consumer="",
        request_id="",
        response_source="",
        upstream_status=None,
        latencies=Latencies(internal=0.003, upstream=0.015, receive=0.025),
        scope="kong-internal",
        resource={},
        gateway_root=True,
        captured=True,
    )
    return plain._replace(**changes)


def asked(*headers: tuple[str, str], body: bytes | None = None, **changes: Any) -> HttpExchange:
    """A request with these headers and this captured body."""
    return an_exchange(request_headers=headers, request_body=_body(body), **changes)


def answered(*headers: tuple[str, str], body: bytes | None = None, **changes: Any) -> HttpExchange:
    """A response with these headers and this captured body."""
    return an_exchange(response_headers=headers, response_body=_body(body), **changes)


def items(headers: Headers) -> list[dict[str, str]]:
    """*headers* as ALF and HAR list them."""
    return [{"name": name, "value": value} for name, value in headers]


def _body(content: bytes | None) -> Body:
    return NO_BODY if content is None else Body(content=content)
