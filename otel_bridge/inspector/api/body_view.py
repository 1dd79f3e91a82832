"""A kept body as it can be shown: its coding taken off within bounds, as text or as bytes in hex.

Pure. What a body says of itself is not believed: a browser gets text, never something to run.
"""

from __future__ import annotations

import re
from typing import Literal

from otel_bridge.inspector.api.shapes import BodyShape, BytesShape
from otel_bridge.inspector.exchange import Side
from otel_bridge.inspector.policy import NOT_KEPT
from otel_bridge.redaction.codings import Decoder, NotDecodableError, TooLargeError

Language = Literal["json", "xml", "html", "form", "text", "binary", "image", "none"]

# Shown at once; the rest is for the download.
MOST_TEXT = 1 << 20
BYTES_AT_ONCE = 1 << 16

_IMAGES = {
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"\xff\xd8\xff": "image/jpeg",
    b"GIF87a": "image/gif",
    b"GIF89a": "image/gif",
}
_CHARSET = re.compile(r"(?i)charset\s*=\s*\"?([\w-]+)")
_CHARSETS = frozenset({"iso-8859-1", "latin1", "iso-8859-15", "windows-1252"})
_BY_SUBTYPE: tuple[tuple[str, Language], ...] = (
    ("json", "json"),
    ("html", "html"),
    ("xml", "xml"),
    ("x-www-form-urlencoded", "form"),
)

# The words of the capture, the redaction, the policy and the store.
_OMITTED = {
    "content type": "The capture keeps no bodies of this content type (its setting content_types).",
    "encoded": "The capture could not look for secrets in this Content-Encoding, so it kept nothing.",
    "on disk": "The request was so large that Kong put it on disk, where the capture leaves it.",
    "not read": "Kong answered without reading the request's body.",
    "redaction failed": "The capture could not look for secrets in it, so it kept nothing.",
    "not decodable": "The bridge could not decode it to look for secrets, so it kept nothing.",
    "not wanted": "No exporter wanted bodies, so the bridge did not keep it.",
    "too large": "It was too large to look for secrets in it, so the bridge kept nothing.",
    NOT_KEPT: "The inspector does not keep it: inspector.log_bodies says so.",
    "expired": "The inspector let it go: inspector.retention.bodies was over.",
}


def header(side: Side, name: str) -> str:
    """The last value of the header *name* (lower case), "" without one."""
    return next((value for each, value in reversed(side.headers) if each.lower() == name), "")


def body_of(side: Side) -> BodyShape:
    """What of the side's body can be shown, and what is to be said about it."""
    content, readable = decoded(side)
    content_type = header(side, "content-type")
    text = _text(content, _charset(content_type)) if readable else None
    media_type = content_type.partition(";")[0].strip().lower()
    return BodyShape(
        text=text[:MOST_TEXT] if text is not None and content else None,
        media_type=media_type,
        language=_language(media_type, content, text),
        size=side.body_size,
        held=len(side.body or b""),
        omitted=side.omitted,
        truncated=side.truncated,
        encoding="" if side.decoded else _coding(side),
        readable=readable,
        cut=text is not None and len(text) > MOST_TEXT,
        notes=_notes(side, readable=readable),
    )


def bytes_of(side: Side, start: int) -> BytesShape:
    """The side's bytes from *start* on, as many as are shown at once."""
    content, _ = decoded(side)
    return BytesShape(hex=content[start : start + BYTES_AT_ONCE].hex(), start=start, size=len(content))


def decoded(side: Side) -> tuple[bytes, bool]:
    """The body without its Content-Encoding; False: that could not be taken off, and this is as it came."""
    content = side.body or b""
    codings = (
        [] if side.decoded else [part.strip().lower() for part in _coding(side).split(",") if part.strip()]
    )
    if not codings or not content:
        return content, True
    try:
        plain, _ = Decoder().decode(content, codings)
    except (NotDecodableError, TooLargeError):
        return content, False
    return plain, True


def image_type(content: bytes) -> str | None:
    """The media type of a raster image, by its first bytes; None for anything else."""
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "image/webp"
    return next((kind for magic, kind in _IMAGES.items() if content.startswith(magic)), None)


def _coding(side: Side) -> str:
    return header(side, "content-encoding").strip().lower()


def _charset(content_type: str) -> str:
    """The charset that is named, if it is one of Western Europe's; "" for UTF-8 and all others."""
    named = _CHARSET.search(content_type)
    charset = named[1].lower() if named else ""
    return charset if charset in _CHARSETS else ""


def _text(content: bytes, charset: str) -> str | None:
    """As text, unless it is something else. A body that was cut in the middle of a character is text."""
    if b"\x00" in content[:1024]:
        return None
    if charset:
        return content.decode(charset, errors="replace")
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if error.start >= len(content) - 3:
            return content[: error.start].decode()
        shown = content.decode(errors="replace")
        return shown if shown.count("\ufffd") * 20 < len(shown) else None


def _language(media_type: str, content: bytes, text: str | None) -> Language:
    if not content:
        return "none"
    if image_type(content):
        return "image"
    if text is None:
        return "binary"
    for part, language in _BY_SUBTYPE:
        if part in media_type:
            return language
    start = text.lstrip()[:1]
    if not media_type and start in ("{", "["):
        return "json"
    return "xml" if not media_type and start == "<" else "text"


def _notes(side: Side, *, readable: bool) -> list[str]:
    told = []
    if side.omitted:
        told.append(_OMITTED.get(side.omitted, f"There was a body, and it is not here: {side.omitted}."))
    if side.truncated:
        told.append("The body was cut off when it was captured.")
    if side.incomplete:
        told.append("The peer went away before all of the body was there.")
    if side.masked:
        told.append("Secrets in it were replaced by REDACTED.")
    if side.decoded:
        told.append("Its Content-Encoding was taken off to look for secrets.")
    if not readable:
        told.append("Its Content-Encoding can't be taken off; this is how it came.")
    return told
