"""Reading and writing single attributes in their serialised form.

`PackedRequest` leaves each KeyValue serialised. Nearly all values of a gateway are short strings, lists
of one short string, or doubles, and those are read here straight from the wire in a third of a
microsecond; anything else goes through the message class.

Wire forms: string `0A len bytes`, bool `10 b`, int `18 varint`, double `21 8 bytes LE`,
array `2A len (0A len AnyValue)*`, kvlist `32 len ...`, bytes `3A len bytes`; a KeyValue is
`0A len name` and `12 len AnyValue` in any order (Kong's is random).
"""

from __future__ import annotations

import struct
from typing import cast

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

Value = str | bytes | bool | int | float | list["Value"] | dict[str, "Value"] | None

_DOUBLE = struct.Struct("<d")
_ONE_BYTE_LENGTH = 0x80
_NAME_FIRST = (0x0A, 0x12)
_VALUE_FIRST = (0x12, 0x0A)


def decode(raw: bytes) -> Value:
    """The Python value of serialised AnyValue *raw*; None where it is empty.

    Bytes stay `bytes`: a normalised record keeps text that was not UTF-8 so.
    """
    if not raw:
        return None
    tag = raw[0]
    if tag == 0x0A and len(raw) == raw[1] + 2 and raw[1] < _ONE_BYTE_LENGTH:
        return raw[2:].decode()
    if tag == 0x21 and len(raw) == 9:
        return cast(float, _DOUBLE.unpack_from(raw, 1)[0])
    if tag == 0x2A and len(raw) > 5 and raw[4] == 0x0A and raw[3] + 2 == raw[1] == len(raw) - 2:
        # A list of one text; all three lengths are of one byte, since the last is below 126.
        return [raw[6:].decode()]
    return _plain(AnyValue.FromString(raw))


def split(item: bytes) -> tuple[bytes, bytes]:
    """Name and serialised AnyValue of serialised KeyValue *item*."""
    try:
        length = item[1]
        tail = item[length + 4 :]
        if length < _ONE_BYTE_LENGTH and item[length + 3] == len(tail) < _ONE_BYTE_LENGTH:
            tags = item[0], item[length + 2]
            if tags == _VALUE_FIRST:
                return tail, item[2 : length + 2]
            if tags == _NAME_FIRST:
                return item[2 : length + 2], tail
    except IndexError:
        pass  # shorter than two fields
    return _split_long(item)


def encode(value: Value) -> bytes:
    """Serialise *value* as an AnyValue."""
    return _message(value).SerializeToString()


def _split_long(item: bytes) -> tuple[bytes, bytes]:
    name = value = b""
    at = 0
    while at < len(item):
        tag = item[at]
        if tag not in _NAME_FIRST:
            message = KeyValue.FromString(item)
            return message.key.encode(), message.value.SerializeToString()
        length, at = _varint(item, at + 1)
        piece = item[at : at + length]
        at += length
        if tag == _NAME_FIRST[0]:
            name = piece
        else:
            value = piece
    return name, value


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """The number that begins at *at*, and where it ends."""
    number = data[at]
    if number < _ONE_BYTE_LENGTH:
        return number, at + 1
    number &= 0x7F
    for shift in range(7, 70, 7):
        at += 1
        number |= (data[at] & 0x7F) << shift
        if data[at] < _ONE_BYTE_LENGTH:
            break
    return number, at + 1


def _plain(message: AnyValue) -> Value:
    kind = message.WhichOneof("value")
    if kind == "array_value":
        return [_plain(item) for item in message.array_value.values]
    if kind == "kvlist_value":
        return {item.key: _plain(item.value) for item in message.kvlist_value.values}
    if kind is None or kind == "string_value_strindex":
        return None
    return cast(Value, getattr(message, kind))


def _message(value: Value) -> AnyValue:
    match value:
        case None:
            return AnyValue()
        case bool():
            return AnyValue(bool_value=value)
        case str():
            return AnyValue(string_value=value)
        case bytes():
            return AnyValue(bytes_value=value)
        case int():
            return AnyValue(int_value=value)
        case float():
            return AnyValue(double_value=value)
        case list():
            message = AnyValue()
            message.array_value.SetInParent()
            message.array_value.values.extend([_message(item) for item in value])
            return message
        case dict():
            message = AnyValue()
            message.kvlist_value.SetInParent()
            for key, item in value.items():
                message.kvlist_value.values.add(key=key, value=_message(item))
            return message
