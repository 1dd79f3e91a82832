from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.redaction.codings import Decoder, NotDecodableError, TooLargeError, is_coded, split

ENCODERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "br": brotli.compress,
    "zstd": zstandard.compress,
}


@pytest.mark.parametrize("coding", ENCODERS)
def test_what_was_encoded_is_decoded(coding: str) -> None:
    for data in (b"", b"x", bytes(range(256)) * 300, b"many members " * 20_000):
        assert (data, True) == Decoder().decode(ENCODERS[coding](data), [coding])


@pytest.mark.parametrize("coding", ENCODERS)
def test_trailing_bytes_are_not_part_of_it(coding: str) -> None:
    coded = ENCODERS[coding](b"data")

    try:
        decoded, complete = Decoder().decode(coded + b"trailing", [coding])
    except NotDecodableError:
        return  # brotli's decoder refuses outright

    assert (b"data", False) == (decoded, complete)


def test_codings_come_off_in_reverse_order() -> None:
    coded = brotli.compress(zlib.compress(b"data"))

    assert (b"data", True) == Decoder().decode(coded, split(["Deflate, identity", "br"]))


@given(st.sampled_from(sorted(ENCODERS)), st.binary(max_size=2000), st.data())
def test_a_stream_cut_anywhere_gives_its_beginning_or_nothing(
    coding: str, data: bytes, draw: st.DataObject
) -> None:
    coded = ENCODERS[coding](data)
    cut = coded[: draw.draw(st.integers(0, len(coded) - 1))]

    try:
        decoded, complete = Decoder().decode(cut, [coding])
    except NotDecodableError:
        return

    assert data.startswith(decoded)
    assert not complete or decoded == data or not cut


@pytest.mark.parametrize("coding", ENCODERS)
def test_a_bomb_is_stopped(coding: str) -> None:
    bomb = ENCODERS[coding](bytes(9 << 20))

    with pytest.raises(TooLargeError):
        Decoder().decode(bomb, [coding])


def test_only_gzip_and_zstd_are_known_by_their_first_bytes() -> None:
    assert is_coded(gzip.compress(b"x"))
    assert is_coded(zstandard.compress(b"x"))
    assert not is_coded(zlib.compress(b"x"))
    assert not is_coded(b"x")
