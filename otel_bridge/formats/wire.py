"""What an exchange looked like on the wire: start lines, sizes, body rules, arguments, times.

Every format words these facts differently, but none may see them differently, so the rules are here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import NamedTuple
from urllib.parse import unquote_plus

import orjson
import pybase64

from otel_bridge.mapping.exchange import NO_BODY, Body, Headers
from otel_bridge.mapping.memory import Memory

# IANA's registry. `http.HTTPStatus` would word 413 and 422 differently from one Python to the next.
REASONS: Mapping[int, str] = {
    100: "Continue",
    101: "Switching Protocols",
    102: "Processing",
    103: "Early Hints",
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi-Status",
    208: "Already Reported",
    226: "IM Used",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    305: "Use Proxy",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    421: "Misdirected Request",
    422: "Unprocessable Content",
    423: "Locked",
    424: "Failed Dependency",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates",
    507: "Insufficient Storage",
    508: "Loop Detected",
    510: "Not Extended",
    511: "Network Authentication Required",
}

DEFAULT_MEDIA_TYPE = "application/octet-stream"
FORM = "application/x-www-form-urlencoded"

_LONGEST_ADDRESS = len("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255")
_IPV4 = re.compile(r"(?:\d{1,3}\.){3}\d{1,3}", re.ASCII)

# The headers that say something about a body.
_TELLING = frozenset({"content-length", "content-type", "content-encoding", "transfer-encoding"})

# Most headers of an exchange were in the one before. At most some 5 MB.
_REMEMBERED = 4096
_LONGEST_REMEMBERED = 512

Fields = Mapping[str, str]
"""Lower-case name to the last value, of the headers that say something about a body."""


class Survey(NamedTuple):
    """The headers of one side."""

    named: Fields
    size: int
    """Bytes of their lines, line ends included."""
    items: orjson.Fragment
    """HAR's way with them."""


_NO_HEADERS = Survey({}, 0, orjson.Fragment(b"[]"))


class _Line(NamedTuple):
    item: bytes
    size: int
    telling: str
    """Lower-case name where it says something about a body, else ""."""


def survey(headers: Headers) -> Survey:
    if not headers:
        return _NO_HEADERS
    named: dict[str, str] = {}
    items: list[bytes] = []
    size = 0
    for header in headers:
        item, length, telling = _LINES.known(header) or _LINES[header]
        items.append(item)
        size += length
        if telling:
            named[telling] = header[1]
    # As its own constructor does, at half the price.
    return tuple.__new__(Survey, (named, size, orjson.Fragment(b"[%b]" % b",".join(items))))


def request_head_size(method: str, target: str, http_version: str, lines: int) -> int:
    """Bytes from the start of the request line to the end of the blank line; header *lines* as surveyed."""
    line = len(method) + len(target if target.isascii() else target.encode()) + 2
    return line + len(http_version or "HTTP/1.1") + 4 + lines


def response_head_size(status: int, http_version: str, lines: int) -> int:
    """Bytes from the start of the status line to the end of the blank line; header *lines* as surveyed."""
    return len(http_version or "HTTP/1.1") + 5 + len(REASONS.get(status, "")) + 4 + lines


def body_size(body: Body, named: Fields) -> int | None:
    """Bytes of the body on the wire, Transfer-Encoding taken off; None where nobody can say.

    `Content-Length` stands in for a body that was not captured whole, so for the answer to a HEAD
    it is the length that a GET would have.
    """
    if body.size is not None:
        return body.size
    if not named and body is NO_BODY:  # as most requests of an API
        return None
    if body.content is not None and not (body.truncated or body.redacted or body.decoded):
        return len(body.content)
    return content_length(named)


def content_length(named: Fields) -> int | None:
    """The announced length; of a repeated header the last one counts."""
    value = named.get("content-length")
    if value is None:
        return None
    last = value.rpartition(",")[2].strip()
    return int(last) if last.isascii() and last.isdigit() and len(last) < 19 else None


def body_was_there(body: Body, named: Fields) -> bool:
    """Whether there was a body, whatever of it was captured or is sent along."""
    if body.content or body.size:
        return True
    return bool(named) and bool(
        "transfer-encoding" in named
        or content_length(named)
        or named.get("content-type", "").lower().startswith("multipart/byteranges")
    )


def never_has_body(method: str, status: int) -> bool:
    """Whether HTTP leaves no room for a body in this answer, whatever its headers announce."""
    return status in (204, 304) or 100 <= status < 200 or method == "HEAD"


def arguments(target: str) -> list[tuple[str, str]]:
    """The query arguments of *target*, decoded, in their order; one without a value has ""."""
    _, _, query = target.partition("?")
    return list(pairs(query)) if query else []


def pairs(query: str) -> Iterator[tuple[str, str]]:
    """Read `application/x-www-form-urlencoded` text; escapes that are not UTF-8 become U+FFFD."""
    for piece in query.split("&"):
        if not piece:
            continue
        name, _, value = piece.partition("=")
        if "%" in piece or "+" in piece:
            name, value = unquote_plus(name), unquote_plus(value)
        yield name, value


def items(named: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """HAR's way with arguments."""
    return [{"name": name, "value": value} for name, value in named]


def base64(content: bytes) -> orjson.Fragment:
    """*content* as a JSON string: there is nothing in it to escape, and large bodies need no second look."""
    return orjson.Fragment(b'"%b"' % pybase64.b64encode(content))


def instant(ns: int) -> str:
    """Unix *ns* as ISO 8601 with milliseconds and Z.

    Rounded, not cut: Kong's own whole milliseconds come as doubles, a few hundred nanoseconds off.
    """
    seconds, ms = divmod((ns + 500_000) // 1_000_000, 1000)
    return f"{_second(seconds)}.{ms:03d}Z"


def is_ip_address(text: str) -> bool:
    """Whether *text* is an IPv4 or IPv6 address without a zone, the only ones the validators know."""
    return len(text) <= _LONGEST_ADDRESS and _is_ip_address(text)


@lru_cache(maxsize=4096)
def _is_ip_address(text: str) -> bool:
    try:
        IPv4Address(text) if _IPV4.fullmatch(text) else IPv6Address(text)
    except AddressValueError:
        return False
    return "%" not in text


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def _line(header: tuple[str, str]) -> _Line:
    name, value = header
    lower = name.lower()
    return _Line(
        orjson.dumps({"name": name, "value": value}),
        len(name) + len(value.encode()) + len(": \r\n"),
        lower if lower in _TELLING else "",
    )


_LINES = Memory(
    _line, entries=_REMEMBERED, longest=_LONGEST_REMEMBERED, size=lambda line: sum(map(len, line))
)
