"""Exchanges made by hand, for tests of what comes behind the mapping."""

from __future__ import annotations

import itertools
from typing import Any

from otel_bridge.mapping.exchange import NO_BODY, HttpExchange, Latencies

_numbers = itertools.count(1)
START_NS = 1_795_298_514_100_000_000


def exchange(**fields: Any) -> HttpExchange:
    """A small GET that took 12 ms, each with its own ids; *fields* replace what matters to a test."""
    number = next(_numbers)
    plain = HttpExchange(
        trace_id=number.to_bytes(16),
        span_id=number.to_bytes(8),
        parent_span_id=b"",
        start_ns=START_NS,
        end_ns=START_NS + 12_000_000,
        method="GET",
        url="http://127.0.0.1:8000/orders?limit=2",
        scheme="http",
        host="127.0.0.1",
        port=8000,
        target="/orders?limit=2",
        http_version="HTTP/1.1",
        status=200,
        request_headers=(),
        response_headers=(),
        request_body=NO_BODY,
        response_body=NO_BODY,
        request_size=None,
        response_size=None,
        client_address="127.0.0.1",
        client_port=None,
        server_address="",
        route_template="/orders",
        service="",
        route="",
        consumer="",
        request_id="",
        response_source="",
        upstream_status=None,
        latencies=Latencies(),
        scope="",
        resource={},
        gateway_root=False,
        captured=False,
    )
    return plain._replace(**fields)
