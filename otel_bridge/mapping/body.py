"""Body attributes as a `Body`, whichever convention they follow.

Content comes as text, as bytes, as base64, or as a map or list that some agents make of JSON.
"""

from __future__ import annotations

from binascii import Error as Base64Error
from binascii import a2b_base64
from typing import Literal

from otel_bridge.mapping.exchange import Body
from otel_bridge.mapping.scalars import json_of
from otel_bridge.otlp.values import Value

NOT_DECODABLE = "not decodable"
# What HyperDX writes in place of a body it could not read.
_PLACEHOLDER = "[ReadableStream]"

Content = bytes | Literal[False]
"""False: there was some, and nobody can read it."""


def content(value: Value) -> Content:
    """The bytes of content that is carried as it is."""
    if isinstance(value, str):
        return value != _PLACEHOLDER and value.encode()
    if isinstance(value, bytes):
        return value
    return json_of(value)


def base64_content(value: Value) -> Content:
    """The bytes of content that is carried in base64; Hypertrace leaves the padding out."""
    raw = content(value)
    if raw is False:
        return False
    raw = raw.rstrip(b"=")
    try:
        return a2b_base64(raw + b"=" * (-len(raw) % 4))
    except Base64Error:
        return False


def assemble(
    content: Content | None,
    size: int | None,
    omitted: str,
    *,
    incomplete: bool,
    truncated: bool,
    redacted: bool,
    decoded: bool,
    encoding: str,
) -> Body:
    """The body that its attributes describe."""
    if content and encoding == "base64":
        content = base64_content(content)
    if content is False:
        omitted = omitted or NOT_DECODABLE
    return Body(content or None, size, truncated, incomplete, redacted, decoded, "" if content else omitted)
