from __future__ import annotations

from base64 import b64encode
from http import HTTPStatus
from urllib.parse import parse_qsl, quote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.formats import wire
from otel_bridge.mapping.exchange import NO_BODY, Body

TEXT = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=20)
NAMES = st.text(alphabet="abcXYZ-_0", min_size=1, max_size=18)


def test_head_sizes_are_those_of_the_wire() -> None:
    headers = (("Host", "a.example"), ("Accept", "*/*"))
    _, lines, _ = wire.survey(headers)

    sent = b"GET /a?b=1 HTTP/1.1\r\nHost: a.example\r\nAccept: */*\r\n\r\n"
    assert len(sent) == wire.request_head_size("GET", "/a?b=1", "HTTP/1.1", lines)
    got = b"HTTP/1.1 404 Not Found\r\nHost: a.example\r\nAccept: */*\r\n\r\n"
    assert len(got) == wire.response_head_size(404, "HTTP/1.1", lines)


def test_a_head_without_headers_is_its_start_line_and_a_blank_line() -> None:
    assert len(b"GET / HTTP/1.0\r\n\r\n") == wire.request_head_size("GET", "/", "HTTP/1.0", 0)
    assert len(b"HTTP/1.1 499 \r\n\r\n") == wire.response_head_size(499, "", 0)


@given(method=NAMES, target=TEXT, headers=st.lists(st.tuples(NAMES, TEXT)))
def test_head_size_counts_bytes_not_characters(
    method: str, target: str, headers: list[tuple[str, str]]
) -> None:
    lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers), "", ""]
    _, size, _ = wire.survey(tuple(headers))

    assert len("\r\n".join(lines).encode()) == wire.request_head_size(method, target, "HTTP/1.1", size)


@pytest.mark.parametrize("name", ["content-length", "Content-Length", "CONTENT-LENGTH"])
def test_headers_are_found_however_they_are_written(name: str) -> None:
    fields, _, _ = wire.survey(((name, "7"), ("accept", "b")))

    assert {"content-length": "7"} == fields


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0", 0),
        ("12", 12),
        (" 12 ", 12),
        ("5, 12", 12),
        ("-1", None),
        ("x", None),
        ("", None),
        ("9" * 30, None),
    ],
)
def test_content_length(value: str, expected: int | None) -> None:
    assert expected == wire.content_length({"content-length": value})


LENGTH = {"content-length": "38"}


@pytest.mark.parametrize(
    ("body", "fields", "expected"),
    [
        (Body(content=b"abc", size=9), LENGTH, 9),
        (Body(content=b"abc"), LENGTH, 3),
        (Body(content=b""), LENGTH, 0),
        (Body(content=b"abc", truncated=True), LENGTH, 38),
        (Body(content=b"abc", redacted=True), LENGTH, 38),
        (Body(content=b"abc", decoded=True), LENGTH, 38),
        (Body(omitted="on disk"), LENGTH, 38),
        (Body(omitted="on disk"), {}, None),
        (NO_BODY, {}, None),
    ],
)
def test_body_size_is_taken_from_the_best_witness(
    body: Body, fields: wire.Fields, expected: int | None
) -> None:
    assert expected == wire.body_size(body, fields)


def test_a_body_of_known_size_was_there_though_it_was_not_kept() -> None:
    assert wire.body_was_there(Body(size=5, omitted="content type"), {})
    assert not wire.body_was_there(Body(omitted="content type"), {})


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/a", []),
        ("/a?", []),
        ("/a?x", [("x", "")]),
        ("/a?x=", [("x", "")]),
        ("/a?=1", [("", "1")]),
        ("/a?x=1&x=2&&y=%C3%A9+%2B", [("x", "1"), ("x", "2"), ("y", "é +")]),
        ("/a?x=1=2?3", [("x", "1=2?3")]),
        ("/a?x=%FF%zz", [("x", "\N{REPLACEMENT CHARACTER}%zz")]),
        ("/a?q=é", [("q", "é")]),
    ],
)
def test_arguments(target: str, expected: list[tuple[str, str]]) -> None:
    assert expected == wire.arguments(target)


@given(st.lists(st.tuples(TEXT, TEXT), max_size=5))
def test_arguments_survive_encoding(pairs: list[tuple[str, str]]) -> None:
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)

    assert pairs == wire.arguments(f"/a?{query}")


@given(st.text(alphabet="ab=&%+4cf", max_size=20))
def test_arguments_are_read_as_the_standard_library_reads_them(query: str) -> None:
    assert parse_qsl(query, keep_blank_values=True) == list(wire.pairs(query))


@pytest.mark.parametrize(
    ("ns", "expected"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_795_298_514_100_999_800, "2026-11-21T22:01:54.101Z"),
        (1_795_298_514_999_999_800, "2026-11-21T22:01:55.000Z"),
        (2**64 - 1, "2554-07-21T23:34:33.710Z"),
    ],
)
def test_instants_have_milliseconds_and_z(ns: int, expected: str) -> None:
    assert expected == wire.instant(ns)


@pytest.mark.parametrize("text", ["127.0.0.1", "::1", "2001:db8::7", "::ffff:10.0.0.1"])
def test_an_address_is_one(text: str) -> None:
    assert wire.is_ip_address(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "unknown",
        "1.2.3",
        "1.2.3.256",
        "1.2.3.4:80",
        "[::1]",
        "fe80::1%eth0",
        "\N{FULLWIDTH DIGIT ONE}.2.3.4",
        "a" * 5000,
    ],
)
def test_anything_else_is_no_address(text: str) -> None:
    assert not wire.is_ip_address(text)


def test_reasons_are_the_standard_ones() -> None:
    # Worded anew since RFC 9110, and not yet so in every Python; 418 is a joke that was never registered.
    changed = {413, 414, 416, 418, 422}
    known = {status.value: status.phrase for status in HTTPStatus if status.value not in changed}

    assert known.items() <= wire.REASONS.items()


@given(st.binary(max_size=300))
def test_base64_is_written_as_the_json_of_its_text(content: bytes) -> None:
    assert orjson.dumps({"text": b64encode(content).decode()}) == orjson.dumps({"text": wire.base64(content)})
