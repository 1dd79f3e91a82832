"""A span's attributes, read by the tables of `names.py` into one dict of what they say.

    field, such as `status`                  its value, of the type that `Fields` says
    `request:accept`, `response:via` ...     the (name, value) pairs of that header; the key of one
                                             that redaction masked ends with NUL

A gateway says the same in every span, so a short attribute is read once and then known by its bytes,
and the rest is one dict made of readings.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from itertools import product
from operator import itemgetter
from typing import Any, NamedTuple, TypedDict, cast

from otel_bridge.mapping import body, headers, scalars
from otel_bridge.mapping.bounds import LONGEST, LONGEST_NAME, LONGEST_OBJECT, MOST_ATTRIBUTES, cut
from otel_bridge.mapping.exchange import Headers
from otel_bridge.mapping.memory import Memory
from otel_bridge.mapping.names import BODY, FIELDS, HEADER_OBJECTS, HEADERS, SIDES
from otel_bridge.otlp.values import Value, decode, split

# Each memory holds at most some 5 MB.
REMEMBERED = 8192
LONGEST_REMEMBERED = 192

REDACTED = "REDACTED"


class Fields(TypedDict, total=False):
    """What attributes say, by the rows of `names.FIELDS` and, for each side, of `names.BODY`."""

    method: str
    url: str
    scheme: str
    host: str
    port: int
    path: str
    query: str
    target: str
    http_version: str
    status: int
    user_agent: str
    request_size: int
    response_size: int
    client_address: str
    peer_address: str
    client_port: int
    server_address: str
    route_template: str
    service: str
    route: str
    consumer: str
    service_id: str
    route_id: str
    consumer_id: str
    request_id: str
    response_source: str
    upstream_status: int
    latency_internal: float
    latency_upstream: float
    latency_receive: float
    capture_version: str
    source: str
    masked: bool
    cut: Sequence[str]
    """Reasons why something was left out (see `bounds.py`), one for each place."""
    request_headers: Headers
    response_headers: Headers
    request_body_content: bytes | None
    request_body_encoding: str
    request_body_size: int
    request_body_truncated: bool
    request_body_incomplete: bool
    request_body_omitted: str
    request_body_redacted: bool
    request_body_decoded: bool
    response_body_content: bytes | None
    response_body_encoding: str
    response_body_size: int
    response_body_truncated: bool
    response_body_incomplete: bool
    response_body_omitted: str
    response_body_redacted: bool
    response_body_decoded: bool


class Captured(NamedTuple):
    """Headers in the order of their names, as in an exchange."""

    request: Headers
    response: Headers
    host: str
    """The Host header."""
    masked: bool
    """Redaction replaced a value."""


class _Meaning(NamedTuple):
    """What an attribute of some name says."""

    key: str
    """A key of `Fields`, or the side of a header."""
    rank: int
    """Place in its row of the table; the lowest wins."""
    convert: Callable[[Value], object] | None
    """None for a header, which is read by its sender's ways."""
    header: str = ""


# No header's name can hold it, and it sorts before what can follow.
_MASK = "\0"

_NONE = Captured((), (), "", False)
_NOTHING: tuple[str, Any] = ("", None)

_CONVERSIONS: dict[str, Callable[[Value], object]] = {
    "url": scalars.url_text,
    "host": scalars.url_text,
    "port": scalars.port,
    "path": scalars.url_text,
    "query": scalars.url_text,
    "target": scalars.url_text,
    "http_version": scalars.http_version,
    "status": scalars.status,
    "request_size": scalars.count,
    "response_size": scalars.count,
    "client_port": scalars.port,
    "upstream_status": scalars.last_status,
    "latency_internal": scalars.number,
    "latency_upstream": scalars.number,
    "latency_receive": scalars.number,
    "response_source": scalars.response_source,
    "masked": scalars.flag,
    "content": body.content,
    "size": scalars.count,
    "truncated": scalars.flag,
    "incomplete": scalars.flag,
    "redacted": scalars.flag,
    "decoded": scalars.flag,
}


class Reader:
    """Reads the serialised KeyValues of one kind of sender; thread-safe."""

    def __init__(self, header: Callable[[str, Value], Headers]) -> None:
        """*header* makes pairs of one header's attribute."""
        self._header = header
        self.memory = Memory(self._read, entries=REMEMBERED, longest=LONGEST_REMEMBERED)

    def read(self, items: Sequence[bytes]) -> Fields:
        """Read all attributes of a span or of an event; headers are in it by keys of their own."""
        memory, read = self.memory, self._read_long
        reasons = ["attributes"] if len(items) > MOST_ATTRIBUTES else []
        items = items[:MOST_ATTRIBUTES]
        # A body is not even looked for in the memory: that would hash all of it.
        readings = [
            memory[item] if len(item) <= LONGEST_REMEMBERED else read(item, reasons) for item in items
        ]
        said = dict(readings)
        if len(said) < len(readings) and len(said) <= len(readings) - readings.count(_NOTHING):
            said = _settled(readings, items)
        said.pop(_NOTHING[0], None)
        if reasons:
            said["cut"] = reasons
        return cast("Fields", said)

    def _read_long(self, item: bytes, reasons: list[str]) -> tuple[str, Any]:
        """The reading of what may be over a bound, which *reasons* is told then."""
        if len(item) <= LONGEST:
            return self._read(item)
        name, raw = split(item)
        if len(name) > LONGEST_NAME:
            reasons.append("length")
            return _NOTHING
        meaning = _MEANINGS[name]
        if meaning is None or meaning.key.endswith("_body_content"):
            return self._read(item)
        if meaning.convert is headers.of_object:
            # JSON can't be cut and stay JSON.
            if len(raw) <= LONGEST_OBJECT:
                return self._read(item)
            reasons.append("length")
            return _NOTHING
        reasons.append("length")
        return self._reading(meaning, cut(decode(raw)))

    def _read(self, item: bytes) -> tuple[str, Any]:
        name, raw = split(item)
        meaning = _MEANINGS[name]
        return self._reading(meaning, decode(raw)) if meaning else _NOTHING

    def _reading(self, meaning: _Meaning, value: Value) -> tuple[str, Any]:
        if value is None:
            return _NOTHING
        key, _, convert, header = meaning
        if convert is None:
            return _header_reading(key, self._header(header, value))
        found = convert(value)
        return _NOTHING if found is None else (key, found)


