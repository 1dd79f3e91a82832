from __future__ import annotations

import json

import pytest

from otel_bridge.otlp.values import Value
from tests.mapping.spans import Attributes, exchange_of, kong_exchange_of


@pytest.mark.parametrize(
    ("value", "values"),
    [
        (["a", "b"], ["a", "b"]),
        ("a", ["a"]),
        (["a, b"], ["a, b"]),
        ([], []),
        (
            ["caf\xe9", b"caf\xe9", 7, 1.0, 0.5, True, None],
            ["caf\xe9", "caf\xe9", "7", "1", "0.5", "true", ""],
        ),
        (b"caf\xe9", ["caf\xe9"]),
        ("日本", ["日本"]),
        (12, ["12"]),
        ({"odd": [1]}, ['{"odd":[1]}']),
    ],
)
def test_values_of_a_header(value: Value, values: list[str]) -> None:
    exchange = exchange_of({"http.response.header.x-a": value})

    assert tuple(("x-a", text) for text in values) == exchange.response_headers


def test_kong_before_3_9_joins_values_with_newlines() -> None:
    joined: Attributes = {"http.response.header.set-cookie": "a=1\nb=2"}

    assert (("set-cookie", "a=1"), ("set-cookie", "b=2")) == kong_exchange_of(joined).response_headers
    assert (("set-cookie", "a=1\nb=2"),) == exchange_of(joined).response_headers


def test_headers_are_in_the_order_of_their_names_whatever_the_order_of_attributes() -> None:
    names = ["x-b", "accept", "x-a-b", "x-a", "host"]
    attributes: dict[str, Value] = {f"http.request.header.{name}": [name.upper()] for name in names}
    backwards = dict(reversed(attributes.items()))

    assert sorted(names) == [name for name, _ in exchange_of(attributes).request_headers]
    assert exchange_of(attributes) == exchange_of(backwards)


def test_names_stay_as_the_sender_gave_them() -> None:
    exchange = exchange_of({"http.request.header.X-Tenant": ["blue"]})

    assert (("X-Tenant", "blue"),) == exchange.request_headers


def test_underscores_stand_for_dashes_but_not_from_kong() -> None:
    attributes: Attributes = {
        "http.request.header.user_agent": ["curl"],
        "http.request.header.x-odd_name": ["1"],
    }

    assert (("user-agent", "curl"), ("x-odd_name", "1")) == exchange_of(attributes).request_headers
    assert (("user_agent", "curl"), ("x-odd_name", "1")) == kong_exchange_of(attributes).request_headers


def test_all_headers_in_one_json_object() -> None:
    bag = json.dumps({"Accept": "*/*", "X-Tags": ["a", "b"], "Host": "a.example:81", "Age": 3})
    exchange = exchange_of({"http.request.headers": bag, "url.path": "/"})

    assert (
        ("Accept", "*/*"),
        ("Age", "3"),
        ("Host", "a.example:81"),
        ("X-Tags", "a"),
        ("X-Tags", "b"),
    ) == exchange.request_headers
    assert "http://a.example:81/" == exchange.url
    assert exchange.captured


def test_a_header_of_its_own_wins_over_the_object() -> None:
    exchange = exchange_of(
        {
            "http.response.headers": {"content-type": "text/plain", "age": "3"},
            "http.response.headers.content-type": "text/html",
        }
    )

    assert (("age", "3"), ("content-type", "text/html")) == exchange.response_headers


@pytest.mark.parametrize("value", ["not json", "[1]", 3, ["{}"]])
def test_an_object_that_is_none_says_nothing(value: Value) -> None:
    exchange = exchange_of({"http.request.headers": value})

    assert () == exchange.request_headers
    assert not exchange.captured


def test_the_same_header_said_twice_is_there_once() -> None:
    exchange = exchange_of({"http.request.header.accept": ["*/*"], "http.request.headers.accept": "*/*"})

    assert (("accept", "*/*"),) == exchange.request_headers


def test_hypertraces_grpc_metadata_are_headers() -> None:
    exchange = exchange_of({"rpc.request.metadata.x-tenant": "blue"})

    assert (("x-tenant", "blue"),) == exchange.request_headers


@pytest.mark.parametrize(
    ("attributes", "masked"),
    [
        ({"http.request.header.authorization": ["REDACTED"]}, True),
        ({"http.response.header.set-cookie": ["REDACTED", "REDACTED"]}, True),
        ({"http.request.header.host": ["REDACTED"]}, True),
        ({"http.request.headers": '{"cookie": "REDACTED"}'}, True),
        ({"http.url": "http://a/?token=REDACTED"}, True),
        ({"otel_bridge.masked": True}, True),
        ({"otel_bridge.masked": False}, False),
        ({"http.request.header.x-note": ["REDACTED by law"]}, False),
        ({"http.url": "http://a/REDACTED"}, False),
    ],
)
def test_masked_says_that_something_was_replaced(attributes: Attributes, masked: bool) -> None:
    assert masked is exchange_of(attributes).masked
    assert masked is kong_exchange_of(attributes).masked or "http.request.headers" in attributes


def test_a_masked_header_keeps_its_place() -> None:
    exchange = exchange_of(
        {
            "http.request.header.x-a": ["REDACTED"],
            "http.request.header.x-a-b": ["1"],
            "http.request.header.x": ["2"],
        }
    )

    assert (("x", "2"), ("x-a", "REDACTED"), ("x-a-b", "1")) == exchange.request_headers
