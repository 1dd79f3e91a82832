"""What text searches in: one text for an exchange, the same for the store's index and for the closure."""

from __future__ import annotations

import re
from urllib.parse import unquote_plus

import orjson

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.redaction.codings import Decoder, NotDecodableError, TooLargeError, is_coded, split

LARGEST = 1 << 20
"""Bytes of a body, its Content-Encoding taken off, that are searched; what comes after is not."""

BETWEEN = "\x01"
"""Stands between the parts of the text: no phrase reaches from one into the next."""

_ESCAPED = re.compile(rb"\\u[0-9A-Fa-f]{4}")


def text_of(exchange: Exchange) -> str:
    """What bare words look through: what a person sees of the exchange, headers and bodies included.

    Method, URL (as sent, and decoded), reason, the names of what it belongs to, addresses, ids of trace and
    request, `name: value` of each header, both bodies as `body_text` has them. Numbers that have a field of
    their own (status, times, sizes) are not in it.
    """
    request, response = exchange.request, exchange.response
    parts = [
        exchange.method,
        exchange.url,
        exchange.reason,
        exchange.environment,
        exchange.bucket,
        exchange.service,
        exchange.route,
        exchange.route_template,
        exchange.consumer,
        exchange.gateway,
        exchange.client_address,
        exchange.upstream_address,
        exchange.request_id,
        exchange.trace_id,
    ]
    if "%" in exchange.url or "+" in exchange.url:
        parts.append(unquote_plus(exchange.url))
    parts += [f"{name}: {value}" for name, value in request.headers]
    parts += [f"{name}: {value}" for name, value in response.headers]
    parts += (body_text(request), body_text(response))
    return BETWEEN.join(filter(None, parts))


def body_text(side: Side) -> str:
    """The body for searching: as it came, and where it hides letters behind escapes, also without them.

    Escapes are JSON's `\\u00fc` and a form's `%C3%BC`. What is not UTF-8 becomes U+FFFD.
    """
    content = content_of(side)
    if not content:
        return ""
    text = content[:LARGEST].decode(errors="replace")
    readable = _without_escapes(side, content)
    return f"{text}{BETWEEN}{readable}" if readable else text


def content_of(side: Side) -> bytes:
    """The body without its Content-Encoding; empty where there is none, or where it can't be decoded."""
    if not side.body:
        return b""
    codings = () if side.decoded else split(_values(side, "content-encoding"))
    if not codings and not is_coded(side.body):
        return side.body
    try:
        return Decoder().decode(side.body, codings)[0]
    except (NotDecodableError, TooLargeError):
        return b""


def _without_escapes(side: Side, content: bytes) -> str:
    if len(content) > LARGEST:
        return ""
    if b"\\u" in content and _ESCAPED.search(content):
        try:
            return orjson.dumps(orjson.loads(content)).decode()
        except (orjson.JSONDecodeError, orjson.JSONEncodeError):
            return ""
    if b"%" in content and any("form-urlencoded" in value for value in _values(side, "content-type")):
        return unquote_plus(content.decode(errors="replace"))
    return ""


def _values(side: Side, name: str) -> list[str]:
    """The values of a header, by its name in lower case."""
    length = len(name)
    return [value for each, value in side.headers if len(each) == length and each.lower() == name]
