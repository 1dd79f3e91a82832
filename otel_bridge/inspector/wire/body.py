"""The body of a posted request: its encoding taken off, its JSON read."""

from __future__ import annotations

import re
import zlib
from typing import Any

import orjson

MOST_MEMBERS = 100_000
"""Of an array that is posted, or held in what is posted. Each is read in the event loop, and a body within
the bounds of bytes has room for twenty million empty ones."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP = zlib.MAX_WBITS | 16
_ZLIB = zlib.MAX_WBITS
_RAW_DEFLATE = -zlib.MAX_WBITS

_HIGH = rb"\\u[dD][89abAB][0-9a-fA-F]{2}"
_LOW = rb"\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# Behind whole escaped backslashes, of which the last would make it plain text: pairs, or halves of them.
_SURROGATES = re.compile(
    rb"(?<!\\)((?:\\\\)*)(?:((?:%(high)b%(low)b)+)|((?:%(high)b(?!%(low)b)|%(low)b)+))"
    % {b"high": _HIGH, b"low": _LOW}
)
_ESCAPE_LENGTH = 6


class UnreadableBodyError(ValueError):
    """Not JSON, or not encoded as it says; the message is for the sender."""


class BodyTooLargeError(ValueError):
    """Larger than the limit once its encoding is off."""


def decoded(body: bytes, encoding: str, *, limit: int) -> bytes:
    """*body* without its Content-Encoding *encoding*, "" for none; *body* itself where there is none.

    Raises `BodyTooLargeError` where more than *limit* bytes come out, and `UnreadableBodyError`.
    """
    encoding = encoding.strip().lower()
    if encoding in ("", "identity"):
        # Some agents compress without saying so, and no JSON begins like this.
        if body.startswith(_GZIP_MAGIC):
            return _inflated(body, _GZIP, limit, "gzip")
        return body
    if encoding in ("gzip", "x-gzip"):
        return _inflated(body, _GZIP, limit, encoding)
    if encoding == "deflate":
        # The name means zlib's format; .NET's DeflateStream takes it at its word and adds no header.
        return _inflated(body, _ZLIB if _has_zlib_header(body) else _RAW_DEFLATE, limit, encoding)
    raise UnreadableBodyError(f"the Content-Encoding {encoding[:40]!r} is not one of gzip, deflate")


def documents(body: bytes) -> list[Any]:
    """The members of the JSON array in *body*, or the one object that is there instead.

    Raises `UnreadableBodyError`.
    """
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        found = _from_broken_text(body, error)
    if isinstance(found, dict):
        return [found]
    if isinstance(found, list):
        if len(found) > MOST_MEMBERS:
            raise UnreadableBodyError(f"the array has more than {MOST_MEMBERS} members: send it in parts")
        return found
    raise UnreadableBodyError("the body is neither a JSON object nor an array of them")


def _from_broken_text(body: bytes, error: orjson.JSONDecodeError) -> Any:
    """Read what costs no more than the characters that are wrong.

    The retired plugins sent bodies and headers that were not UTF-8 as raw bytes in a string, and senders
    that cut strings in UTF-16 leave half a surrogate pair: `"\\ud83d"`.
    """
    repaired = _SURROGATES.sub(_without_halves, body.decode(errors="replace").encode())
    if repaired != body:
        try:
            return orjson.loads(repaired)
        except orjson.JSONDecodeError as other:
            error = other
    raise UnreadableBodyError(f"the body is not JSON: {error}") from error


def _without_halves(found: re.Match[bytes]) -> bytes:
    before, pairs, halves = found.groups(default=b"")
    return before + pairs + rb"\ufffd" * (len(halves) // _ESCAPE_LENGTH)


def _has_zlib_header(body: bytes) -> bool:
    return len(body) > 1 and body[0] & 0x0F == zlib.DEFLATED and int.from_bytes(body[:2], "big") % 31 == 0


def _inflated(body: bytes, window: int, limit: int, encoding: str) -> bytes:
    out = bytearray()
    rest = body
    while rest:
        stream = zlib.decompressobj(window)
        try:
            out += stream.decompress(rest, limit + 1 - len(out))
        except zlib.error as error:
            raise UnreadableBodyError(f"the body is not valid {encoding}: {error}") from error
        if len(out) > limit:
            raise BodyTooLargeError
        if not stream.eof:
            raise UnreadableBodyError(f"the {encoding} body ends early")
        rest = stream.unused_data
    return bytes(out)
