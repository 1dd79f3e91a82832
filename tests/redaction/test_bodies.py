"""Sizes, marks, and what becomes of bodies that can't be looked into."""

from __future__ import annotations

import gzip
import zlib
from base64 import b64encode

import brotli
import pytest
import zstandard

from otel_bridge.otlp.values import Value
from otel_bridge.redaction import DEFAULTS, Redactor
from tests.recordings import payloads
from tests.redaction.records import attributes_of, record

REDACTOR = Redactor(DEFAULTS)
BODILESS = Redactor(DEFAULTS, keep_bodies=False)

CONTENT = "http.response.body.content"
BASE64 = "http.response.body.content_base64"
SIZE = "http.response.body.size"
CODING = "http.response.header.content-encoding"
OMITTED = "otel_bridge.response.body.omitted"
REPLACED = "otel_bridge.response.body.redacted"
DECODED = "otel_bridge.response.body.decoded"

SECRET = '{"password": "geheim", "a": 1}'


def redacted(attributes: dict[str, Value], redactor: Redactor = REDACTOR) -> dict[str, Value]:
    return attributes_of(redactor.redact(record(attributes)).record)


def test_a_changed_body_keeps_its_length_and_says_so() -> None:
    expected = {
        CONTENT: SECRET.replace("geheim", "REDACTED"),
        SIZE: len(SECRET),
        REPLACED: True,
        "otel_bridge.masked": True,
    }

    assert expected == redacted({CONTENT: SECRET})


@pytest.mark.parametrize(
    "told",
    [
        {SIZE: 99},
        {"http.response_content_length": 99},
        {"http.response.body.bytes": 99},
        {"http.response.body.truncated": True},
        {"http.response.body.truncated": "true"},
        {"http.response.body.incomplete": True},
    ],
)
def test_a_length_is_not_made_up_where_it_is_told_or_unknown(told: dict[str, Value]) -> None:
    after = redacted({CONTENT: SECRET, **told})

    assert told.get(SIZE) == after.get(SIZE)
    assert True is after[REPLACED]


def test_a_clean_coded_body_is_kept_as_it_was() -> None:
    for coding, coded in (
        ("gzip", gzip.compress(b'{"a": 1}')),
        ("deflate", zlib.compress(b'{"a": 1}')),
        ("br", brotli.compress(b'{"a": 1}')),
        ("zstd", zstandard.compress(b'{"a": 1}')),
        ("identity", b"\xff\x00 plain"),
        ("", gzip.compress(gzip.compress(b"twice"))),
    ):
        given = record({CONTENT: coded, CODING: [coding]})

        assert (given, 0) == REDACTOR.redact(given)


def test_gzip_is_known_without_a_header() -> None:
    coded = gzip.compress(SECRET.encode()) + gzip.compress(b" second member")

    after = redacted({BASE64: b64encode(coded).decode()})

    assert (
        b64encode(SECRET.replace("geheim", "REDACTED").encode() + b" second member").decode() == after[BASE64]
    )
    assert True is after[DECODED]
    assert len(coded) == after[SIZE]


@pytest.mark.parametrize("headers", ['{"Content-Encoding": "br"}', {"content-encoding": ["br"]}])
def test_a_coding_told_in_an_object_of_headers_counts(headers: Value) -> None:
    after = redacted({CONTENT: brotli.compress(SECRET.encode()), "http.response.headers": headers})

    assert SECRET.replace("geheim", "REDACTED").encode() == after[CONTENT]


def test_a_coded_body_that_was_cut_is_kept_decoded() -> None:
    for coding, coded in (
        ("gzip", gzip.compress(b"clean " * 9)[:-9]),
        ("deflate", zlib.compress(b"clean " * 9)[:-5]),
        ("zstd", zstandard.compress(b"clean " * 9) + zstandard.compress(b"more")[:-3]),
    ):
        after = redacted({CONTENT: coded, CODING: coding, "http.response.body.truncated": True})

        assert b"clean clean" in bytes(str(after[CONTENT]), "ascii")
        assert True is after[DECODED]
        assert REPLACED not in after


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip", b"\x1f\x8b\x08\x00 broken \xff\xff\xff\xff"),
        ("br", b"\xff\xfe\xfd no brotli"),
        ("compress", b"\x1f\x9d\x90 unknown"),
        ("zstd", b"\x28\xb5\x2f\xfd\xff\xff\xff\xff\xff"),
        ("gzip, gzip, gzip, gzip", gzip.compress(gzip.compress(gzip.compress(gzip.compress(b"x"))))),
    ],
)
def test_a_body_that_cannot_be_decoded_is_dropped(coding: str, content: bytes) -> None:
    after = redacted({CONTENT: content, CODING: coding})

    assert {CODING: coding, OMITTED: "not decodable", SIZE: len(content)} == after


