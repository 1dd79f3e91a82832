"""Records with one span, and what is in them afterwards."""

from __future__ import annotations

from typing import Any

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otel_bridge.otlp.levels import KeyValue, Request, ResourceSpans, ScopeSpans, Span
from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.otlp.values import Value, decode, encode

BODY = "http.request.body.content"


def record(attributes: dict[str, Value] | None = None, **fields: Any) -> bytes:
    """A request with one span."""
    request = TraceRequest()
    span = (
        request.resource_spans.add()
        .scope_spans.add()
        .spans.add(trace_id=b"t" * 16, span_id=b"s" * 8, **fields)
    )
    put(span.attributes, attributes or {})
    return request.SerializeToString()


def backwards(record: bytes) -> bytes:
    """The same with each attribute's value in front of its key, as Kong's encoder writes many."""
    request = Request.FromString(record)
    for i, resource_spans in enumerate(request.resource_spans):
        part = ResourceSpans.FromString(resource_spans)
        for j, scope_spans in enumerate(part.scope_spans):
            inner = ScopeSpans.FromString(scope_spans)
            for k, raw in enumerate(inner.spans):
                span = Span.FromString(raw)
                span.attributes[:] = [turned(item) for item in span.attributes]
                inner.spans[k] = span.SerializeToString()
            part.scope_spans[j] = inner.SerializeToString()
        request.resource_spans[i] = part.SerializeToString()
    return request.SerializeToString()


def turned(item: bytes) -> bytes:
    """A serialised KeyValue, value first."""
    pair = KeyValue.FromString(item)
    value = KeyValue()
    value.value = pair.value
    key = KeyValue()
    key.key = pair.key
    return value.SerializeToString() + key.SerializeToString()


def put(target: Any, attributes: dict[str, Value]) -> None:
    for key, value in attributes.items():
        target.add(key=key, value=AnyValue.FromString(encode(value)))


def span_of(record: bytes) -> Any:
    return TraceRequest.FromString(record).resource_spans[0].scope_spans[0].spans[0]


def attributes_of(record: bytes) -> dict[str, Value]:
    return {item.key: decode(item.value.SerializeToString()) for item in span_of(record).attributes}
