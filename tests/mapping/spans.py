"""OTLP requests written down in Python."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_bridge.mapping import HttpExchange, spot
from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.otlp.values import Value, encode

TRACE = bytes(range(16))
START = 1_795_296_355_664_000_000
MS = 1_000_000

Attributes = Mapping[str, Value]

GET: Attributes = MappingProxyType({"http.method": "GET"})
TEST: Attributes = MappingProxyType({"service.name": "test"})


class SpanOf(NamedTuple):
    attributes: Attributes
    name: str = "GET /"
    kind: int = 2
    span_id: bytes = b"\x01" * 8
    parent: bytes = b""
    trace_id: bytes = TRACE
    start: float = 0.0
    """Milliseconds after START."""
    end: float = 10.0
    error: bool = False
    events: Sequence[Attributes] = ()


class Batch(NamedTuple):
    """The spans of one scope of one sender."""

    spans: Sequence[SpanOf]
    scope: str = "test"
    resource: Attributes = TEST


def kong(*spans: SpanOf, node: str = "node-1") -> Batch:
    return Batch(spans, "kong-internal", {"service.name": "kong", "service.instance.id": node})


def request(*batches: Batch) -> bytes:
    """An ExportTraceServiceRequest of *batches*."""
    message = TraceRequest()
    for batch in batches:
        resource_spans = message.resource_spans.add()
        resource_spans.resource.attributes.extend(_key_values(batch.resource))
        scope_spans = resource_spans.scope_spans.add()
        scope_spans.scope.name = batch.scope
        scope_spans.spans.extend([_span(span) for span in batch.spans])
    return message.SerializeToString()


def exchange_of(attributes: Attributes, *, events: Sequence[Attributes] = ()) -> HttpExchange:
    """The exchange that a server span of no special sender is; by GET where *attributes* do not say."""
    (found,) = spot(request(Batch([SpanOf({**GET, **attributes}, events=events)]))).exchanges
    return found.exchange


def kong_exchange_of(attributes: Attributes) -> HttpExchange:
    """The exchange that a root of Kong is, likewise."""
    (found,) = spot(request(kong(SpanOf({**GET, **attributes}, name="kong")))).exchanges
    return found.exchange


def _span(told: SpanOf) -> Span:
    span = Span(
        trace_id=told.trace_id,
        span_id=told.span_id,
        parent_span_id=told.parent,
        name=told.name,
        kind=Span.SpanKind.ValueType(told.kind),
        start_time_unix_nano=START + int(told.start * MS),
        end_time_unix_nano=START + int(told.end * MS),
        attributes=_key_values(told.attributes),
    )
    if told.error:
        span.status.code = span.status.STATUS_CODE_ERROR
    for event in told.events:
        span.events.add(name="event", attributes=_key_values(event))
    return span


def _key_values(attributes: Attributes) -> list[KeyValue]:
    return [
        KeyValue(key=name, value=AnyValue.FromString(encode(value))) for name, value in attributes.items()
    ]
