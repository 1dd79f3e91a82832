"""Where ids and times stand in a serialised OTLP trace request, for overwriting them in place.

Works on any recording: strings need not be UTF-8, fields that OTLP does not know are passed over.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from itertools import chain
from typing import NamedTuple

from otel_bridge.demo.wire import FIXED64, LENGTH_DELIMITED, Field, fields
from otel_bridge.otlp.messages import KIND_SERVER

# Field numbers of opentelemetry-proto.
_REQUEST_RESOURCE_SPANS = 1
_RESOURCE_SPANS_SCOPE_SPANS = 2
_SCOPE_SPANS_SPANS = 2
_SPAN_TRACE_ID = 1
_SPAN_SPAN_ID = 2
_SPAN_PARENT_SPAN_ID = 4
_SPAN_KIND = 6
_SPAN_START = 7
_SPAN_END = 8
_SPAN_ATTRIBUTES = 9
_SPAN_EVENTS = 11
_SPAN_LINKS = 13
_EVENT_TIME = 1
_LINK_TRACE_ID = 1
_LINK_SPAN_ID = 2
_KEY_VALUE_KEY = 1
_KEY_VALUE_VALUE = 2
_ANY_VALUE_STRING = 1
_ANY_VALUE_ARRAY = 5
_ARRAY_VALUE_VALUES = 1

_SPAN_IDS = frozenset({_SPAN_TRACE_ID, _SPAN_SPAN_ID, _SPAN_PARENT_SPAN_ID})
_LINK_IDS = frozenset({_LINK_TRACE_ID, _LINK_SPAN_ID})
_SPAN_TIMES = frozenset({_SPAN_START, _SPAN_END})

_HEADER_PREFIXES = (b"http.request.header.", b"http.response.header.")
_ID_HEADERS = (
    b"traceparent",
    b"b3",
    b"x-b3-traceid",
    b"x-b3-spanid",
    b"x-b3-parentspanid",
    b"x-kong-request-id",
)
_ID_ATTRIBUTES = frozenset(
    {b"kong.request.id", *(prefix + name for prefix in _HEADER_PREFIXES for name in _ID_HEADERS)}
)
_HEX_ID = re.compile(rb"(?<![0-9a-f])(?:[0-9a-f]{32}|[0-9a-f]{16})(?![0-9a-f])")


class Spot(NamedTuple):
    """Bytes to overwrite: `old` stands at `offset`."""

    offset: int
    old: bytes


class Moment(NamedTuple):
    """A time to overwrite: eight bytes at `offset` hold `unix_ns`."""

    offset: int
    unix_ns: int


class Anatomy(NamedTuple):
    """What is where in a request or in one span of it."""

    ids: tuple[Spot, ...]
    """Trace and span ids, raw, in spans and links."""
    hex_ids: tuple[Spot, ...]
    """Trace, span and request ids as text in attributes that carry such; `old` is the raw id."""
    moments: tuple[Moment, ...]
    server_spans: int


def dissect(request: bytes) -> Anatomy:
    """Find every id and time in *request*; ValueError where it is not protobuf."""
    spans = [_dissect_span(request, span) for span in _spans(request)]
    return Anatomy(
        ids=tuple(chain.from_iterable(span.ids for span in spans)),
        hex_ids=tuple(chain.from_iterable(span.hex_ids for span in spans)),
        moments=tuple(chain.from_iterable(span.moments for span in spans)),
        server_spans=sum(span.server_spans for span in spans),
    )


def _dissect_span(request: bytes, span: Field) -> Anatomy:
    found = list(fields(request, span.start, span.end))
    links = _messages(request, found, _SPAN_LINKS)
    attributes = _messages(request, found, _SPAN_ATTRIBUTES)
    return Anatomy(
        ids=(
            *_spots(request, found, _SPAN_IDS),
            *chain.from_iterable(_spots(request, link, _LINK_IDS) for link in links),
        ),
        hex_ids=tuple(chain.from_iterable(_hex_ids(request, attribute) for attribute in attributes)),
        moments=tuple(_moments(request, found)),
        server_spans=sum(
            1 for field in found if field.number == _SPAN_KIND and request[field.start] == KIND_SERVER
        ),
    )


def _spans(request: bytes) -> Iterator[Field]:
    whole = fields(request, 0, len(request))
    for resource_spans in _messages(request, whole, _REQUEST_RESOURCE_SPANS):
        for scope_spans in _messages(request, resource_spans, _RESOURCE_SPANS_SCOPE_SPANS):
            for field in scope_spans:
                if field.number == _SCOPE_SPANS_SPANS and field.wire_type == LENGTH_DELIMITED:
                    yield field


def _messages(request: bytes, parent: Iterable[Field], number: int) -> Iterator[Iterator[Field]]:
    """The fields of each message that stands in field *number* of *parent*."""
    for field in parent:
        if field.number == number and field.wire_type == LENGTH_DELIMITED:
            yield fields(request, field.start, field.end)


def _spots(request: bytes, parent: Iterable[Field], numbers: Set[int]) -> Iterator[Spot]:
    for field in parent:
        if field.number in numbers and field.wire_type == LENGTH_DELIMITED:
            yield Spot(field.start, request[field.start : field.end])


def _hex_ids(request: bytes, attribute: Iterator[Field]) -> Iterator[Spot]:
    pair = list(attribute)
    if not any(f.number == _KEY_VALUE_KEY and request[f.start : f.end] in _ID_ATTRIBUTES for f in pair):
        return
    for value in _messages(request, pair, _KEY_VALUE_VALUE):
        for offset, text in _texts(request, value):
            for match in _HEX_ID.finditer(text):
                yield Spot(offset + match.start(), bytes.fromhex(match.group().decode()))


def _texts(request: bytes, value: Iterator[Field]) -> Iterator[Spot]:
    """The strings of an AnyValue, alone or in an array."""
    parts = list(value)
    yield from _spots(request, parts, {_ANY_VALUE_STRING})
    for array in _messages(request, parts, _ANY_VALUE_ARRAY):
        for item in _messages(request, array, _ARRAY_VALUE_VALUES):
            yield from _texts(request, item)


def _moments(request: bytes, span: Sequence[Field]) -> Iterator[Moment]:
    times = [field for field in span if field.number in _SPAN_TIMES]
    for event in _messages(request, span, _SPAN_EVENTS):
        times += [field for field in event if field.number == _EVENT_TIME]
    for field in times:
        unix_ns = int.from_bytes(request[field.start : field.end], "little")
        # No time at all must not become one.
        if field.wire_type == FIXED64 and unix_ns:
            yield Moment(field.start, unix_ns)
