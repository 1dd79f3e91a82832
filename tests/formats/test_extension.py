from __future__ import annotations

import orjson
import pytest

from otel_bridge.formats import alf, runscope
from otel_bridge.formats.extension import NO_CAPTURE, NO_HEADERS, members, text_of
from otel_bridge.mapping.exchange import Body, HelperSpan, Latencies
from otel_bridge.otlp.values import Value
from tests.formats.exchanges import START_NS, an_exchange

BALANCER = HelperSpan(
    span_id=b"\x01" * 8,
    parent_span_id=bytes(range(8)),
    name="kong.balancer",
    kind=3,
    start_ns=START_NS + 1_500_000,
    end_ns=START_NS + 40_250_600,
    error=False,
    attributes={"net.peer.ip": "10.0.0.7", "net.peer.port": 9000.0, "try_count": 2.0},
)


def test_nothing_empty_is_written() -> None:
    exchange = an_exchange(latencies=Latencies(), scope="")

    assert {
        "traceId": "000102030405060708090a0b0c0d0e0f",
        "spanId": "0001020304050607",
        "captured": True,
    } == members(exchange)


def test_everything_has_its_place() -> None:
    failed = BALANCER._replace(span_id=b"\x02" * 8, error=True, attributes={"net.peer.ip": "10.0.0.6"})
    exchange = an_exchange(
        parent_span_id=b"\xff" * 8,
        request_id="abc",
        service="orders",
        route="orders-route",
        consumer="alice",
        route_template="/orders",
        resource={"service.name": "kong", "service.instance.id": "node-1"},
        client_port=4711,
        upstream_status=200,
        response_source="service",
        request_size=117,
        response_size=334,
        masked=True,
        request_body=Body(content=b"abc", size=9, truncated=True, redacted=True),
        response_body=Body(size=70_000, omitted="content type"),
        helpers=(failed, BALANCER),
    )
    found = members(exchange)

    spans = found.pop("spans")
    assert {
        "traceId": "000102030405060708090a0b0c0d0e0f",
        "spanId": "0001020304050607",
        "parentSpanId": "ffffffffffffffff",
        "requestId": "abc",
        "service": "orders",
        "route": "orders-route",
        "consumer": "alice",
        "routeTemplate": "/orders",
        "scope": "kong-internal",
        "gateway": {"service.name": "kong", "service.instance.id": "node-1"},
        "clientPort": 4711,
        "upstream": {"address": "10.0.0.7", "port": 9000, "status": 200},
        "responseSource": "service",
        "wireSize": {"request": 117, "response": 334},
        "latency": {"gateway": 3.0, "upstream": 15.0, "receive": 25.0},
        "captured": True,
        "masked": True,
        "requestBody": {"size": 9, "held": 3, "truncated": True, "masked": True},
        "responseBody": {"size": 70_000, "omitted": "content type"},
    } == found
    assert [True, None] == [span.get("error") for span in spans]
    assert {
        "name": "kong.balancer",
        "spanId": "0101010101010101",
        "parentSpanId": "0001020304050607",
        "kind": "client",
        "start": 1.5,
        "duration": 38.75,
        "attributes": {"net.peer.ip": "10.0.0.7", "net.peer.port": 9000, "try_count": 2},
    } == spans[1]


def test_alf_says_what_its_own_members_can_not() -> None:
    odd = an_exchange(
        start_ns=START_NS + 123_456, http_version="HTTP/3", client_address="unix:", port=8443, helpers=()
    )
    plain = orjson.loads(alf.entry(an_exchange(), bodies=True, extension=True))["_otel"]
    found = orjson.loads(alf.entry(odd, bodies=True, extension=True))["_otel"]

    assert START_NS / 1e6 == plain["start"]
    assert START_NS / 1e6 + 0.123 == found["start"]
    assert ("HTTP/3", "unix:") == (found["httpVersion"], found["clientAddress"])
    assert not {"httpVersion", "clientAddress", "timings"} & plain.keys()


def test_a_message_says_what_alf_has_a_place_for() -> None:
    exchange = an_exchange(request_body=Body(content=b"abc"))
    found = orjson.loads(runscope.message(exchange, bodies=False, extension=True))["_otel"]
    entry = orjson.loads(alf.entry(exchange, bodies=False, extension=True))
    sides = ("request", "response")

    assert "url" not in found
    assert (entry["request"]["httpVersion"], entry["clientIPAddress"], entry["timings"]) == (
        found["httpVersion"],
        found["clientAddress"],
        found["timings"],
    )
    assert {side: entry[side]["headersSize"] for side in sides} == found["headersSize"]
    assert {"request": 3, "response": 0} == found["bodySize"]


def test_a_message_has_the_clients_url_where_its_own_has_the_gateways_port() -> None:
    exchange = an_exchange(port=8443)
    found = orjson.loads(runscope.message(exchange, bodies=False, extension=True))

    assert "https://example.com:8443/request/path" == found["request"]["url"]
    assert exchange.url == found["_otel"]["url"]


@pytest.mark.parametrize(("gateway_root", "reason"), [(True, NO_CAPTURE), (False, NO_HEADERS)])
def test_what_was_not_captured_says_why(gateway_root: bool, reason: str) -> None:
    found = members(an_exchange(captured=False, gateway_root=gateway_root))

    assert (False, reason) == (found["captured"], found["notCaptured"])


def test_a_whole_body_needs_no_note() -> None:
    assert "responseBody" not in members(an_exchange(response_body=Body(content=b"abc", size=3)))


def test_a_204_misses_no_body() -> None:
    exchange = an_exchange(status=204, response_body=Body(omitted="content type"))

    assert "responseBody" not in members(exchange)


def test_odd_attribute_values_can_be_written() -> None:
    odd: dict[str, Value] = {"a": float("nan"), "b": b"\xff", "c": 1e300, "d": 0.5, "e": [b"x"], "f": None}
    found = members(an_exchange(resource={"x": b"\xfe"}, helpers=(BALANCER._replace(attributes=odd),)))

    written = orjson.loads(orjson.dumps(found, default=text_of))
    expected = {"a": None, "b": "\ufffd", "c": 1e300, "d": 0.5, "e": ["x"], "f": None}
    assert expected == written["spans"][0]["attributes"]
    assert {"x": "\ufffd"} == written["gateway"]
