"""Reading what went over the wire, with the official classes."""

from __future__ import annotations

from collections.abc import Iterable

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

CAPTURED = ("http.request.header.", "http.response.header.", "http.request.body.", "http.response.body.")
"""How the names of captured headers and bodies begin."""


def spans(requests: Iterable[bytes]) -> list[Span]:
    """All spans of *requests*, encoded ExportTraceServiceRequests, in their order."""
    return [
        span
        for body in requests
        for resource_spans in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope_spans in resource_spans.scope_spans
        for span in scope_spans.spans
    ]
