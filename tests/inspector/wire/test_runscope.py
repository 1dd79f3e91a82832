"""Runscope messages as Kong wrote them, and as the API documents them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def _read(message: Any) -> Message:
    [found] = read([message], bucket="b", new_id=lambda: "an id")
    return found


def test_tells_what_kong_told() -> None:
    found = _read(KONG_RUNSCOPE)

    assert ("", None) == (found.complaint, found.unique_identifier)
    assert found.arrived
    assert found.arrived._replace(entry={}) == (
        "an id",
        "runscope",
        "",
        "b",
        1519907696.123,
        "POST",
        "http://shop.example.com:8000/orders?open",
        502,
        321.0,
        "",
        3,
        166,
        {},
        {},
    )
    assert KONG_RUNSCOPE == found.arrived.entry


def test_a_request_may_come_alone() -> None:
    found = _read({"request": {"method": "GET", "url": "http://a/"}, "unique_identifier": "t-s"})

    assert found.arrived
    assert "t-s" == found.unique_identifier
    assert (0, None, None) == (found.arrived.status, found.arrived.started, found.arrived.duration_ms)


def test_a_response_may_come_alone() -> None:
    found = _read({"response": {"status": "204", "timestamp": 100.5, "response_time": 0.5}})

    assert found.arrived
    assert ("", 204) == (found.arrived.method, found.arrived.status)
    assert (100.0, 500.0) == (found.arrived.started, found.arrived.duration_ms)


def test_the_duration_is_between_the_timestamps_where_nobody_told_it() -> None:
    found = _read(
        {
            "request": {"method": "GET", "url": "/", "timestamp": 10},
            "response": {"status": 200, "timestamp": 12},
        }
    )

    assert found.arrived
    assert 2000.0 == found.arrived.duration_ms


def test_a_base64_body_has_the_size_of_what_it_stands_for() -> None:
    response = {"status": 200, "body": "AAEC/w==", "body_encoding": "base64"}
    found = _read({"response": response})

    assert found.arrived
    assert 4 == found.arrived.response_size


def test_a_body_that_is_not_the_base64_it_should_be_is_kept_with_a_warning() -> None:
    found = _read({"response": {"status": 200, "body": "AAEC/w=", "body_encoding": "base64"}})

    assert found.arrived
    assert "response.body is not base64 though body_encoding says so" == found.complaint


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

    assert found.arrived or found.complaint
