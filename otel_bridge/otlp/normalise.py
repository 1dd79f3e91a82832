"""Request bodies to records that any OpenTelemetry tool can read.

Senders write bytes into strings (Kong does not check what a client put into a URL), and one such
string makes a strict parser refuse the whole request. The laws here:

- A request that parses strictly is kept byte for byte.
- Else its strings are repaired: a `string_value` that is not UTF-8 becomes a `bytes_value` with the
  same bytes; any other string (a name, a key, a message) has U+FFFD where it was not UTF-8. A value
  that is nested deeper than parsers follow is emptied. Everything around it stays.
- The result parses strictly.
- Only what is not the protobuf message at all is refused.

Duplicated attribute keys stay; the mapping takes the last one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, TypeVar, cast

from google.protobuf import message_factory
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message import DecodeError, Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otel_bridge.otlp.errors import UndecodableError
from otel_bridge.otlp.json import to_message
from otel_bridge.otlp.levels import level
from otel_bridge.otlp.messages import TraceRequest

__all__ = ["Normalised", "UndecodableError", "decode_count", "fine_spans", "normalise", "normalise_logs"]

# Parsers stop at a hundred messages inside each other, and a few are left for what readers wrap around.
_DEEPEST = 90

_ANY_VALUE = AnyValue.DESCRIPTOR
_STRING_VALUE = AnyValue.DESCRIPTOR.fields_by_name["string_value"].full_name

_M = TypeVar("_M", bound=Message)


class Normalised(NamedTuple):
    record: bytes
    """Parses strictly; the very body where that was fine."""
    items: int
    """Spans, or log records."""
    repaired: int
    """Strings and values that had to be changed."""


def normalise(body: bytes) -> Normalised:
    """Make *body*, an ExportTraceServiceRequest in protobuf, parse strictly; raises UndecodableError."""
    return _normalised(body, TraceRequest, _spans)


def normalise_logs(body: bytes) -> Normalised:
    """Make *body*, an ExportLogsServiceRequest in protobuf, parse strictly; raises UndecodableError."""
    return _normalised(body, ExportLogsServiceRequest, _log_records)


def fine_spans(body: bytes) -> int | None:
    """How many spans are in *body* where it parses strictly, which is quick; else None."""
    try:
        return _spans(TraceRequest.FromString(body))
    except DecodeError:
        return None


def decode_count(body: bytes, signal: str, *, json: bool) -> int:
    """Check that *body* is a request of *signal* (traces, logs, metrics) and count what it holds.

    That is spans, log records, or data points. Strings that are not UTF-8 are no fault. Raises
    UndecodableError.
    """
    if signal == "traces":
        return _spans(_message(body, TraceRequest, json=json))
    if signal == "logs":
        return _log_records(_message(body, ExportLogsServiceRequest, json=json))
    metrics = _message(body, ExportMetricsServiceRequest, json=json)
    return sum(
        len(getattr(metric, kind).data_points)
        for resource in metrics.resource_metrics
        for scope in resource.scope_metrics
        for metric in scope.metrics
        if (kind := metric.WhichOneof("data"))
    )


def _message(body: bytes, message: type[_M], *, json: bool) -> _M:
    if json:
        return to_message(body, message)
    try:
        return message.FromString(body)
    except DecodeError:
        return _Repair().parse(body, message)


def _normalised(body: bytes, message: type[_M], items: Callable[[_M], int]) -> Normalised:
    try:
        return Normalised(body, items(message.FromString(body)), 0)
    except DecodeError:
        repair = _Repair()
        request = repair.parse(body, message)
    return Normalised(request.SerializeToString(), items(request), repair.count)


def _spans(request: TraceRequest) -> int:
    return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)


def _log_records(request: ExportLogsServiceRequest) -> int:
    return sum(len(scope.log_records) for resource in request.resource_logs for scope in resource.scope_logs)


class _Repair:
    """The repair of one request; `count` is how much had to be changed."""

    def __init__(self) -> None:
        self.count = 0
        self._skip_fine_parts = True

    def parse(self, body: bytes, message: type[_M]) -> _M:
        official = cast(Descriptor, message.DESCRIPTOR)
        try:
            return message.FromString(self._repaired(body, official, 1))
        except DecodeError:
            # A part that is fine alone may still be too deep where it stands.
            self.count, self._skip_fine_parts = 0, False
        try:
            return message.FromString(self._repaired(body, official, 1))
        except DecodeError as error:
            raise UndecodableError(_sentence(body, official.name)) from error

    def _repaired(self, raw: bytes, official: Descriptor, depth: int) -> bytes:
        """Serialised message *raw* with its strings repaired, all the way down."""
        if official is _ANY_VALUE:
            if depth > _DEEPEST:
                self.count += 1
                return b""
        elif self._skip_fine_parts and _is_fine(raw, official):
            return raw
        before = self.count
        message = level(official).FromString(raw)
        for flat, value in message.ListFields():
            field = official.fields_by_number[flat.number]
            if isinstance(value, bytes):
                self._replace(message, field, value, depth)
            elif field.message_type or field.type == FieldDescriptor.TYPE_STRING:
                value[:] = [self._part(part, field, depth) for part in value]
        return raw if self.count == before else message.SerializeToString()

    def _replace(self, message: Message, field: FieldDescriptor, value: bytes, depth: int) -> None:
        if field.full_name == _STRING_VALUE:
            if not _is_utf8(value):
                self.count += 1
                message.bytes_value = value  # type: ignore[attr-defined]
        else:
            setattr(message, field.name, self._part(value, field, depth))

    def _part(self, value: bytes, field: FieldDescriptor, depth: int) -> bytes:
        """One field's bytes: a message inside, a string, or just bytes."""
        if field.message_type is not None:
            return self._repaired(value, field.message_type, depth + 1)
        if field.type != FieldDescriptor.TYPE_STRING or _is_utf8(value):
            return value
        self.count += 1
        return value.decode(errors="replace").encode()


def _is_fine(raw: bytes, official: Descriptor) -> bool:
    try:
        message_factory.GetMessageClass(official).FromString(raw)
    except DecodeError:
        return False
    return True


def _is_utf8(value: bytes) -> bool:
    try:
        value.decode()
    except UnicodeDecodeError:
        return False
    return True


def _sentence(body: bytes, name: str) -> str:
    """What to tell the sender of *body*; it shows nothing of it."""
    if body[:1] in (b"{", b"["):
        hint = "it looks like JSON, which is sent with Content-Type: application/json"
    elif body.startswith(b"\x1f\x8b"):
        hint = "it looks like gzip, which is sent with Content-Encoding: gzip"
    else:
        hint = f"its {len(body)} bytes are another format, or were cut off"
    return f"The body is no {name} in protobuf: {hint}."
