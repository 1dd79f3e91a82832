from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.formats import alf
from otel_bridge.mapping.exchange import Body, HttpExchange
from otel_bridge.mapping.url import place
from tests.formats.exchanges import an_exchange, answered


def written(exchange: HttpExchange, *, bodies: bool = True, extension: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(alf.entry(exchange, bodies=bodies, extension=extension))
    return found


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("HTTP/1.0", "HTTP/1.0"),
        ("HTTP/1.1", "HTTP/1.1"),
        ("HTTP/2", "HTTP/2"),
        ("HTTP/3", "unknown"),
        ("", "unknown"),
    ],
)
def test_versions_the_schema_does_not_know_are_unknown(version: str, expected: str) -> None:
    entry = written(an_exchange(http_version=version))

    assert (expected, expected) == (entry["request"]["httpVersion"], entry["response"]["httpVersion"])


def test_what_is_no_address_is_left_out() -> None:
    entry = written(an_exchange(client_address="unknown", server_address=""))

    assert not {"clientIPAddress", "serverIPAddress"} & entry.keys()


@pytest.mark.parametrize(
    ("status", "expected"), [(200, "OK"), (422, "Unprocessable Content"), (499, ""), (0, "")]
)
def test_status_text_is_the_standard_phrase(status: int, expected: str) -> None:
    assert expected == written(an_exchange(status=status))["response"]["statusText"]


def test_no_capture_is_told_by_sizes_no_message_has() -> None:
    entry = written(an_exchange(captured=False, request_headers=(), response_headers=()))

    assert (0, 0) == (entry["request"]["headersSize"], entry["response"]["headersSize"])


def test_a_captured_request_without_headers_has_a_size() -> None:
    entry = written(an_exchange(request_headers=(), http_version="HTTP/1.0"))

    assert len("GET /request/path HTTP/1.0\r\n\r\n") == entry["request"]["headersSize"]


def test_response_head_size_is_computed() -> None:
    entry = written(answered(("etag", '"v1"')))

    assert len('HTTP/1.1 200 OK\r\netag: "v1"\r\n\r\n') == entry["response"]["headersSize"]


def test_304_has_no_body_whatever_it_announces() -> None:
    assert 0 == written(answered(("content-length", "38"), status=304))["response"]["bodySize"]


def test_what_was_cut_has_its_true_size() -> None:
    body = Body(content=b"abc", size=100_000, truncated=True)
    entry = written(an_exchange(response_body=body))

    assert 100_000 == entry["response"]["bodySize"]
    assert "YWJj" == entry["response"]["content"]["text"]


def test_sizes_do_not_depend_on_whether_bodies_are_sent() -> None:
    exchange = an_exchange(request_body=Body(content=b"abc"), response_body=Body(content=b"\xff" * 9))
    with_bodies, without = written(exchange), written(exchange, bodies=False)
    del with_bodies["request"]["postData"], with_bodies["response"]["content"]

    assert with_bodies == without


def test_the_extension_is_there_only_where_asked_for() -> None:
    assert "_otel" not in written(an_exchange())
    assert "_otel" in written(an_exchange(), extension=True)


def test_output_is_one_line_of_utf8() -> None:
    entry = alf.entry(an_exchange(target="/a?q=grüße", consumer="a\nb"), bodies=True, extension=True)

    assert b"\n" not in entry
    assert "grüße".encode() in entry


@pytest.mark.parametrize(
    ("url", "target"),
    [
        ("https://a.example/b?c=d#e", "/b?c=d"),
        ("https://a.example#e", "/"),
        ("https://a.example/b c?d=\t\u2028\ufeff", "/b%20c?d=%09%E2%80%A8%EF%BB%BF"),
        ("https://a.example/grüße/日本?q=é%20\ufffd", "/grüße/日本?q=é%20\ufffd"),
    ],
)
def test_a_url_holds_nothing_that_the_schema_refuses(url: str, target: str) -> None:
    origin, found = place(url, "", "", None, "/", "", "")

    assert ("https://a.example", target) == (origin.text, found)


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_bodies_come_out_byte_for_byte(request: bytes, response: bytes) -> None:
    entry = written(an_exchange(request_body=Body(content=request), response_body=Body(content=response)))

    assert request == base64.b64decode(entry["request"].get("postData", {}).get("text", ""))
    assert response == base64.b64decode(entry["response"].get("content", {}).get("text", ""))
