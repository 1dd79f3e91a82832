"""OTLP/JSON to protobuf.

OTLP's JSON is proto3's with exceptions (ids are hex), and senders make more of their own. Read here:
camelCase and snake_case names; ids in hex, or in base64 of the right length, as proto3 printers write
them; enums by number or name; 64-bit integers as text or number; null as if it were not there; unknown
fields skipped; text with lone surrogates or broken UTF-8 with U+FFFD in their place; null for what is
nested deeper than parsers follow.

`google.protobuf.json_format` reads hex ids as base64 without a complaint and takes 290 µs for a span
of 12 attributes; this takes a seventh. It turns the JSON into keyword arguments by tables made
from the descriptors, and the message class does the rest in C.
"""

from __future__ import annotations

import base64
import binascii
import functools
import json
import re
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import orjson
from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otel_bridge.otlp.errors import UndecodableError
from otel_bridge.otlp.messages import TraceRequest

# As in normalise: deeper values than strict parsers follow are emptied.
_DEEPEST = 90

# orjson follows 1024 arrays and objects inside each other, Python's own reader fewer.
_DEEPEST_JSON = 500
# Looking for what is too deep takes 2 s for each MiB at the very worst.
_LARGEST_TOO_DEEP = 1 << 20
_BRACKETS = re.compile(rb'"(?:[^"\\]++|\\.)*+"|[\[\]{}]', re.DOTALL)

_ID_LENGTHS = {"trace_id": 16, "span_id": 8, "parent_span_id": 8}
_ANY_VALUE = AnyValue.DESCRIPTOR
_INTEGER = re.compile(r"[+-]?\d{1,40}")

_INTEGER_RANGES = {
    FieldDescriptor.CPPTYPE_INT32: (-(1 << 31), (1 << 31) - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(1 << 63), (1 << 63) - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, (1 << 32) - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, (1 << 64) - 1),
}

_M = TypeVar("_M", bound=Message)


def to_protobuf(body: bytes) -> bytes:
    """OTLP/JSON *body*, an ExportTraceServiceRequest, as protobuf; raises UndecodableError."""
    return to_message(body, TraceRequest).SerializeToString()


def logs_to_protobuf(body: bytes) -> bytes:
    """OTLP/JSON *body*, an ExportLogsServiceRequest, as protobuf; raises UndecodableError."""
    return to_message(body, ExportLogsServiceRequest).SerializeToString()


def to_message(body: bytes, message: type[_M]) -> _M:
    """OTLP/JSON *body* as an instance of *message*.

    Raises UndecodableError, which names the place: `resourceSpans[0].scopeSpans[0].spans[3].traceId`.
    """
    document = _loads(body)
    try:
        return message(**_arguments(document, cast(Descriptor, message.DESCRIPTOR), 1))
    except _Fault as fault:
        raise UndecodableError(f"{fault.path or 'The body'}: {fault}.") from None


class _Fault(Exception):  # noqa: N818 - it never leaves this module
    """What is wrong, and where: the path grows while the error passes its way out."""

    path = ""

    def inside(self, step: str) -> _Fault:
        dot = "." if self.path and not self.path.startswith("[") else ""
        self.path = f"{step}{dot}{self.path}"
        return self


class _Field(NamedTuple):
    name: str
    """The field's name as the message class takes it."""
    repeated: bool
    message: Descriptor | None
    convert: Callable[[Any], Any]
    """For one value that is no message; raises _Fault."""


def _loads(body: bytes) -> object:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # Too deep, lone surrogates, broken UTF-8, a byte order mark, NaN: rare, and no reason to refuse.
        try:
            shallow = _shallow(body)
            document = json.loads(shallow.decode("utf-8-sig", "replace"), parse_constant=str)
            text = json.dumps(document, ensure_ascii=False).encode("utf-16", "surrogatepass")
            return orjson.loads(text.decode("utf-16", "replace"))
        except (ValueError, RecursionError):
            raise UndecodableError(f"The body is not JSON: {error}.") from error


def _shallow(body: bytes) -> bytes:
    """*body* with null in place of what is nested too deep; a very large one as it is."""
    if len(body) > _LARGEST_TOO_DEEP:
        return body
    pieces = []
    depth = at = 0
    for match in _BRACKETS.finditer(body):
        bracket = match[0]
        if bracket in (b"[", b"{"):
            depth += 1
            if depth == _DEEPEST_JSON:
                pieces += [body[at : match.start()], b"null"]
        elif bracket in (b"]", b"}"):
            if depth == _DEEPEST_JSON:
                at = match.end()
            depth -= 1
    return b"".join([*pieces, body[at:]]) if pieces else body


