"""OTLP messages read one level at a time: every message field stays serialised.

Where `messages.py` reads a whole request, these classes read a single message and leave what is
inside it as bytes: a `ScopeSpans` has its spans as a list of `bytes`, a `KeyValue` its value. Strings
are bytes as well, so nothing a sender wrote into one can fail the parse. That suits code that looks
at everything and changes little: a part that is fine is never taken apart, and is put back as it was.

The descriptors are derived from the official ones, of all three signals.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Protocol, Self, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.descriptor import Descriptor
from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1 import logs_service_pb2
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.logs.v1 import logs_pb2
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

_FILES = (
    common_pb2,
    resource_pb2,
    trace_pb2,
    logs_pb2,
    metrics_pb2,
    trace_service_pb2,
    logs_service_pb2,
    metrics_service_pb2,
)
_FIELD = descriptor_pb2.FieldDescriptorProto


class _Level(Protocol):
    @classmethod
    def FromString(cls, s: bytes) -> Self: ...  # noqa: N802 - protobuf's name
    def SerializeToString(self) -> bytes: ...  # noqa: N802 - protobuf's name


class Attributed(_Level, Protocol):
    """Any message with attributes; each is a serialised KeyValue."""

    @property
    def attributes(self) -> MutableSequence[bytes]: ...


class RequestLevel(_Level, Protocol):
    @property
    def resource_spans(self) -> MutableSequence[bytes]: ...


class ResourceSpansLevel(_Level, Protocol):
    resource: bytes

    @property
    def scope_spans(self) -> MutableSequence[bytes]: ...


class ScopeSpansLevel(_Level, Protocol):
    scope: bytes

    @property
    def spans(self) -> MutableSequence[bytes]: ...


class SpanLevel(Attributed, Protocol):
    trace_state: bytes
    name: bytes
    status: bytes

    @property
    def events(self) -> MutableSequence[bytes]: ...
    @property
    def links(self) -> MutableSequence[bytes]: ...


class EventLevel(Attributed, Protocol):
    name: bytes


class LinkLevel(Attributed, Protocol):
    trace_state: bytes


class LogsRequestLevel(_Level, Protocol):
    @property
    def resource_logs(self) -> MutableSequence[bytes]: ...


class ResourceLogsLevel(_Level, Protocol):
    resource: bytes

    @property
    def scope_logs(self) -> MutableSequence[bytes]: ...


class ScopeLogsLevel(_Level, Protocol):
    scope: bytes

    @property
    def log_records(self) -> MutableSequence[bytes]: ...


class LogRecordLevel(Attributed, Protocol):
    time_unix_nano: int
    observed_time_unix_nano: int
    trace_id: bytes
    span_id: bytes
    severity_text: bytes
    event_name: bytes
    body: bytes


class StatusLevel(_Level, Protocol):
    message: bytes


class KeyValueLevel(_Level, Protocol):
    key: bytes
    value: bytes


def level(official: Descriptor) -> type[Message]:
    """The one-level reading of the message that *official* describes."""
    return message_factory.GetMessageClass(_POOL.FindMessageTypeByName(official.full_name))


def _build() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        file = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        for message in file.message_type:
            _flatten(message)
        pool.Add(file)
    return pool


def _flatten(message: descriptor_pb2.DescriptorProto) -> None:
    for nested in message.nested_type:
        _flatten(nested)
    for field in message.field:
        if field.type in (_FIELD.TYPE_MESSAGE, _FIELD.TYPE_STRING):
            field.type = _FIELD.TYPE_BYTES
            field.ClearField("type_name")


_POOL = _build()

Request = cast(type[RequestLevel], level(trace_service_pb2.ExportTraceServiceRequest.DESCRIPTOR))
ResourceSpans = cast(type[ResourceSpansLevel], level(trace_pb2.ResourceSpans.DESCRIPTOR))
ScopeSpans = cast(type[ScopeSpansLevel], level(trace_pb2.ScopeSpans.DESCRIPTOR))
Span = cast(type[SpanLevel], level(trace_pb2.Span.DESCRIPTOR))
Event = cast(type[EventLevel], level(trace_pb2.Span.Event.DESCRIPTOR))
Link = cast(type[LinkLevel], level(trace_pb2.Span.Link.DESCRIPTOR))
LogsRequest = cast(type[LogsRequestLevel], level(logs_service_pb2.ExportLogsServiceRequest.DESCRIPTOR))
ResourceLogs = cast(type[ResourceLogsLevel], level(logs_pb2.ResourceLogs.DESCRIPTOR))
ScopeLogs = cast(type[ScopeLogsLevel], level(logs_pb2.ScopeLogs.DESCRIPTOR))
LogRecord = cast(type[LogRecordLevel], level(logs_pb2.LogRecord.DESCRIPTOR))
Status = cast(type[StatusLevel], level(trace_pb2.Status.DESCRIPTOR))
Resource = cast(type[Attributed], level(resource_pb2.Resource.DESCRIPTOR))
Scope = cast(type[Attributed], level(common_pb2.InstrumentationScope.DESCRIPTOR))
KeyValue = cast(type[KeyValueLevel], level(common_pb2.KeyValue.DESCRIPTOR))
