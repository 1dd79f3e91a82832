"""Changes that leave most of an input in shape, so that they get past the first parser.

Each takes an input and a source of chance and gives another input. Nothing is assumed about the input.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

Mutate = Callable[[bytes, Random], bytes]

_VARINT, _FIXED64, _LENGTH, _FIXED32 = 0, 1, 2, 5
_HUGE = (0, 1, 127, 128, 1 << 31, (1 << 32) - 1, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)
_DEEP = 120

WORDS = (
    *b"GET,SERVER,kong,http.url,http.status_code,http.request.body.content_base64,url.full".split(b","),
    *b"http.request.header.cookie,http.request.header.content-encoding,gzip,br,zstd,deflate".split(b","),
    *b'password,token,api_key,REDACTED,Bearer abcdefgh1234,Basic YTpi,{"pin":,?key=,<secret>,eyJ'.split(b","),
    *b"-----BEGIN PRIVATE KEY-----,4111111111111111,%22,\\u0022,&quot;,--b,name=,://a:b@c".split(b","),
    *b"null,true,-1,1e999,NaN,[[[[,{{{{,0x,2026-02-30T25:61:61Z,\xff\xfe,\xed\xa0\x80,\x00".split(b","),
    b"",
    b"\x1f\x8b\x08\x00",
    b"\x28\xb5\x2f\xfd",
    b"a" * 300,
    b"\xf0\x9f\x98\x80",
)
ODD: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1 << 63, 1 << 70, 0.5, -1e308, "", "NaN", [], {}, [[]], [None], {"": None}),
    *(word.decode(errors="replace") for word in WORDS),
)
YAML = (
    *("", "[]", "{}", "null", "~", "*a", "&a [*a]", "!!python/object:os.system x", "- - - -", "?", ":", "|"),
    *("${env:TOKEN}", "${env:NOPE}", "${env:NOPE:-x}", "${file:/nowhere}", "${", "${env:${env:TOKEN}}", "$$"),
    *("1e999", "-1", "2s", "7d", "99999999999999999999GiB", "0x10", "yes", "2026-01-01", "<<: {a: 1}", "\t"),
    *(
        '"unclosed',
        "'",
        "127.0.0.1:0",
        "[::1]:99999",
        "localhost",
        "http://u:p@h:1/x",
        "(open",
        "\u0000",
        "é",
    ),
)


def bytewise(data: bytes, random: Random) -> bytes:
    """Cut, spliced, repeated, overwritten: without regard to any format."""
    start = random.randrange(len(data) + 1)
    end = random.randint(start, min(len(data), start + random.choice((1, 4, 64, 1 << 12))))
    match random.randrange(6):
        case 0:
            return data[:start]
        case 1:
            return data[:start] + data[end:]
        case 2:
            return data[:end] + data[start:]
        case 3:
            return data[:start] + random.choice(WORDS) + data[end:]
        case 4:
            return data[:start] + random.randbytes(end - start) + data[end:]
        case _:
            return (
                data[:start]
                + bytes(byte ^ (1 << random.randrange(8)) for byte in data[start:end])
                + data[end:]
            )


class _Field(NamedTuple):
    number: int
    wire: int
    value: bytes
    """Without the length, where the wire type has one."""


def protobuf(data: bytes, random: Random) -> bytes:
    """One field, at any depth, doubled, dropped, retyped, made huge, deep or odd."""
    fields = _fields(data)
    if not fields or random.random() < 0.1:
        return bytewise(data, random)
    index = random.randrange(len(fields))
    field = fields[index]
    if field.wire == _LENGTH and random.random() < 0.8 and _fields(field.value):
        fields[index] = field._replace(value=protobuf(field.value, random))
    else:
        fields[index : index + 1] = _odd(field, fields, random)
    return b"".join(map(_wire, fields))


def _odd(field: _Field, beside: list[_Field], random: Random) -> list[_Field]:
    match random.randrange(8):
        case 0:
            return [field] * random.choice((2, 3, 200))
        case 1:
            return []
        case 2:
            return [field._replace(number=random.choice((1, 2, 3, 5, 9, 15, 16, 1000)))]
        case 3:
            return [_Field(field.number, _VARINT, _varint(random.choice(_HUGE)))]
        case 4:
            return [_Field(field.number, random.choice((_FIXED64, _FIXED32)), random.randbytes(8))]
        case 5:
            # AnyValues in arrays in AnyValues: `kvlist` is field 6, `array` 5, and their items field 1.
            value = field.value
            for _ in range(random.choice((2, 40, _DEEP))):
                value = _wire(_Field(random.choice((5, 6)), _LENGTH, _wire(_Field(1, _LENGTH, value))))
            return [field._replace(wire=_LENGTH, value=value)]
        case 6:
            return [field, random.choice(beside)]
        case _:
            return [_Field(field.number, _LENGTH, bytewise(field.value, random))]


def _fields(data: bytes) -> list[_Field]:
    """The fields of the message *data*; none where it is no message."""
    found = []
    at = 0
    try:
        while at < len(data):
            tag, at = _number(data, at)
            number, wire = tag >> 3, tag & 7
            start = at
            if wire == _VARINT:
                _, at = _number(data, at)
            elif wire == _LENGTH:
                length, start = _number(data, at)
                at = start + length
            else:
                at += {_FIXED64: 8, _FIXED32: 4}[wire]
            if number == 0 or at > len(data):
                return []
            found.append(_Field(number, wire, data[start:at]))
    except (IndexError, KeyError):
        return []
    return found


def _number(data: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = data[at]
        number |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return number, at


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes((*out, number))


def _wire(field: _Field) -> bytes:
    length = _varint(len(field.value)) if field.wire == _LENGTH else b""
    value = field.value.ljust(8, b"\0")[:8] if field.wire == _FIXED64 else field.value
    value = value.ljust(4, b"\0")[:4] if field.wire == _FIXED32 else value
    return _varint(field.number << 3 | field.wire) + length + value


def json_document(data: bytes, random: Random) -> bytes:
    """One member or item, at any depth, dropped, doubled, renamed, wrapped or replaced by something odd."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return bytewise(data, random)
    text = json.dumps(_odd_json(document, random)).encode()
    return bytewise(text, random) if random.random() < 0.1 else text