def _arguments(value: object, message: Descriptor, depth: int) -> dict[str, Any]:
    """The keyword arguments that make *value* a *message*."""
    if not isinstance(value, dict):
        if value is None:
            return {}
        raise _Fault(f"expected an object, got {_kind(value)}")
    if depth > _DEEPEST and message is _ANY_VALUE:
        return {}
    fields = _fields(message)
    arguments: dict[str, Any] = {}
    for key, item in value.items():
        field = fields.get(key)
        if field is None or item is None:
            continue
        try:
            arguments[field.name] = _items(item, field, depth) if field.repeated else _one(item, field, depth)
        except _Fault as fault:
            raise fault.inside(key) from None
    return arguments


def _items(value: object, field: _Field, depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise _Fault(f"expected an array, got {_kind(value)}")
    items = []
    for index, item in enumerate(value):
        try:
            items.append(_one(item, field, depth))
        except _Fault as fault:
            raise fault.inside(f"[{index}]") from None
    return items


def _one(value: object, field: _Field, depth: int) -> Any:
    if field.message is not None:
        return _arguments(value, field.message, depth + 1)
    return field.convert(value)


@functools.cache
def _fields(message: Descriptor) -> dict[str, _Field]:
    """The fields of *message* by both of their JSON names."""
    table = {}
    for field in message.fields:
        found = _Field(field.name, field.is_repeated, field.message_type, _converter(field))
        table[field.name] = table[field.json_name] = found
    return table


def _converter(field: FieldDescriptor) -> Callable[[Any], Any]:
    if field.name in _ID_LENGTHS and field.type == FieldDescriptor.TYPE_BYTES:
        return functools.partial(_id, length=_ID_LENGTHS[field.name])
    if field.enum_type is not None:
        return functools.partial(_enum, names=field.enum_type)
    if field.cpp_type in _INTEGER_RANGES:
        low, high = _INTEGER_RANGES[field.cpp_type]
        return functools.partial(_integer, low=low, high=high)
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return _string
        case FieldDescriptor.TYPE_BYTES:
            return _bytes
        case FieldDescriptor.TYPE_BOOL:
            return _bool
        case _:
            return _float


def _string(value: Any) -> str:
    if isinstance(value, str):
        return value
    raise _Fault(f"expected a string, got {_kind(value)}")


def _bool(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return bool(value == "true")
    raise _Fault(f"expected true or false, got {_kind(value)}")


def _integer(value: Any, low: int, high: int) -> int:
    match value:
        case bool():
            whole = False
        case str():
            whole = _INTEGER.fullmatch(value) is not None
        case float():
            whole = value.is_integer()
        case _:
            whole = isinstance(value, int)
    if not whole:
        raise _Fault(f"expected a whole number, got {_kind(value)}")
    number = int(value)
    if not low <= number <= high:
        raise _Fault("the number is out of range")
    return number


def _float(value: Any) -> float:
    # Text stands for what JSON has no number for: NaN, Infinity, -Infinity.
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            return float(value)
        except (ValueError, OverflowError):
            pass
    raise _Fault(f"expected a number, got {_kind(value)}")


def _enum(value: Any, names: EnumDescriptor) -> int:
    if isinstance(value, str) and not _INTEGER.fullmatch(value):
        found = names.values_by_name.get(value)
        return found.number if found else 0
    return _integer(value, *_INTEGER_RANGES[FieldDescriptor.CPPTYPE_INT32])


def _bytes(value: Any) -> bytes:
    text = _string(value).rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (ValueError, binascii.Error):
        raise _Fault("expected base64") from None


def _id(value: Any, length: int) -> bytes:
    text = _string(value)
    try:
        return bytes.fromhex(text)
    except ValueError:
        if len(text) == (length + 2) // 3 * 4 and text.endswith("="):
            return _bytes(text)
    raise _Fault(f"expected {2 * length} hex digits")


def _kind(value: object) -> str:
    """What *value* is in the words of JSON; never the value, which may be a secret."""
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int() | float():
            return "a number"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"