def headers_of(fields: Fields) -> Captured:
    """The headers among what a reader read."""
    names = [key for key in fields if ":" in key]
    if "request_headers" in fields or "response_headers" in fields:
        return _with_objects(fields, sorted(names))
    if not names:
        return _NONE
    names.sort()
    pairs, cut = cast("dict[str, Headers]", fields), bisect_left(names, "response:")
    return Captured(
        tuple([pair for name in names[:cut] for pair in pairs[name]]),
        tuple([pair for name in names[cut:] for pair in pairs[name]]),
        pairs["request:host"][0][1] if "request:host" in pairs else "",
        _MASK in "".join(names),
    )


def with_bodies(fields: Fields, event: Fields) -> Fields:
    """*fields* with what an *event* of the span says about bodies, which wins."""
    told = {key: value for key, value in event.items() if "_body_" in key}
    return cast("Fields", {**fields, **told})


def told(items: Sequence[bytes]) -> set[str]:
    """Which keys of `Fields` serialised KeyValues *items* feed; of a header its side with a colon."""
    return {key for item in items if (key := told_by(item))}


def told_by(item: bytes) -> str:
    """Likewise of one; "" where it says nothing of an exchange."""
    meaning = _MEANINGS[split(item)[0]]
    if meaning is None:
        return ""
    return meaning.key if meaning.convert else f"{meaning.key}:"


def _with_objects(fields: Fields, names: Sequence[str]) -> Captured:
    pairs = cast("dict[str, Headers]", fields)
    singly = {
        side: [pair for name in names if name.startswith(side) for pair in pairs[name]] for side in SIDES
    }
    requested = headers.merged(singly["request"], fields.get("request_headers", ()))
    answered = headers.merged(singly["response"], fields.get("response_headers", ()))
    host = next((value for name, value in requested if name.lower() == "host"), "")
    return Captured(requested, answered, host, any(value == REDACTED for _, value in requested + answered))


def _header_reading(side: str, pairs: Headers) -> tuple[str, Any]:
    if not pairs:
        return _NOTHING
    mask = _MASK if REDACTED in dict(pairs).values() else ""
    return f"{side}:{pairs[0][0].lower()}{mask}", pairs


def _settled(readings: Sequence[tuple[str, Any]], items: Sequence[bytes]) -> dict[str, Any]:
    """One reading for each key: of those that say the same in several ways the first of its row."""
    ranks = [meaning.rank if (meaning := _MEANINGS[split(item)[0]]) else 0 for item in items]
    best_last = sorted(zip(ranks, readings, strict=True), key=itemgetter(0), reverse=True)
    return dict([reading for _, reading in best_last])


def _meaning(name: bytes) -> _Meaning | None:
    """What attribute *name* says; None where nothing that matters here."""
    text = name.decode()
    if text in _TABLE:
        return _TABLE[text]
    for prefix, (side, rank) in _HEADER_PREFIXES.items():
        if text.startswith(prefix):
            return _Meaning(side, rank, None, text.removeprefix(prefix))
    return None


def _table() -> Iterator[tuple[str, _Meaning]]:
    for key, names in FIELDS.items():
        for rank, name in enumerate(names):
            yield name, _Meaning(key, rank, _CONVERSIONS.get(key, scalars.text))
    for side, (part, patterns) in product(SIDES, BODY.items()):
        for rank, pattern in enumerate(patterns):
            convert = body.base64_content if "base64" in pattern else _CONVERSIONS.get(part, scalars.text)
            yield pattern.format(side=side), _Meaning(f"{side}_body_{part}", rank, convert)
    for side, pattern in product(SIDES, HEADER_OBJECTS):
        yield pattern.format(side=side), _Meaning(f"{side}_headers", 0, headers.of_object)


_TABLE = dict(_table())
_HEADER_PREFIXES = {
    pattern.format(side=side, name=""): (side, rank) for side in SIDES for rank, pattern in enumerate(HEADERS)
}
_MEANINGS = Memory(_meaning, entries=REMEMBERED, longest=LONGEST_REMEMBERED)


def _plain(item: bytes) -> tuple[str, Value]:
    name, raw = split(item)
    value = decode(raw)
    return name[:LONGEST_NAME].decode(errors="replace"), cut(value) if len(raw) > LONGEST else value


PLAIN = Memory(_plain, entries=REMEMBERED, longest=LONGEST_REMEMBERED)
"""Name and value of serialised KeyValues that belong to no exchange."""

KONG = Reader(headers.of_kong)
OTHERS = Reader(headers.of_others)
