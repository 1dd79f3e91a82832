"""Content-Encoding taken off, a bounded piece at a time.

A few bytes can stand for gigabytes, so the input goes in by slices whose output is bounded by the format:
deflate makes at most 1032 bytes of one, and four bytes of zstd are at most one block of 128 KiB. Whoever
iterates counts what comes and stops when it is too much.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple, Protocol

import zstandard

# A caller holds up to a chunk and what the last slice added to it: 4 MiB with deflate, 8 MiB with zstd.
CHUNK = 1 << 20

_ZSTD_WINDOW = 32 << 20


class CorruptBodyError(ValueError):
    """Not what its Content-Encoding says; the message is for the sender."""


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, /) -> bytes: ...


class _Coding(NamedTuple):
    start: Callable[[], _Decompressor]
    slice: int


def _gzip() -> _Decompressor:
    return zlib.decompressobj(zlib.MAX_WBITS | 16)


def _zstd() -> _Decompressor:
    return zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()


_CODINGS = {
    "gzip": _Coding(_gzip, 4096),
    "x-gzip": _Coding(_gzip, 4096),
    "deflate": _Coding(zlib.decompressobj, 4096),
    "zstd": _Coding(_zstd, 256),
}

ENCODINGS = frozenset(_CODINGS)


def decompress(body: bytes, encoding: str) -> Iterator[bytes]:
    """The content of *body*, encoded by one of `ENCODINGS`, in chunks of 1 to 9 MiB; the last is smaller.

    Several gzip members or zstd frames in a row are one content. Raises `CorruptBodyError`, also where the
    body ends early.
    """
    start, size = _CODINGS[encoding]
    decompressor = start()
    made = bytearray()
    try:
        for at in range(0, len(body), size):
            rest = body[at : at + size]
            while rest:
                if decompressor.eof:
                    decompressor = start()
                made += decompressor.decompress(rest)
                rest = decompressor.unused_data
            if len(made) >= CHUNK:
                yield bytes(made)
                made.clear()
    except (zlib.error, zstandard.ZstdError) as error:
        raise CorruptBodyError(f"The body is not valid {encoding}: {error}.") from error
    if not decompressor.eof:
        raise CorruptBodyError(f"The {encoding} body ends early.")
    yield bytes(made)