def test_base64_that_is_none_is_dropped() -> None:
    assert {OMITTED: "not decodable"} == redacted({BASE64: 'no base64: {"password": "x"}'})


def test_base64_that_was_cut_is_read_as_far_as_it_goes() -> None:
    for cut in range(1, 5):
        content = b64encode(SECRET.encode() + b"   ").decode()[:-cut]
        after = redacted({BASE64: content, "http.response.body.truncated": True})

        assert True is after[REPLACED]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd"])
def test_text_whose_coding_was_already_taken_off_is_text(coding: str) -> None:
    given = record({CONTENT: '{"a": 1}', CODING: coding})

    assert (given, 0) == REDACTOR.redact(given)
    assert SECRET.replace("geheim", "REDACTED") == redacted({CONTENT: SECRET, CODING: coding})[CONTENT]


@pytest.mark.parametrize("coding", ["gzip", "br", "deflate", "zstd"])
def test_a_bomb_is_dropped(coding: str) -> None:
    zeros = bytes(64 << 20)
    bomb = {
        "gzip": gzip.compress,
        "br": lambda data: brotli.compress(data, quality=1),
        "deflate": zlib.compress,
        "zstd": zstandard.compress,
    }[coding](zeros)

    after = redacted({CONTENT: bomb, CODING: coding})

    assert {CODING: coding, OMITTED: "too large", SIZE: len(bomb)} == after


def test_many_bombs_in_one_request_share_one_bound() -> None:
    bomb = gzip.compress(bytes(7 << 20))
    given = record({f"{n}.response.body": bomb for n in range(12)} | {CODING: "gzip"})

    after = attributes_of(REDACTOR.redact(given).record)

    kept = [key for key in after if key.endswith(".body")]
    assert 9 == len(kept)
    assert "too large" == after[OMITTED]


def test_a_parsed_body_is_masked_by_its_keys() -> None:
    after = redacted(
        {"http.request.body": {"user": "ann", "Password": {"a": ["x", 1]}, "n": [{"token": ""}]}}
    )

    assert {"user": "ann", "Password": {"a": ["REDACTED", "REDACTED"]}, "n": [{"token": ""}]} == after[
        "http.request.body"
    ]
    assert "http.request.body.size" not in after


@pytest.mark.parametrize(
    ("attributes", "size"),
    [
        ({CONTENT: "text é"}, 7),
        ({CONTENT: b"\xff\x00"}, 2),
        ({BASE64: b64encode(b"bytes").decode()}, 5),
        ({"http.response.body.base64": "Ynl0ZXM"}, 5),
        ({"http.response.body": "text", "http.response.body.truncated": True}, None),
        ({"http.response.body": "text", "http.response.body.incomplete": True}, None),
        ({"http.response.body": "[ReadableStream]"}, None),
        ({"http.response.body.data": {"a": 1}}, None),
        ({"rpc.response.body": "text"}, 4),
        ({CONTENT: "text", SIZE: 99}, 99),
    ],
)
def test_bodies_nobody_wants_leave_their_length(attributes: dict[str, Value], size: int | None) -> None:
    after = redacted(attributes, BODILESS)

    left = {
        key: value for key, value in attributes.items() if key.endswith(("size", "truncated", "incomplete"))
    }
    assert {**left, **({SIZE: size} if size else {}), OMITTED: "not wanted"} == after


def test_bodies_nobody_wants_leave_events_too() -> None:
    event = {"name": "body", "attributes": [{"key": CONTENT, "value": {"string_value": "text"}}]}
    given = record(events=[event])

    after = BODILESS.redact(given)

    assert 0 == after.masked
    assert b"text" not in after.record
    assert {SIZE: 4, OMITTED: "not wanted"} == attributes_of(after.record)


def test_what_else_is_told_of_a_body_stays_when_nobody_wants_it() -> None:
    given = record({SIZE: 7, "http.response.body.error": "content type"})

    assert (given, 0) == BODILESS.redact(given)


def test_recorded_bodies_that_hold_no_secret_stay_byte_for_byte() -> None:
    for body in payloads("kong-3.9-load/recommended") + payloads("kong-3.9-load/bodies"):
        assert body is REDACTOR.redact(body).record
