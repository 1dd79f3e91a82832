from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.formats import runscope
from otel_bridge.mapping.exchange import Body, HttpExchange
from tests.formats.exchanges import an_exchange, answered, asked

FORM = ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8")


def written(exchange: HttpExchange, *, bodies: bool = True, extension: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(runscope.message(exchange, bodies=bodies, extension=extension))
    return found


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"port": 443}, "https://example.com:443/request/path"),
        ({"port": None}, "https://example.com/request/path"),
        ({"host": "[::1]", "port": 8000, "scheme": "http"}, "http://[::1]:8000/request/path"),
        ({"target": "*", "url": "https://example.com"}, "https://example.com"),
        ({"host": "", "url": "/request/path"}, "/request/path"),
    ],
)
def test_the_port_is_in_the_url_where_it_is_known(changes: dict[str, Any], expected: str) -> None:
    assert expected == written(an_exchange(**changes))["request"]["url"]


def test_a_form_is_read_only_where_bodies_are_sent() -> None:
    assert {} == written(asked(FORM, body=b"a=1"), bodies=False)["request"]["form"]


def test_a_compressed_form_is_not_read() -> None:
    assert {} == written(asked(FORM, ("Content-Encoding", "gzip"), body=b"\x1f\x8b"))["request"]["form"]


@pytest.mark.parametrize(
    "exchange",
    [
        answered(("content-length", "1234"), method="HEAD"),
        answered(("content-length", "1234"), status=304),
        answered(status=204),
    ],
)
def test_answers_without_room_for_a_body_have_an_empty_one(exchange: HttpExchange) -> None:
    response = written(exchange)["response"]

    assert (0, "") == (response["size_bytes"], response["body"])


def test_what_nobody_knows_is_absent_not_empty() -> None:
    response = written(an_exchange(captured=False, request_headers=(), response_headers=()))["response"]

    assert not {"body", "size_bytes"} & response.keys()


def test_a_body_that_was_not_kept_is_absent_and_has_its_size() -> None:
    response = written(an_exchange(response_body=Body(size=7, omitted="content type")))["response"]

    assert 7 == response["size_bytes"]
    assert "body" not in response


def test_the_extension_is_there_only_where_asked_for() -> None:
    assert "_otel" not in written(an_exchange())
    assert "_otel" in written(an_exchange(), extension=True)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_document_is_an_array(count: int) -> None:
    message = runscope.message(an_exchange(), bodies=True, extension=False)

    assert [json.loads(message)] * count == json.loads(runscope.document([message] * count))


@given(st.binary(min_size=1, max_size=200))
def test_bodies_come_out_byte_for_byte(content: bytes) -> None:
    request = written(asked(body=content))["request"]
    encoded = request.get("body_encoding") == "base64"
    body = base64.b64decode(request["body"]) if encoded else request["body"].encode()

    assert content == body
