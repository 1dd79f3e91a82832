r"""A span's attributes, read by the tables of `names.py` into one dict of what they say.

    2status                field `status`, by the third name of its row: its value, as `Fields` has it
    0request:accept        a header, by the first way to write one: its (name, value) pair
    0request:cookie\0      likewise one that redaction masked
    0response:set-cookie\n  several values: a tuple of pairs

A gateway says the same in every span, so a short attribute is read once and then known by its bytes,
and the rest is one dict made of readings. What stands where in it is the business of `layout.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import product
from typing import Any, NamedTuple

from otel_bridge.mapping import body, headers, scalars
from otel_bridge.mapping.bounds import LONGEST, LONGEST_NAME, LONGEST_OBJECT, MOST_ATTRIBUTES, cut
from otel_bridge.mapping.memory import Memory
from otel_bridge.mapping.names import BODY, FIELDS, HEADER_OBJECTS, HEADERS, SIDES
from otel_bridge.otlp.values import Value, decode, split

# Each memory holds at most some 5 MB.
REMEMBERED = 8192
LONGEST_REMEMBERED = 192

REDACTED = "REDACTED"

# Behind a header's key. No header's name can hold them.
MASKED = "\0"
SEVERAL = "\n"
MARKS = MASKED + SEVERAL

Said = dict[str, Any]
Reading = tuple[str, Any]


class _Meaning(NamedTuple):
    """What an attribute of some name says."""

    key: str
    """Its place in its row of the table, of which the lowest wins; then the field, or side and header."""
    convert: Callable[[Value], object] | None
    """None for a header, which is read by its sender's ways."""
    header: str = ""


_NOTHING: Reading = ("", None)
_NO_MEANING = _Meaning("", None)

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

    def __init__(self, *, name: Callable[[str], str], values: Callable[[Value], Sequence[str]]) -> None:
        """*name* and *values* are this sender's ways with headers."""
        self._values = values
        self._meanings = Memory(
            partial(_meaning, header_name=name), entries=REMEMBERED, longest=LONGEST_REMEMBERED
        )
        self.memory = Memory(self._read, entries=REMEMBERED, longest=LONGEST_REMEMBERED)

    def read(self, items: Sequence[bytes], reasons: list[str]) -> Said:
        """Read all attributes of a span or of an event.

        To *reasons* is added why something was left out (see `bounds.py`), once for each place.
        """
        memory, known, read = self.memory, self.memory.known, self._read_long
        if len(items) > MOST_ATTRIBUTES:
            reasons.append("attributes")
        # A slice is a list, and taken from protobuf's own kind of one in half the time that its loop takes.
        items = items[:MOST_ATTRIBUTES]
        # A body is not even looked for in the memory: that would hash all of it.
        readings = [
            known(item) or memory[item] if len(item) <= LONGEST_REMEMBERED else read(item, reasons)
            for item in items
        ]
        said = dict(readings)
        if len(said) < len(readings) and len(said) <= len(readings) - readings.count(_NOTHING):
            said = _last_ones(readings)
        said.pop(_NOTHING[0], None)
        return said

    def _read_long(self, item: bytes, reasons: list[str]) -> Reading:
        """The reading of what may be over a bound, which *reasons* is told then."""
        if len(item) <= LONGEST:
            return self._read(item)
        name, raw = split(item)
        if len(name) > LONGEST_NAME:
            reasons.append("length")
            return _NOTHING
        meaning = self._meanings[name]
        if meaning is _NO_MEANING or meaning.key.endswith("_body_content"):
            return self._read(item)
        if meaning.convert is headers.of_object:
            # JSON can't be cut and stay JSON.
            if len(raw) <= LONGEST_OBJECT:
                return self._read(item)
            reasons.append("length")
            return _NOTHING
        reasons.append("length")
        return self._reading(meaning, cut(decode(raw)))

    def _read(self, item: bytes) -> Reading:
        name, raw = split(item)
        meaning = self._meanings[name]
        return _NOTHING if meaning is _NO_MEANING else self._reading(meaning, decode(raw))

    def _reading(self, meaning: _Meaning, value: Value) -> Reading:
        key, convert, header = meaning
        if value is None:
            return _NOTHING
        if convert is None:
            return _header_reading(key, header, self._values(value))
        found = convert(value)
        return _NOTHING if found is None else (key, found)


def field_of(key: str) -> str:
    """What `key` of a reading feeds: a field, or `side:header`."""
    return key[1:].rstrip(MARKS)


def with_bodies(said: Said, event: Said) -> Said:
    """*said* with what an *event* of the span says about bodies, which wins."""
    told = {key: value for key, value in event.items() if "_body_" in key}
    fields = set(map(field_of, told))
    return {key: value for key, value in said.items() if field_of(key) not in fields} | told


def told(items: Sequence[bytes]) -> set[str]:
    """Which fields serialised KeyValues *items* feed; of a header its side with a colon."""
    return {field for item in items if (field := told_by(item))}


def told_by(item: bytes) -> str:
    """Likewise of one; "" where it says nothing of an exchange."""
    meaning = _meaning(split(item)[0], header_name=str)
    side, colon, _ = field_of(meaning.key).partition(":")
    return side + colon


def _header_reading(key: str, name: str, values: Sequence[str]) -> Reading:
    if not values:
        return _NOTHING
    mask = MASKED if REDACTED in values else ""
    if len(values) == 1:
        return key + mask, (name, values[0])
    return key + mask + SEVERAL, tuple([(name, value) for value in values])


def _last_ones(readings: Sequence[Reading]) -> Said:
    """One reading for each attribute: the last one."""
    return dict({key.rstrip(MARKS): (key, value) for key, value in readings}.values())


def _meaning(name: bytes, *, header_name: Callable[[str], str]) -> _Meaning:
    """What attribute *name* says."""
    text = name.decode()
    if text in _TABLE:
        return _TABLE[text]
    for prefix, place in _HEADER_PREFIXES.items():
        if text.startswith(prefix):
            header = header_name(text.removeprefix(prefix))
            return _Meaning(f"{place}:{header.lower()}", None, header)
    return _NO_MEANING


def _table() -> Iterator[tuple[str, _Meaning]]:
    for field, names in FIELDS.items():
        for rank, name in enumerate(names):
            yield name, _Meaning(f"{rank}{field}", _CONVERSIONS.get(field, scalars.text))
    for side, (part, patterns) in product(SIDES, BODY.items()):
        for rank, pattern in enumerate(patterns):
            convert = body.base64_content if "base64" in pattern else _CONVERSIONS.get(part, scalars.text)
            yield pattern.format(side=side), _Meaning(f"{rank}{side}_body_{part}", convert)
    for side, pattern in product(SIDES, HEADER_OBJECTS):
        yield pattern.format(side=side), _Meaning(f"0{side}_headers", headers.of_object)


_TABLE = dict(_table())
_HEADER_PREFIXES = {
    pattern.format(side=side, name=""): f"{rank}{side}"
    for side in SIDES
    for rank, pattern in enumerate(HEADERS)
}


def _plain(item: bytes) -> tuple[str, Value]:
    name, raw = split(item)
    value = decode(raw)
    return name[:LONGEST_NAME].decode(errors="replace"), cut(value) if len(raw) > LONGEST else value


PLAIN = Memory(_plain, entries=REMEMBERED, longest=LONGEST_REMEMBERED)
"""Name and value of serialised KeyValues that belong to no exchange."""

KONG = Reader(name=str, values=headers.values_of_kong)
OTHERS = Reader(name=headers.name_of_others, values=headers.values_of_others)
