"""Spans of other gateways through the real receiver, in protobuf and in JSON, to both destinations."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

import pytest

from otel_bridge.otlp.messages import TraceRequest
from tests.bridge import PROTOBUF, eventually
from tests.end_to_end.conftest import Wired, entries, messages
from tests.gateways import APISIX, ENVOY, NGINX, TRAEFIK, TYK, GatewaySpan
from tests.mapping.spans import Batch, SpanOf, request
from tests.otlp_json import otlp_json

JSON = {"Content-Type": "application/json"}


class Expected(NamedTuple):
    method: str
    url: str
    status: int
    version: str
    client: str
    sizes: tuple[int, int]
    request_headers: Sequence[tuple[str, str]]


GATEWAYS = {
    "Envoy": (
        ENVOY,
        Expected(
            "POST",
            "http://shop.example.com:8080/cart?item=7",
            201,
            "HTTP/2",
            "10.1.2.3",
            (312, 48),
            [("user-agent", "curl/8.5.0")],
        ),
    ),
    "Traefik": (
        TRAEFIK,
        Expected(
            "PUT",
            "https://api.example.com:8443/api/items/7",
            204,
            "HTTP/1.1",
            "192.0.2.7",
            (0, 0),
            [("content-type", "application/json"), ("user-agent", "Go-http-client/1.1"), ("x-tags", "a, b")],
        ),
    ),
    "APISIX": (
        APISIX,
        Expected(
            "GET",
            "http://api.example.com/orders?limit=2",
            200,
            "unknown",
            "",
            (0, 0),
            [("user-agent", "curl/8.5.0")],
        ),
    ),
    "NGINX": (
        NGINX,
        Expected(
            "POST",
            "https://files.example.com:8443/upload?name=a%20b",
            201,
            "HTTP/2",
            "2001:db8::7",
            (2048, 17),
            [("user-agent", "curl/8.5.0"), ("x-tenant", "blue")],
        ),
    ),
    "Tyk": (
        TYK,
        Expected(
            "GET",
            "http://tyk.example.com:8080/pets?kind=cat",
            200,
            "HTTP/1.1",
            "203.0.113.9",
            (0, 512),
            [("user-agent", "curl/8.5.0")],
        ),
    ),
}


@pytest.mark.parametrize("encoding", ["protobuf", "JSON"])
@pytest.mark.parametrize("name", GATEWAYS)
def test_the_exchange_of_a_gateway_arrives_at_both_destinations(
    wired: Wired, name: str, encoding: str
) -> None:
    wired.galileo.forget()
    wired.runscope.forget()
    gateway, expected = GATEWAYS[name]
    body, identifier = span_of(gateway)
    if encoding == "JSON":
        answer = wired.bridge.post(otlp_json(TraceRequest.FromString(body)), JSON)
    else:
        answer = wired.bridge.post(body, PROTOBUF)
    eventually(lambda: bool(entries(wired.galileo) and messages(wired.runscope)), "both destinations have it")
    (entry,), (message,) = entries(wired.galileo), messages(wired.runscope)
    asked, answered = entry["request"], entry["response"]

    assert 200 == answer.status_code
    assert (expected.method, expected.url) == (asked["method"], asked["url"])
    assert expected.status == answered["status"] == message["response"]["status"]
    assert (expected.method, expected.url) == (message["request"]["method"], message["request"]["url"])
    assert expected.version == asked["httpVersion"]
    assert expected.client == entry.get("clientIPAddress", "")
    assert expected.sizes == (asked["bodySize"], answered["bodySize"])
    assert list(expected.request_headers) == [(item["name"], item["value"]) for item in asked["headers"]]
    assert (10, 0.01) == (entry["time"], message["response"]["response_time"])
    assert identifier == message["unique_identifier"]
    assert dict(gateway.resource) == entry["_otel"]["gateway"]
    assert gateway.scope == entry["_otel"]["scope"]


def span_of(gateway: GatewaySpan) -> tuple[bytes, str]:
    """A request with the span of *gateway* in a new trace, and the span's identifier."""
    trace_id, span_id = os.urandom(16), os.urandom(8)
    span = SpanOf(gateway.attributes, gateway.name, trace_id=trace_id, span_id=span_id)
    # What it did upstream is no exchange.
    upstream = SpanOf(gateway.attributes, "upstream", 3, os.urandom(8), span_id, trace_id)
    body = request(Batch([span, upstream], gateway.scope, gateway.resource))
    return body, f"{trace_id.hex()}-{span_id.hex()}"
