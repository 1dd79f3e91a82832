"""What a span and an access log say of one request, put together."""

from __future__ import annotations

import pytest

from otel_bridge.formats.extension import members
from otel_bridge.mapping import HttpExchange, as_traces, combined, joined, spot, timings
from otel_bridge.otlp.values import Value
from tests.access_logs import Access, logs, spans


def one(record: bytes) -> HttpExchange:
    (found,) = spot(record).exchanges
    return found.exchange


SPAN = one(spans(Access(7)))
LOG = one(as_traces(logs(Access(7, end_ns=Access(7).end_ns + 1))))


def test_the_span_is_right_about_times_and_ids() -> None:
    both = joined(SPAN, LOG)

    assert SPAN[:5] == both[:5]
    assert SPAN.helpers == both.helpers


def test_the_log_fills_in_what_the_span_lacks() -> None:
    both = joined(SPAN, LOG)

    assert not SPAN.captured
    assert both.captured
    assert (LOG.request_headers, LOG.response_headers) == (both.request_headers, both.response_headers)
    assert (312, 480) == (both.request_size, both.response_size)
    assert ("orders", "orders-route", "alice") == (both.service, both.route, both.consumer)
    assert ("/orders", "HTTP/1.1") == (both.route_template, both.http_version)
    assert (5, 30, 5) == timings(both)[:3]
    assert "span and access log" == members(both)["source"]


def test_the_port_that_kongs_span_has_lost_comes_back() -> None:
    both = joined(SPAN, LOG)

    assert ("http://api.example.com:8000/orders/7?page=2", 8000) == (both.url, both.port)


def test_a_captured_span_keeps_its_own_headers() -> None:
    captured = SPAN._replace(captured=True, request_headers=(("x", "span"),), service="its own")

    both = joined(captured, LOG)

    assert ((("x", "span"),), ()) == (both.request_headers, both.response_headers)
    assert ("its own", "orders-route") == (both.service, both.route)


OTHERS: dict[str, dict[str, Value]] = {
    "usual": {},
    "another host": {
        "http.request.header.host": "other.example.com:9",
        "url.full": "http://other.example.com:9/",
    },
    "no port": {"http.request.header.host": "api.example.com", "url.full": "http://api.example.com/orders/7"},
    "masked": {"otel_bridge.masked": True},
    "bodies": {"http.request.body.content": "{}", "http.response.body.size": 17},
    "a client port": {"client.port": 4711},
    "nothing captured": {
        "http.request.header.host": None,
        "http.request.header.user-agent": None,
        "http.request.header.content-length": None,
        "http.response.header.content-type": None,
        "user_agent.original": None,
    },
}


@pytest.mark.parametrize("attributes", OTHERS.values(), ids=OTHERS)
def test_joining_otlp_is_joining_exchanges(attributes: dict[str, Value]) -> None:
    log = as_traces(logs(Access(7, attributes)))

    assert joined(SPAN, one(log)) == one(combined(spans(Access(7)), log))
