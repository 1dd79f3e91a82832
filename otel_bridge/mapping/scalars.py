"""Attribute values as text, numbers and flags, whatever type a sender chose for them.

Kong writes numbers as doubles, Envoy as strings; a value that is of no use for its field is None, so
that the next attribute of the field's row gets its turn.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable

import orjson

from otel_bridge.otlp.values import Value

_VERSIONS = {
    "1.0": "HTTP/1.0",
    "1": "HTTP/1.0",
    "1.1": "HTTP/1.1",
    "2": "HTTP/2",
    "2.0": "HTTP/2",
    "2c": "HTTP/2",
    "3": "HTTP/3",
    "3.0": "HTTP/3",
}
_VERSION = re.compile(r"(?:http/|h)?([0-9.]+c?)", re.IGNORECASE)
_EXACT = 2.0**53
_LARGEST = 2**63
_DIGITS = re.compile(r"-?[0-9]{1,18}(\.[0-9]+)?")


def text(value: Value) -> str | None:
    """Readable text; None where there is none. Bytes that are not UTF-8 become U+FFFD."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, list):
        value = value[0] if value else None
    return _text(value, escape=_replace) or None


def url_text(value: Value) -> str | None:
    """Text of a URL or of a part of one; bytes that are not UTF-8 are percent-encoded."""
    if isinstance(value, str):
        return value or None
    return _text(value, escape=_percent_encode) or None


def header_text(value: Value) -> str:
    """One header value; bytes that are not UTF-8 are latin-1, as HTTP has it."""
    if isinstance(value, str):
        return value
    return _text(value, escape=_latin1)


def number(value: Value) -> float | None:
    """A finite number, also one written as text."""
    if isinstance(value, str) and _DIGITS.fullmatch(value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        return None
    return value


def count(value: Value) -> int | None:
    """A whole number from 0 on: a size, a port, a status. None is larger than JSON writers take: 64 bits."""
    if type(value) is float and 0 <= value < _EXACT:
        return int(value)
    found = number(value)
    return int(found) if found is not None and 0 <= found < _LARGEST else None


def port(value: Value) -> int | None:
    found = count(value)
    return found if found is not None and 0 < found < 65536 else None


def status(value: Value) -> int | None:
    found = count(value)
    return found if found is not None and 0 < found < 1000 else None


def last_status(value: Value) -> int | None:
    """A status, or the last of several: Kong's access logs list those of all tries as text."""
    if isinstance(value, str):
        value = value.rpartition(",")[2].strip()
    return status(value)


def response_source(value: Value) -> str | None:
    """Who answered, in the words of Kong's capture; its access logs say `upstream` for `service`."""
    found = text(value)
    return "service" if found == "upstream" else found


def flag(value: Value) -> bool:
    return value in (True, "true", "True", "1")


def http_version(value: Value) -> str | None:
    """`HTTP/1.1` of 1.1, "1.1", "http/1.1", "HTTP/1.1" ...; None of what names no version of HTTP."""
    found = text(value)
    match = _VERSION.fullmatch(found) if found else None
    return _VERSIONS.get(match[1]) if match else None


def json_of(value: Value) -> bytes:
    """Compact JSON of a structured value; bytes in it become readable text."""
    return orjson.dumps(value, default=_readable)


def _readable(value: bytes) -> str:
    return _decoded(value, _replace)


def _text(value: Value, escape: Callable[[bytes], str]) -> str:
    match value:
        case bytes():
            return _decoded(value, escape)
        case None:
            return ""
        case float() if value.is_integer():
            return str(int(value))
        case float():
            return str(value)
        case _:
            return value if isinstance(value, str) else json_of(value).decode()


def _decoded(raw: bytes, escape: Callable[[bytes], str]) -> str:
    try:
        return raw.decode()
    except UnicodeDecodeError:
        return escape(raw)


def _replace(raw: bytes) -> str:
    return raw.decode(errors="replace")


def _latin1(raw: bytes) -> str:
    return raw.decode("latin-1")


def _percent_encode(raw: bytes) -> str:
    return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)
