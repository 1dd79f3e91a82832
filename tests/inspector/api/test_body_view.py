"""How a kept body is shown, and what is said about it."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from otel_bridge.inspector.api import body_view
from otel_bridge.inspector.api.body_view import body_of, bytes_of, image_type
from otel_bridge.inspector.exchange import Side
from otel_bridge.inspector.policy import NOT_KEPT
from otel_bridge.inspector.store.sqlite.content import EXPIRED
from otel_bridge.redaction.bodies import NOT_DECODABLE, NOT_WANTED, TOO_LARGE

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def a_side(body: bytes | None = b"{}", content_type: str = "", coding: str = "", **more: Any) -> Side:
    headers = (("Content-Type", content_type), ("Content-Encoding", coding))
    return Side(headers=tuple(each for each in headers if each[1]), body=body, **more)


@pytest.mark.parametrize(
    ("content_type", "body", "language"),
    [
        ("application/json", b"[]", "json"),
        ("application/problem+json; charset=utf-8", b"{}", "json"),
        ("", b' {"a": 1}', "json"),
        ("", b"<a/>", "xml"),
        ("application/soap+xml", b"<a/>", "xml"),
        ("text/html", b"<p>", "html"),
        ("application/xhtml+xml", b"<p/>", "html"),
        ("application/x-www-form-urlencoded", b"a=b", "form"),
        ("text/plain", b"{}", "text"),
        ("", b"hello", "text"),
        ("application/json", b"\x00\x01", "binary"),
        ("text/html", PNG, "image"),
        ("image/png", b"<script>", "text"),
        ("application/json", b"", "none"),
    ],
)
def test_language(content_type: str, body: bytes, language: str) -> None:
    assert language == body_of(a_side(body, content_type)).language


def test_a_body_that_was_cut_in_the_middle_of_a_character_is_text() -> None:
    shown = body_of(a_side("prices in €".encode()[:-1], truncated=True))

    assert "prices in " == shown.text
    assert shown.truncated
    assert ["The body was cut off when it was captured."] == shown.notes


def test_a_few_wrong_bytes_leave_a_text_readable() -> None:
    assert f"one caf\ufffd {'and milk ' * 9}" == body_of(a_side(b"one caf\xe9 " + b"and milk " * 9)).text


@pytest.mark.parametrize("charset", ["ISO-8859-1", '"windows-1252"', "latin1"])
def test_old_charsets_of_western_europe_are_read(charset: str) -> None:
    assert "caf\xe9" == body_of(a_side(b"caf\xe9", f"text/plain; Charset={charset}")).text


@pytest.mark.parametrize("charset", ["utf-8", "rot13", "idna", "zip", "no-such"])
def test_other_charsets_are_utf_8(charset: str) -> None:
    assert "caf\xe9" == body_of(a_side("caf\xe9".encode(), f"text/plain; charset={charset}")).text


def test_many_wrong_bytes_are_no_text() -> None:
    shown = body_of(a_side(bytes(range(128, 256)), "text/plain"))

    assert (None, "binary") == (shown.text, shown.language)


def test_a_content_encoding_is_taken_off() -> None:
    packed = gzip.compress(b'{"a":1}')
    shown = body_of(a_side(packed, "application/json", "gzip", body_size=len(packed)))

    assert ('{"a":1}', "gzip", True) == (shown.text, shown.encoding, shown.readable)
    assert (len(packed), len(packed)) == (shown.size, shown.held)


@pytest.mark.parametrize("coding", ["gzip", "made-up"])
def test_a_content_encoding_that_can_not_be_taken_off(coding: str) -> None:
    shown = body_of(a_side(b"\x1f\x8bnonsense", "application/json", coding))

    assert (None, False, "binary") == (shown.text, shown.readable, shown.language)
    assert ["Its Content-Encoding can't be taken off; this is how it came."] == shown.notes


def test_a_bomb_is_not_unpacked() -> None:
    shown = body_of(a_side(gzip.compress(bytes(64 << 20)), coding="gzip"))

    assert not shown.readable


def test_a_long_text_is_shown_in_part() -> None:
    shown = body_of(a_side(b"x" * (body_view.MOST_TEXT + 1)))

    assert (body_view.MOST_TEXT, True) == (len(shown.text or ""), shown.cut)


@pytest.mark.parametrize(
    "reason",
    [
        EXPIRED,
        NOT_KEPT,
        NOT_WANTED,
        NOT_DECODABLE,
        TOO_LARGE,
        "content type",
        "encoded",
        "not read",
        "on disk",
    ],
)
def test_known_reasons_for_having_no_body_are_explained(reason: str) -> None:
    shown = body_of(a_side(None, omitted=reason))

    assert reason == shown.omitted
    assert "it is not here" not in " ".join(shown.notes)


def test_other_reasons_are_told_as_they_came() -> None:
    assert ["There was a body, and it is not here: rain."] == body_of(a_side(None, omitted="rain")).notes


def test_everything_that_is_not_as_it_was_is_said() -> None:
    shown = body_of(a_side(incomplete=True, masked=True, decoded=True, truncated=True))

    assert 4 == len(shown.notes)


def test_bytes_come_in_parts() -> None:
    side = a_side(bytes(range(256)) * 300)
    first, second = bytes_of(side, 0), bytes_of(side, body_view.BYTES_AT_ONCE)

    assert side.body == bytes.fromhex(first.hex + second.hex)
    assert (0, body_view.BYTES_AT_ONCE) == (first.start, second.start)
    assert "" == bytes_of(side, 1 << 20).hex


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"GIF89a", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVE", None),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", None),
        (b"", None),
    ],
)
def test_pictures_are_known_by_their_first_bytes(content: bytes, media_type: str | None) -> None:
    assert media_type == image_type(content)