def _odd_json(value: Any, random: Random) -> Any:
    if isinstance(value, dict | list) and value and random.random() < 0.9:
        copy: Any = value.copy()
        key = random.choice(list(copy)) if isinstance(copy, dict) else random.randrange(len(copy))
        other = random.choice(list(copy)) if isinstance(copy, dict) else random.randrange(len(copy))
        match random.randrange(10):
            case 0:
                del copy[key]
            case 1:
                copy[key] = copy[other]
            case 2 if isinstance(copy, dict):
                copy[random.choice(("", "name", "value", "kvlistValue", "entries", "_otel"))] = copy.pop(key)
            case 2 | 3 if isinstance(copy, list):
                copy *= random.choice((2, 50))
            case _:
                copy[key] = _odd_json(copy[key], random)
        return copy
    if random.random() < 0.2:
        for _ in range(random.choice((1, 5, _DEEP))):
            value = [value] if random.random() < 0.5 else {"a": value}
        return value
    return random.choice(ODD)


def yaml_text(data: bytes, random: Random) -> bytes:
    """A line dropped, doubled, moved, indented, or its value replaced by something odd."""
    if random.random() < 0.1:
        return bytewise(data, random)
    lines = data.decode(errors="replace").split("\n")
    index = random.randrange(len(lines))
    line = lines[index]
    match random.randrange(6):
        case 0:
            del lines[index]
        case 1:
            lines.insert(random.randrange(len(lines) + 1), line)
        case 2:
            lines[index] = " " * random.choice((1, 2, 4)) + line
        case 3:
            lines[index] = line.removeprefix("  ")
        case 4:
            lines.insert(index, line.partition(":")[0] + ": " + random.choice(YAML))
        case _:
            lines[index] = line.partition(":")[0] + ": " + random.choice(YAML)
    return "\n".join(lines).encode()
