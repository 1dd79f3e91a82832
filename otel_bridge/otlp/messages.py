"""Four readings of the same OTLP trace request.

One wire format, four sets of descriptors, because each stage needs another view of the bytes:

- `TraceRequest`: the official messages. Strict: one string that is not UTF-8 fails the whole request.
- `LenientRequest`: every `string` is `bytes`, which has the same wire format, so nothing a sender
  wrote into a string can fail the request (recorded Kongs do write invalid UTF-8).
- `MapRequest`: as lenient, and `attributes` is `map<string, bytes>`, which has the wire format of
  `repeated KeyValue` with the AnyValue left serialised. One attribute is then one hash look-up in C
  instead of a loop in Python, and a value is decoded only when somebody asks for it. Map keys have to
  be UTF-8, so this one is for normalised records; of a repeated key the last one wins.
- `PackedRequest`: as lenient, and each attribute, each status and the resource stay serialised as one
  `bytes`. A gateway says the same in every span (`http.method: GET`, `via: 1.1 kong`), so most
  attributes are bytes that were seen before and need not be read again. The cheapest to parse.

The last three are built here from the official descriptors, so they follow the proto package's version.
"""

from __future__ import annotations

from collections.abc import MutableMapping, MutableSequence
from typing import Literal, Protocol, Self, cast

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest as TraceRequest,
)
from opentelemetry.proto.common.v1 import common_pb2
from opentelemetry.proto.resource.v1 import resource_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

__all__ = [
    "KIND_CLIENT",
    "KIND_SERVER",
    "LenientRequest",
    "MapAttributes",
    "MapRequest",
    "MapSpan",
    "PackedRequest",
    "PackedSpan",
    "Request",
    "TraceRequest",
]

KIND_SERVER = 2
KIND_CLIENT = 3

_FILES = (common_pb2, resource_pb2, trace_pb2, trace_service_pb2)
_REQUEST = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"
_FIELD = descriptor_pb2.FieldDescriptorProto
_PACKED = frozenset({"attributes", "resource", "status"})


MapAttributes = MutableMapping[str, bytes]
"""Attribute name to serialised AnyValue; `otlp.values` reads those."""


class MapResource(Protocol):
    @property
    def attributes(self) -> MapAttributes: ...


class Scope(Protocol):
    name: bytes
    version: bytes


class Status(Protocol):
    code: int
    message: bytes


class MapEvent(Protocol):
    name: bytes
    time_unix_nano: int

    @property
    def attributes(self) -> MapAttributes: ...


class MapSpan(Protocol):
    """A span whose attributes are a map; strings are bytes."""

    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    name: bytes
    kind: int
    start_time_unix_nano: int
    end_time_unix_nano: int

    @property
    def attributes(self) -> MapAttributes: ...
    @property
    def events(self) -> MutableSequence[MapEvent]: ...
    @property
    def status(self) -> Status: ...


class MapScopeSpans(Protocol):
    @property
    def scope(self) -> Scope: ...
    @property
    def spans(self) -> MutableSequence[MapSpan]: ...


class MapResourceSpans(Protocol):
    @property
    def resource(self) -> MapResource: ...
    @property
    def scope_spans(self) -> MutableSequence[MapScopeSpans]: ...


class Request(Protocol):
    """ExportTraceServiceRequest in the map reading."""

    @property
    def resource_spans(self) -> MutableSequence[MapResourceSpans]: ...
    @classmethod
    def FromString(cls, s: bytes) -> Self: ...  # noqa: N802 - protobuf's name
    def SerializeToString(self) -> bytes: ...  # noqa: N802 - protobuf's name


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


Shape = Literal["messages", "map", "packed"]
"""What becomes of `attributes`."""


def _build(shape: Shape) -> object:
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        file = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        for message in file.message_type:
            _relax(message, f"{file.package}.{message.name}", shape)
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(_REQUEST))


def _relax(message: descriptor_pb2.DescriptorProto, full_name: str, shape: Shape) -> None:
    """Retype strings as bytes, and attributes as *shape* says, in *message* and those inside it."""
    for nested in message.nested_type:
        _relax(nested, f"{full_name}.{nested.name}", shape)
    for field in message.field:
        if field.type == _FIELD.TYPE_STRING:
            field.type = _FIELD.TYPE_BYTES
        elif shape == "map" and field.name == "attributes":
            _make_map(message, field, full_name)
        elif shape == "packed" and field.name in _PACKED:
            field.type = _FIELD.TYPE_BYTES
            field.ClearField("type_name")


def _make_map(
    message: descriptor_pb2.DescriptorProto, field: descriptor_pb2.FieldDescriptorProto, full_name: str
) -> None:
    field.type_name = f".{full_name}.AttributesEntry"
    entry = message.nested_type.add(name="AttributesEntry")
    entry.options.map_entry = True
    entry.field.add(name="key", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
    entry.field.add(name="value", number=2, type=_FIELD.TYPE_BYTES, label=_FIELD.LABEL_OPTIONAL)


LenientRequest = cast("type[Request]", _build("messages"))
MapRequest = cast("type[Request]", _build("map"))
PackedRequest = cast("type[PackedTraces]", _build("packed"))
