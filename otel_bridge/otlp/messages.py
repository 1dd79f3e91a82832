"""Three readings of the same OTLP trace request.

One wire format, three sets of descriptors, because each stage needs another view of the bytes:

- `TraceRequest`: the official messages. Strict: one string that is not UTF-8 fails the whole request.
- `LenientRequest`: every `string` is `bytes`, which has the same wire format, so nothing a sender
  wrote into a string can fail the request (recorded Kongs do write invalid UTF-8).
- `PackedRequest`: as lenient, and each attribute, each status and the resource stay serialised as one
  `bytes`. A gateway says the same in every span (`http.method: GET`, `via: 1.1 kong`), so most
  attributes are bytes that were seen before and need not be read again. The cheapest to parse.
  What is inside the packed parts is not looked at, so this one is for normalised records.

The last two are built here from the official descriptors, so they follow the proto package's version.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import Protocol, Self, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest as TraceRequest,
)
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

__all__ = [
    "KIND_SERVER",
    "LenientRequest",
    "PackedRequest",
    "PackedScopeSpans",
    "PackedSpan",
    "TraceRequest",
]

KIND_SERVER = 2

_FILES = (common_pb2, resource_pb2, trace_pb2, trace_service_pb2)
_REQUEST = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"
_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKED = frozenset({"attributes", "resource", "status"})


class Scope(Protocol):
    name: bytes
    version: bytes


class PackedEvent(Protocol):
    name: bytes

    @property
    def attributes(self) -> MutableSequence[bytes]: ...


class PackedSpan(Protocol):
    """A span whose attributes are serialised KeyValues and whose status is a serialised Status."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    name: bytes
    kind: int
    start_time_unix_nano: int
    end_time_unix_nano: int
    status: bytes

    @property
    def attributes(self) -> MutableSequence[bytes]: ...
    @property
    def events(self) -> MutableSequence[PackedEvent]: ...


class PackedScopeSpans(Protocol):
    schema_url: bytes

    @property
    def scope(self) -> Scope: ...
    @property
    def spans(self) -> MutableSequence[PackedSpan]: ...


class PackedResourceSpans(Protocol):
    resource: bytes
    """A serialised Resource; empty where there is none."""
    schema_url: bytes

    @property
    def scope_spans(self) -> MutableSequence[PackedScopeSpans]: ...


class PackedTraces(Protocol):
    """ExportTraceServiceRequest in the packed reading."""

    @property
    def resource_spans(self) -> MutableSequence[PackedResourceSpans]: ...
    @classmethod
    def FromString(cls, s: bytes) -> Self: ...  # noqa: N802 - protobuf's name
    def SerializeToString(self) -> bytes: ...  # noqa: N802 - protobuf's name


def _build(*, packed: bool) -> object:
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        file = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        for message in file.message_type:
            _relax(message, packed=packed)
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(_REQUEST))


def _relax(message: descriptor_pb2.DescriptorProto, *, packed: bool) -> None:
    """Retype strings as bytes in *message* and those inside it; with *packed* some messages too."""
    for nested in message.nested_type:
        _relax(nested, packed=packed)
    for field in message.field:
        if field.type == _FIELD.TYPE_STRING or (packed and field.name in _PACKED):
            field.type = _FIELD.TYPE_BYTES
            field.ClearField("type_name")


# Typed as the official one; where that says `str` it has `bytes`.
LenientRequest = cast("type[TraceRequest]", _build(packed=False))
PackedRequest = cast("type[PackedTraces]", _build(packed=True))
