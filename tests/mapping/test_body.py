from __future__ import annotations

from base64 import b64encode

import pytest

from otel_bridge.mapping import NO_BODY, Body
from otel_bridge.otlp.values import Value
from tests.mapping.spans import Attributes, exchange_of, kong_exchange_of

BODY = "http.response.body"


def body_of(attributes: Attributes) -> Body:
    return exchange_of(attributes).response_body


@pytest.mark.parametrize(
    ("attributes", "content"),
    [
        ({f"{BODY}.content": "café"}, "café".encode()),
        ({f"{BODY}.content": b"\xff\x00"}, b"\xff\x00"),
        ({f"{BODY}.content_base64": b64encode(b"\xff\x00").decode()}, b"\xff\x00"),
        ({f"{BODY}.data": "sentry"}, b"sentry"),
        ({BODY: "hyperdx"}, b"hyperdx"),
        ({f"{BODY}.base64": "aHlwZXJ0cmFjZQ"}, b"hypertrace"),
        ({f"{BODY}.content": "YWtrYQ==", f"{BODY}.encoding": "base64"}, b"akka"),
        ({f"{BODY}.content": "plain", f"{BODY}.encoding": "utf-8"}, b"plain"),
        ({"rpc.response.body": "rpc"}, b"rpc"),
        ({BODY: {"a": [1, True, None]}}, b'{"a":[1,true,null]}'),
        ({BODY: [1.5, "x"]}, b'[1.5,"x"]'),
        ({BODY: 7}, b"7"),
        ({f"{BODY}.content": "x" * 100_000}, b"x" * 100_000),
    ],
)
def test_content_of_every_convention(attributes: Attributes, content: bytes) -> None:
    assert Body(content=content) == body_of(attributes)


def test_the_more_exact_convention_wins() -> None:
    said: list[tuple[str, Value, bytes]] = [
        (f"{BODY}.base64", "NQ==", b"5"),
        (BODY, "4", b"4"),
        (f"{BODY}.data", "3", b"3"),
        (f"{BODY}.content_base64", "Mg==", b"2"),
        (f"{BODY}.content", "1", b"1"),
    ]

    for count, (_, _, expected) in enumerate(said, 1):
        attributes = {name: value for name, value, _ in said[:count]}

        assert expected == body_of(attributes).content
        assert expected == body_of(dict(reversed(attributes.items()))).content


@pytest.mark.parametrize(
    "attributes",
    [{f"{BODY}.base64": "a"}, {f"{BODY}.content_base64": "a"}, {BODY: "[ReadableStream]"}],
)
def test_content_that_nobody_can_read_is_said_so(attributes: Attributes) -> None:
    assert Body(omitted="not decodable") == body_of(attributes)


@pytest.mark.parametrize(
    ("attributes", "body"),
    [
        ({}, NO_BODY),
        ({f"{BODY}.content": ""}, NO_BODY),
        ({f"{BODY}.size": 12.0}, Body(size=12)),
        ({f"{BODY}.size": "12"}, Body(size=12)),
        ({f"{BODY}.size": -1}, NO_BODY),
        ({f"{BODY}.bytes": 12}, Body(size=12)),
        ({"http.response_content_length": 12}, Body(size=12)),
        ({"response_size": "12"}, Body(size=12)),
        (
            {f"{BODY}.content": "abc", f"{BODY}.size": 9, f"{BODY}.truncated": True},
            Body(content=b"abc", size=9, truncated=True),
        ),
        (
            {f"{BODY}.content": "abc", f"{BODY}.size": 9, f"{BODY}.incomplete": True},
            Body(content=b"abc", size=9, incomplete=True),
        ),
        ({f"{BODY}.incomplete": True}, Body(incomplete=True)),
        ({f"{BODY}.error": "on disk", f"{BODY}.size": 9}, Body(size=9, omitted="on disk")),
        ({f"{BODY}.content": "a", f"{BODY}.error": "odd"}, Body(content=b"a")),
        ({"otel_bridge.response.body.omitted": "not wanted"}, Body(omitted="not wanted")),
        (
            {"otel_bridge.response.body.omitted": "too large", f"{BODY}.error": "on disk"},
            Body(omitted="too large"),
        ),
        (
            {f"{BODY}.content": "a", "otel_bridge.response.body.redacted": True},
            Body(content=b"a", redacted=True),
        ),
        (
            {f"{BODY}.content": "a", "otel_bridge.response.body.decoded": True},
            Body(content=b"a", decoded=True),
        ),
    ],
)
def test_what_is_said_beside_the_content(attributes: Attributes, body: Body) -> None:
    assert body == body_of(attributes)
    assert body == kong_exchange_of(attributes).response_body


def test_sides_are_not_mixed_up() -> None:
    exchange = exchange_of({"http.request.body.content": "question", "http.response.body.content": "answer"})

    assert (b"question", b"answer") == (exchange.request_body.content, exchange.response_body.content)


def test_an_event_tells_more_than_the_span() -> None:
    exchange = exchange_of(
        {"http.request.body": "short", "http.request.body.size": 9},
        events=[
            {"http.request.body": "the whole"},
            {"http.response.body": "of the event", "http.status_code": 500},
        ],
    )

    assert Body(content=b"the whole", size=9) == exchange.request_body
    assert Body(content=b"of the event") == exchange.response_body
    assert 0 == exchange.status
