"""Runscope messages as Kong wrote them, and as the API documents them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.exchange import RANDOM_BYTES, Exchange, Side, Wire
from otel_bridge.inspector.wire.assemble import Arrival
from otel_bridge.inspector.wire.runscope import Message, read
from tests.inspector.wire.agents import KONG_RUNSCOPE

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "GET", "base64", "é"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["request", "response", "method", "url", "status", "body", "body_encoding", "timestamp"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


ARRIVAL = Arrival(1_800_000_000_000_000, lambda: bytes(RANDOM_BYTES))
STARTED = 1_519_907_696_123_000


def _read(message: Any) -> Message:
    [found] = read([message], bucket="b", arrival=ARRIVAL)
    return found


def _taken(message: Any) -> Exchange:
    found = _read(message).exchange
    assert found
    return found


def test_tells_what_kong_told() -> None:
    found = _read(KONG_RUNSCOPE)

    assert ("", None) == (found.complaint, found.unique_identifier)
    assert (
        Exchange(
            id=f"{STARTED // 1000:012x}" + "00" * 10,
            wire=Wire.RUNSCOPE,
            arrived_us=ARRIVAL.us,
            started_us=STARTED,
            duration_us=321_000,
            method="POST",
            url="http://shop.example.com:8000/orders?open",
            scheme="http",
            host="shop.example.com",
            port=8000,
            path="/orders",
            query="open",
            http_version="",
            status=502,
            reason="",
            request=Side(
                headers=(("host", "shop.example.com:8000"), ("accept", "*/*"), ("accept", "text/plain")),
                body=b"a=1",
                body_size=3,
            ),
            response=Side(headers=(("content-type", "text/html"),), body_size=166),
            environment="",
            bucket="b",
            service="",
            route="",
            consumer="",
            route_template="",
            gateway="",
            source="",
            client_address="",
            client_port=None,
            upstream_address="",
            upstream_port=None,
            upstream_status=None,
            request_id="",
            trace_id="",
            span_id="",
            send_us=None,
            wait_us=None,
            receive_us=None,
            gateway_us=None,
            upstream_us=None,
            captured=True,
            not_captured="",
            masked=False,
            spans=[],
            resource={},
        )
        == found.exchange
    )


def test_a_request_may_come_alone() -> None:
    found = _read({"request": {"method": "GET", "url": "http://a/"}, "unique_identifier": "t-s"})

    assert found.exchange
    assert "t-s" == found.unique_identifier
    assert (0, ARRIVAL.us, None) == (
        found.exchange.status,
        found.exchange.started_us,
        found.exchange.duration_us,
    )


def test_a_response_may_come_alone() -> None:
    found = _taken({"response": {"status": "204", "timestamp": 100.5, "response_time": 0.5}})

    assert ("", "", 204) == (found.method, found.url, found.status)
    assert (100_000_000, 500_000) == (found.started_us, found.duration_us)


def test_the_duration_is_between_the_timestamps_where_nobody_told_it() -> None:
    found = _taken(
        {
            "request": {"method": "GET", "url": "/", "timestamp": 10},
            "response": {"status": 200, "timestamp": 12},
        }
    )

    assert 2_000_000 == found.duration_us


def test_an_identifier_of_trace_and_span_names_them_without_the_additions() -> None:
    trace, span = "ab" * 16, "cd" * 8
    found = _taken({**KONG_RUNSCOPE, "unique_identifier": f"{trace}-{span}"})

    assert (trace, span) == (found.trace_id, found.span_id)
    assert found.id == _taken({**KONG_RUNSCOPE, "_otel": {"traceId": trace, "spanId": span}}).id
    assert found.id != _taken(KONG_RUNSCOPE).id


def test_a_base64_body_is_decoded() -> None:
    found = _taken({"response": {"status": 200, "body": "AAEC/w==", "body_encoding": "base64"}})

    assert (b"\x00\x01\x02\xff", 4) == (found.response.body, found.response.body_size)


def test_a_body_that_is_not_the_base64_it_should_be_is_kept_with_a_warning() -> None:
    found = _read({"response": {"status": 200, "body": "AAEC/w=", "body_encoding": "base64"}})

    assert found.exchange
    assert "sent as base64, which it is not" == found.exchange.response.omitted
    assert "response.body is not base64 though body_encoding says so" == found.complaint


def test_a_form_stands_for_the_body_that_was_not_sent() -> None:
    request = {"method": "POST", "url": "http://a/", "form": {"a": ["1", "2"], "b": True}}

    assert b"a=1&a=2&b=" == _taken({"request": request}).request.body
    assert b"raw" == _taken({"request": {**request, "body": "raw"}}).request.body


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        (7, "the message is not an object"),
        ({}, "request or response is required"),
        ({"request": []}, "request is not an object"),
        ({"request": {"url": "/"}}, "request.method is required"),
        ({"request": {"method": "GET", "url": ""}}, "request.url is required"),
        ({"response": "ok"}, "response is not an object"),
        ({"response": {}}, "response.status is required"),
        ({"response": {"status": "fine"}}, "response.status is not an HTTP status"),
    ],
)
def test_says_what_is_wrong_with_a_message(message: Any, complaint: str) -> None:
    assert (None, None, complaint) == _read(message)


@given(JSON)
def test_nothing_that_json_can_say_breaks_the_reader(message: Any) -> None:
    found = _read(message)

    assert found.exchange or found.complaint
