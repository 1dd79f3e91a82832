"""Content codings taken off within bounds, to look at what is behind them."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence

import brotli
import zstandard

# One body, and all bodies of one request, behind their codings.
LARGEST = 8 << 20
LARGEST_TOGETHER = 64 << 20

_GZIP = b"\x1f\x8b\x08"
_ZSTD = b"\x28\xb5\x2f\xfd"
_MOST_LAYERS = 3
_PIECE = 1 << 14
# A zstd block of 4 bytes can stand for 128 KiB, and its decoder knows no limit of its own.
_ZSTD_PIECE = 128
_WINDOW = 8 << 20


class NotDecodableError(Exception):
    """The bytes are not in the coding they claim; nothing can be said of what is behind."""


class TooLargeError(Exception):
    """More than the bound came out."""


class Decoder:
    """Decodes the bodies of one request; together they may not grow without end."""

    def __init__(self) -> None:
        self._left = LARGEST_TOGETHER

    def decode(self, content: bytes, codings: Sequence[str]) -> tuple[bytes, bool]:
        """What is behind *codings* (as Content-Encoding lists them), and whether all of it came.

        A stream that just ends is decoded as far as it goes. What is then still gzip or zstd by its
        first bytes is decoded, too. Raises NotDecodableError or TooLargeError.
        """
        layers = [coding for coding in reversed(codings) if coding not in ("identity", "")]
        complete = True
        undone = 0
        while coding := layers.pop(0) if layers else _by_magic(content):
            if undone == _MOST_LAYERS:
                raise NotDecodableError
            content, ended = self._undo(coding, content)
            complete = complete and ended
            undone += 1
        return content, complete

    def _undo(self, coding: str, content: bytes) -> tuple[bytes, bool]:
        undo = _CODINGS.get(coding)
        if undo is None:
            raise NotDecodableError
        limit = min(LARGEST, self._left)
        pieces: list[bytes] = []
        size = 0

        def collect(piece: bytes) -> None:
            nonlocal size
            size += len(piece)
            if size > limit:
                raise TooLargeError
            pieces.append(piece)

        try:
            complete = undo(content, collect)
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise NotDecodableError from error
        finally:
            self._left -= size
        if content and not size and not complete:
            raise NotDecodableError
        return b"".join(pieces), complete


def is_coded(content: bytes) -> bool:
    """Whether *content* is gzip or zstd by its first bytes."""
    return _by_magic(content) != ""


def split(values: Iterable[str]) -> list[str]:
    """Values of Content-Encoding as a list of codings in the order they were applied."""
    return [part.strip().lower() for value in values for part in value.split(",")]


def _by_magic(content: bytes) -> str:
    if content.startswith(_GZIP):
        return "gzip"
    return "zstd" if content.startswith(_ZSTD) else ""


_Collect = Callable[[bytes], None]


def _gzip(content: bytes, collect: _Collect) -> bool:
    while content:
        decompressor = zlib.decompressobj(wbits=31)
        _inflate(decompressor, content, collect)
        if not decompressor.eof:
            return False
        content = decompressor.unused_data
        if not content.startswith(_GZIP):
            break
    return not content


def _deflate(content: bytes, collect: _Collect) -> bool:
    # The coding is zlib's format; some send the bare stream instead.
    try:
        decompressor = zlib.decompressobj()
        decompressor.decompress(content[:2])
    except zlib.error:
        bare = zlib.decompressobj(wbits=-15)
        _inflate(bare, content, collect)
        return bare.eof and not bare.unused_data
    _inflate(decompressor, content[2:], collect)
    return decompressor.eof and not decompressor.unused_data


def _inflate(decompressor: zlib._Decompress, content: bytes, collect: _Collect) -> None:
    while content and not decompressor.eof:
        collect(decompressor.decompress(content, _PIECE))
        content = decompressor.unconsumed_tail
    if not decompressor.eof:
        collect(decompressor.flush(_PIECE))


def _brotli(content: bytes, collect: _Collect) -> bool:
    decompressor = brotli.Decompressor()
    piece = decompressor.process(content, output_buffer_limit=_PIECE)
    # Output may be waiting inside although all input was taken, so only an empty piece is the end.
    while piece or not decompressor.can_accept_more_data():
        collect(piece)
        piece = decompressor.process(b"", output_buffer_limit=_PIECE)
    return bool(decompressor.is_finished())


def _zstd(content: bytes, collect: _Collect) -> bool:
    while content:
        decompressor = zstandard.ZstdDecompressor(max_window_size=_WINDOW).decompressobj()
        position = 0
        while position < len(content) and not decompressor.eof:
            collect(decompressor.decompress(content[position : position + _ZSTD_PIECE]))
            position += _ZSTD_PIECE
        if not decompressor.eof:
            return False
        content = decompressor.unused_data + content[position:]
        if not content.startswith(_ZSTD):
            break
    return not content


_CODINGS: dict[str, Callable[[bytes, _Collect], bool]] = {
    "gzip": _gzip,
    "x-gzip": _gzip,
    "deflate": _deflate,
    "br": _brotli,
    "zstd": _zstd,
}
