"""OTLP trace requests in files: protobuf, JSON, or JSON lines as the Collector's file exporter writes them.

What a file is follows from its bytes alone, never from its name.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson
from google.protobuf.message import DecodeError

from otel_bridge.otlp.errors import UndecodableError
from otel_bridge.otlp.json import to_protobuf
from otel_bridge.otlp.messages import LenientRequest

_TRACES = (b'"resourceSpans"', b'"resource_spans"')
_FIRST_TAG = b"\x0a"


class Fault(NamedTuple):
    """A part of a file that is no OTLP trace request."""

    line: int | None
    """Counted from 1; None where it is the whole file."""
    reason: str


class Contents(NamedTuple):
    requests: list[bytes]
    """In protobuf, not normalised, in the order of the file."""
    faults: list[Fault]


def read(data: bytes) -> Contents:
    """The requests in the file *data*, and what in it is none. An empty file is an empty request."""
    if _is_protobuf(data):
        return Contents([data], [])
    text = data.removeprefix(b"\xef\xbb\xbf")
    if not text.lstrip().startswith(b"{"):
        return _nothing("neither OTLP protobuf nor OTLP JSON")
    if not any(name in text for name in _TRACES):
        return _nothing("JSON without resourceSpans, so not an OTLP trace request")
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        lines = _read_lines(text)
        return lines if lines.requests else _nothing(f"broken JSON: {error}")
    try:
        return Contents([to_protobuf(text)], [])
    except UndecodableError as error:
        return _nothing(str(error))


def _read_lines(text: bytes) -> Contents:
    found = Contents([], [])
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            found.requests.append(to_protobuf(line))
        except UndecodableError as error:
            found.faults.append(Fault(number, str(error)))
    return found


def _is_protobuf(data: bytes) -> bool:
    # JSON never passes, not even after a line feed, which looks like the tag of the first field: `{`
    # opens a group, and no request holds one.
    if not data.startswith(_FIRST_TAG):
        return not data
    try:
        LenientRequest.FromString(data)
    except DecodeError:
        return False
    return True


def _nothing(reason: str) -> Contents:
    return Contents([], [Fault(None, reason)])
