"""Bodies as they come: compressed, mislabelled, broken, hostile."""

from __future__ import annotations

import gzip
import zlib

import pytest

from otel_bridge.inspector.wire.body import BodyTooLargeError, UnreadableBodyError, decoded, documents

PLAIN = b'{"version":"1.1.0"}'


def _raw_deflate(body: bytes) -> bytes:
    stream = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return stream.compress(body) + stream.flush()


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        (PLAIN, ""),
        (PLAIN, "identity"),
        (gzip.compress(PLAIN), "gzip"),
        (gzip.compress(PLAIN), " GZip "),
        (gzip.compress(PLAIN), "x-gzip"),
        (gzip.compress(PLAIN), ""),
        (gzip.compress(PLAIN[:5]) + gzip.compress(PLAIN[5:]), "gzip"),
        (zlib.compress(PLAIN), "deflate"),
        (_raw_deflate(PLAIN), "deflate"),
    ],
)
def test_every_encoding_of_an_agent_comes_off(body: bytes, encoding: str) -> None:
    assert PLAIN == decoded(body, encoding, limit=len(PLAIN))


@pytest.mark.parametrize(
    ("body", "encoding", "complaint"),
    [
        (PLAIN, "br", "'br' is not one of gzip, deflate"),
        (PLAIN, "gzip", "not valid gzip"),
        (PLAIN, "deflate", "not valid deflate"),
        (gzip.compress(PLAIN)[:-3], "gzip", "ends early"),
        (gzip.compress(PLAIN)[:-3], "", "ends early"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(body: bytes, encoding: str, complaint: str) -> None:
    with pytest.raises(UnreadableBodyError, match=complaint):
        decoded(body, encoding, limit=1000)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress, _raw_deflate])
def test_a_bomb_stops_at_the_limit(compress: object) -> None:
    assert callable(compress)
    encoding = "gzip" if compress is gzip.compress else "deflate"
    with pytest.raises(BodyTooLargeError):
        decoded(compress(bytes(10_000_000)), encoding, limit=1000)


def test_one_object_and_an_array_read_alike() -> None:
    assert [{"a": 1}] == documents(b'{"a":1}') == documents(b' [{"a":1}]')


def test_raw_bytes_in_a_string_cost_only_themselves() -> None:
    assert [{"body": "\ufffdPNG"}] == documents(b'{"body":"\x89PNG"}')


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (rb"\ud83d", "\ufffd"),
        (rb"\uDE00 and \uD83D", "\ufffd and \ufffd"),
        (rb"\ud83d\ud83d\ude00\ude00", "\ufffd\U0001f600\ufffd"),
        (rb"\\\ud83d\n", "\\\ufffd\n"),
        (rb"\\ud83d \udead", "\\ud83d \ufffd"),
        (b"\\ud83d\xed\xa0\x80", "\ufffd" * 4),
    ],
)
def test_half_a_surrogate_pair_costs_only_itself(sent: bytes, read: str) -> None:
    assert [{read: read}] == documents(b'{"%b":"%b"}' % (sent, sent))


def test_a_body_of_nothing_but_halves_is_read_in_linear_time() -> None:
    """In any other it would take hours."""
    [found] = documents(b'{"a":"%b"}' % (rb"\ud83d\ud83d\ude00" * 500_000))

    assert 1_000_000 == len(found["a"])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b'"text"',
        b"7",
        b"null",
        b'{"a":',
        b'{"a":"\xff',
        b'{"a":NaN}',
        b"[" * 100_000,
        b"[" + b"{}," * 100_000 + b"{}]",
        b"\xff\xfe",
    ],
)
def test_what_is_no_document_is_refused(body: bytes) -> None:
    with pytest.raises(UnreadableBodyError):
        documents(body)
