"""Where things stand inside serialised protobuf: positions, which the message classes do not tell."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

VARINT = 0
FIXED64 = 1
LENGTH_DELIMITED = 2
FIXED32 = 5

_FIXED_WIDTH = {FIXED64: 8, FIXED32: 4}
_LONGEST_VARINT = 10


class Field(NamedTuple):
    """One field of a message; `start` and `end` enclose its value, tag and length left out."""

    number: int
    wire_type: int
    start: int
    end: int


def fields(data: bytes, start: int, end: int) -> Iterator[Field]:
    """The fields of the message at data[start:end], in order; ValueError where the bytes are none."""
    at = start
    while at < end:
        tag, at = _varint(data, at, end)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == LENGTH_DELIMITED:
            length, at = _varint(data, at, end)
            stop = at + length
        elif wire_type == VARINT:
            _, stop = _varint(data, at, end)
        elif wire_type in _FIXED_WIDTH:
            stop = at + _FIXED_WIDTH[wire_type]
        else:
            raise ValueError(f"wire type {wire_type} at byte {at}: not OTLP")
        if stop > end:
            raise ValueError(f"field {number} at byte {at} ends at {stop}, behind its message's end at {end}")
        yield Field(number, wire_type, at, stop)
        at = stop


def _varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    value = shift = 0
    for position in range(at, min(end, at + _LONGEST_VARINT)):
        byte = data[position]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position + 1
        shift += 7
    raise ValueError(f"a number at byte {at} does not end")
