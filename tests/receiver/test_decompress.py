"""Content codings: what goes in comes out, and bombs stay small."""

from __future__ import annotations

import contextlib
import gzip
import zlib
from collections.abc import Callable

import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.receiver.decompress import CHUNK, ENCODINGS, CorruptBodyError, decompress

ENCODE: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "zstd": zstandard.compress,
}
CODINGS = sorted(ENCODE)


def zstd_stream(content: bytes) -> bytes:
    """A frame that does not tell its size beforehand."""
    stream = zstandard.ZstdCompressor().compressobj()
    return stream.compress(content) + stream.flush()


def test_every_coding_is_tested() -> None:
    assert ENCODINGS == set(ENCODE)


@settings(deadline=None)  # the machine may be busy
@given(content=st.binary(max_size=20_000), coding=st.sampled_from(CODINGS))
def test_gives_back_what_was_encoded(content: bytes, coding: str) -> None:
    assert content == b"".join(decompress(ENCODE[coding](content), coding))


@settings(deadline=None)  # the machine may be busy
@given(first=st.binary(max_size=5_000), second=st.binary(max_size=5_000))
def test_several_members_are_one_content(first: bytes, second: bytes) -> None:
    assert first + second == b"".join(decompress(gzip.compress(first) + gzip.compress(second), "gzip"))
    assert first + second == b"".join(decompress(zstd_stream(first) + zstd_stream(second), "zstd"))


@settings(deadline=None)  # the machine may be busy
@given(content=st.binary(min_size=1, max_size=5_000), coding=st.sampled_from(CODINGS), data=st.data())
def test_a_body_that_ends_early_is_corrupt(content: bytes, coding: str, data: st.DataObject) -> None:
    encoded = ENCODE[coding](content)
    end = data.draw(st.integers(0, len(encoded) - 1))

    with pytest.raises(CorruptBodyError):
        list(decompress(encoded[:end], coding))


@settings(deadline=None)  # the machine may be busy
@given(body=st.binary(max_size=2_000), coding=st.sampled_from(CODINGS))
def test_arbitrary_bytes_raise_nothing_else(body: bytes, coding: str) -> None:
    with contextlib.suppress(CorruptBodyError):
        list(decompress(body, coding))


@pytest.mark.parametrize("coding", CODINGS)
def test_bytes_behind_the_content_are_corrupt(coding: str) -> None:
    with pytest.raises(CorruptBodyError, match=coding):
        list(decompress(ENCODE[coding](b"content") + b"junk", coding))


@pytest.mark.parametrize("coding", CODINGS)
def test_a_bomb_comes_in_bounded_chunks(coding: str) -> None:
    size = 64 << 20
    bomb = ENCODE[coding](bytes(size))

    sizes = [len(chunk) for chunk in decompress(bomb, coding)]

    assert size == sum(sizes)
    assert max(sizes) <= 9 * CHUNK
    assert all(each >= CHUNK for each in sizes[:-1])


def test_a_zstd_window_larger_than_senders_use_is_refused() -> None:
    parameters = zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    stream = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    body = stream.compress(b"content") + stream.flush()

    with pytest.raises(CorruptBodyError, match="memory"):
        list(decompress(body, "zstd"))
