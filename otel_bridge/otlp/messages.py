"""Three readings of the same OTLP trace request.

One wire format, three sets of descriptors, because each stage needs another view of the bytes:

- `TraceRequest`: the official messages. Strict: one string that is not UTF-8 fails the whole request.
- `LenientRequest`: every `string` is `bytes`, which has the same wire format, so nothing a sender
  wrote into a string can fail the request (recorded Kongs do write invalid UTF-8).
- `MapRequest`: as lenient, and `attributes` is `map<string, bytes>`, which has the wire format of
  `repeated KeyValue` with the AnyValue left serialised. One attribute is then one hash look-up in C
  instead of a loop in Python, and a value is decoded only when somebody asks for it. Map keys have to
  be UTF-8, so this one is for normalised records; of a repeated key the last one wins.

The last two are built here from the official descriptors, so they follow the proto package's version.
"""

from __future__ import annotations

from collections.abc import MutableMapping, MutableSequence
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
    "KIND_CLIENT",
    "KIND_SERVER",
    "LenientRequest",
    "MapAttributes",
    "MapRequest",
    "MapSpan",
    "Request",
    "TraceRequest",
]

KIND_SERVER = 2
KIND_CLIENT = 3

_FILES = (common_pb2, resource_pb2, trace_pb2, trace_service_pb2)
_REQUEST = "opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest"
_FIELD = descriptor_pb2.FieldDescriptorProto


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


def _build(*, attributes_as_map: bool) -> type[Request]:
    pool = descriptor_pool.DescriptorPool()
    for module in _FILES:
        file = descriptor_pb2.FileDescriptorProto.FromString(module.DESCRIPTOR.serialized_pb)
        for message in file.message_type:
            _relax(message, file.package, attributes_as_map=attributes_as_map)
        pool.Add(file)
    found = message_factory.GetMessageClass(pool.FindMessageTypeByName(_REQUEST))
    return cast("type[Request]", found)


def _relax(message: descriptor_pb2.DescriptorProto, package: str, *, attributes_as_map: bool) -> None:
    """Retype strings as bytes, and `attributes` as a map, in *message* and those inside it."""
    for nested in message.nested_type:
        _relax(nested, f"{package}.{message.name}", attributes_as_map=attributes_as_map)
    for field in message.field:
        if field.type == _FIELD.TYPE_STRING:
            field.type = _FIELD.TYPE_BYTES
        elif attributes_as_map and field.name == "attributes":
            field.type_name = f".{package}.{message.name}.AttributesEntry"
            entry = message.nested_type.add(name="AttributesEntry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, type=_FIELD.TYPE_STRING, label=_FIELD.LABEL_OPTIONAL)
            entry.field.add(
                name="value",
                number=2,
                type=_FIELD.TYPE_BYTES,
                label=_FIELD.LABEL_OPTIONAL,
            )


LenientRequest = _build(attributes_as_map=False)
MapRequest = _build(attributes_as_map=True)
