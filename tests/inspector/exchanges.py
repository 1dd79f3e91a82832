"""Exchanges as the inspector has them, by hand."""

from __future__ import annotations

from typing import Any

from otel_bridge.inspector.exchange import Exchange, Side, Wire, exchange_id

STARTED_US = 1_795_298_514_101_000
"""2026-11-21T22:01:54.101Z"""
TRACE_ID = "000102030405060708090a0b0c0d0e0f"
SPAN_ID = "0001020304050607"


def an_exchange(**changes: Any) -> Exchange:
    """A captured GET without a query or bodies that took 43 ms, with *changes*; its id fits them."""
    plain = Exchange(
        id="",
        wire=Wire.GALILEO,
        arrived_us=STARTED_US + 600_000,
        started_us=STARTED_US,
        duration_us=43_000,
        method="GET",
        url="https://example.com/request/path",
        scheme="https",
        host="example.com",
        port=443,
        path="/request/path",
        query="",
        http_version="HTTP/1.1",
        status=200,
        reason="OK",
        request=Side(headers=(("host", "example.com"),), headers_size=50, body_size=0),
        response=Side(headers=(("connection", "close"),), headers_size=40, body_size=0),
        environment="",
        bucket="",
        service="",
        route="",
        consumer="",
        route_template="",
        gateway="",
        source="",
        client_address="127.0.0.1",
        client_port=None,
        upstream_address="",
        upstream_port=None,
        upstream_status=None,
        request_id="",
        trace_id=TRACE_ID,
        span_id=SPAN_ID,
        send_us=3_000,
        wait_us=15_000,
        receive_us=25_000,
        gateway_us=None,
        upstream_us=None,
        captured=True,
        not_captured="",
        masked=False,
        spans=[],
        resource={},
    )
    made = plain._replace(**changes)
    return made if made.id else made._replace(id=_id(made))


def _id(exchange: Exchange) -> str:
    return exchange_id(
        exchange.started_us, trace_id=exchange.trace_id, span_id=exchange.span_id, random=bytes(10)
    )
