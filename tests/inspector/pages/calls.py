"""Exchanges by hand that are posted to an inspector: calls of a shop, a moment ago."""

from __future__ import annotations

import os
import time
from typing import Any

from otel_bridge.mapping.exchange import Body, HelperSpan, HttpExchange
from tests.formats.exchanges import an_exchange

_TOOK_NS = 43_000_000


def a_call(path: str, **changes: Any) -> HttpExchange:
    """`GET http://shop.example.com/PATH` of the service shop, that took 43 ms, with *changes*."""
    start_ns = time.time_ns() - 1_000_000_000
    plain = an_exchange(
        trace_id=os.urandom(16),
        span_id=os.urandom(8),
        start_ns=start_ns,
        end_ns=start_ns + _TOOK_NS,
        url=f"http://shop.example.com{path}",
        scheme="http",
        host="shop.example.com",
        port=80,
        target=path,
        service="shop",
        route="carts",
        resource={"service.name": "kong", "service.instance.id": "kong-1"},
    )
    return plain._replace(**changes)


def answering(
    path: str, content: bytes | Body, media_type: str = "application/json", **changes: Any
) -> HttpExchange:
    """Likewise, with this body in its answer."""
    body = content if isinstance(content, Body) else Body(content=content, size=len(content))
    return a_call(path, response_headers=(("Content-Type", media_type),), response_body=body, **changes)


def asking(
    path: str, content: bytes | Body, media_type: str = "application/json", **changes: Any
) -> HttpExchange:
    """A POST with this body."""
    body = content if isinstance(content, Body) else Body(content=content, size=len(content))
    headers = (("Content-Type", media_type), *changes.pop("request_headers", ()))
    return a_call(path, method="POST", request_headers=headers, request_body=body, **changes)


def with_spans(exchange: HttpExchange, *spans: tuple[str, float, float, bool]) -> HttpExchange:
    """*spans*: name, start and length in ms, whether it failed; each below the exchange's own span."""
    helpers = [
        HelperSpan(
            span_id=os.urandom(8),
            parent_span_id=exchange.span_id,
            name=name,
            kind=3,
            start_ns=exchange.start_ns + int(start * 1e6),
            end_ns=exchange.start_ns + int((start + length) * 1e6),
            error=error,
            attributes={"try_count": index + 1},
        )
        for index, (name, start, length, error) in enumerate(spans)
    ]
    return exchange._replace(helpers=tuple(helpers))
