from __future__ import annotations

import json
from typing import Any

import pytest

from otel_bridge import __version__
from otel_bridge.formats import har
from otel_bridge.mapping.exchange import Body, HttpExchange
from tests.formats.exchanges import an_exchange, answered, asked


def written(exchange: HttpExchange, *, bodies: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(har.entry(exchange, bodies=bodies))
    return found


def test_a_document_is_a_har_1_2() -> None:
    entry = har.entry(an_exchange(), bodies=True)

    expected = {
        "version": "1.2",
        "creator": {"name": "otel-bridge", "version": __version__},
        "entries": [json.loads(entry)] * 2,
    }
    assert {"log": expected} == json.loads(har.document([entry, entry]))


def test_what_was_not_captured_says_so_and_has_no_sizes() -> None:
    entry = written(an_exchange(captured=False, request_headers=(), response_headers=()))

    assert "no capture ran" in entry["comment"]
    assert (-1, -1) == (entry["request"]["headersSize"], entry["request"]["bodySize"])
    assert (-1, -1) == (entry["response"]["headersSize"], entry["response"]["bodySize"])
    assert -1 == entry["response"]["content"]["size"]


def test_a_captured_request_without_a_body_has_none() -> None:
    assert 0 == written(asked())["request"]["bodySize"]


def test_the_size_of_an_unread_chunked_body_is_not_known() -> None:
    assert -1 == written(asked(("transfer-encoding", "chunked")))["request"]["bodySize"]


@pytest.mark.parametrize(
    ("body", "comment"),
    [
        (Body(content=b"abc", size=9, truncated=True), "only the first 3 of 9 bytes were captured"),
        (Body(content=b"abc", truncated=True), "only the first 3 bytes were captured"),
        (Body(content=b"abc", size=9, incomplete=True), "the transfer was cut off"),
        (Body(content=b"abc", redacted=True), "secrets were replaced by REDACTED"),
        (Body(content=b"abc", decoded=True), "its Content-Encoding was taken off to look for secrets"),
        (Body(size=9, omitted="on disk"), "not captured: on disk"),
    ],
)
def test_what_is_missing_of_a_body_is_in_its_comment(body: Body, comment: str) -> None:
    request = written(an_exchange(request_body=body))["request"]
    content = written(an_exchange(response_body=body))["response"]["content"]

    assert comment == request.get("postData", request)["comment"]
    assert comment == content["comment"]


def test_a_204_misses_no_body() -> None:
    entry = written(an_exchange(status=204, response_body=Body(omitted="content type")))

    assert "comment" not in entry["response"]["content"]
    assert 0 == entry["response"]["bodySize"]


def test_text_is_text_and_bytes_are_base64() -> None:
    text = written(an_exchange(request_body=Body(content=b"a=1"), response_body=Body(content="é".encode())))
    raw = written(an_exchange(request_body=Body(content=b"\xff"), response_body=Body(content=b"\xff")))

    assert "a=1" == text["request"]["postData"]["text"]
    assert "é" == text["response"]["content"]["text"]
    assert ("/w==", "base64") == (
        raw["request"]["postData"]["text"],
        raw["request"]["postData"]["_encoding"],
    )
    assert ("/w==", "base64") == (raw["response"]["content"]["text"], raw["response"]["content"]["encoding"])


def test_without_bodies_their_sizes_stay() -> None:
    entry = written(
        an_exchange(request_body=Body(content=b"abc"), response_body=Body(content=b"abcd")), bodies=False
    )

    assert "postData" not in entry["request"]
    assert "text" not in entry["response"]["content"]
    assert (3, 4) == (entry["request"]["bodySize"], entry["response"]["bodySize"])


def test_request_cookies_are_taken_apart() -> None:
    entry = written(asked(("Cookie", "a=1; b=x=y"), ("Cookie", "REDACTED")))

    expected = [{"name": "a", "value": "1"}, {"name": "b", "value": "x=y"}]
    assert expected == entry["request"]["cookies"]


@pytest.mark.parametrize(
    ("header", "cookies"),
    [
        ("a=1", [{"name": "a", "value": "1"}]),
        (
            "a=1; Path=/x; Domain=b.example; HttpOnly; Secure; SameSite=Lax",
            [
                {
                    "name": "a",
                    "value": "1",
                    "path": "/x",
                    "domain": "b.example",
                    "httpOnly": True,
                    "secure": True,
                }
            ],
        ),
        (
            "a=1; Expires=Wed, 21-Oct-2026 07:28:00 GMT",
            [{"name": "a", "value": "1", "expires": "2026-10-21T07:28:00Z"}],
        ),
        (
            "a=1; expires=Wed, 21 Oct 2026 07:28:00",
            [{"name": "a", "value": "1", "expires": "2026-10-21T07:28:00Z"}],
        ),
        ("a=1; Expires=soon", [{"name": "a", "value": "1"}]),
        ("REDACTED", []),
    ],
)
def test_response_cookies(header: str, cookies: list[dict[str, Any]]) -> None:
    assert cookies == written(answered(("Set-Cookie", header)))["response"]["cookies"]


def test_redirects() -> None:
    assert "/there" == written(answered(("Location", "/there"), status=302))["response"]["redirectURL"]


def test_the_connection_is_the_clients_port() -> None:
    assert "4711" == written(an_exchange(client_port=4711))["connection"]


def test_masked_secrets_are_announced() -> None:
    assert "REDACTED" in written(an_exchange(masked=True))["comment"]
