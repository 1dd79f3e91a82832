"""The OpenTelemetry SDK for Python, over both transports, against the running program."""

from __future__ import annotations

from collections.abc import Callable

import grpc
import pytest
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.trace import SpanKind, Tracer

from tests.bridge import Bridge
from tests.end_to_end.calls import CALLS, Call, check, start_of_first
from tests.end_to_end.conftest import Wired


def over_grpc(bridge: Bridge, compression: str) -> SpanExporter:
    return GrpcExporter(
        bridge.address("OTLP/gRPC"),
        insecure=True,
        compression=grpc.Compression.Gzip if compression == "gzip" else None,
    )


def over_http(bridge: Bridge, compression: str) -> SpanExporter:
    return HttpExporter(bridge.address("OTLP/HTTP"), compression=Compression(compression))


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("exporter", [over_grpc, over_http])
def test_server_spans_of_python_arrive_at_both_destinations(
    wired: Wired, exporter: Callable[[Bridge, str], SpanExporter], compression: str
) -> None:
    wired.galileo.forget()
    wired.runscope.forget()
    provider = TracerProvider(resource=Resource({"service.name": "orders-of-python"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(exporter(wired.bridge, compression)))
    tracer = provider.get_tracer("tests")
    start = start_of_first()
    identifiers = [send(tracer, call, start) for call in CALLS]
    provider.shutdown()

    check(wired, identifiers)


def send(tracer: Tracer, call: Call, start: int) -> str:
    """The identifier of the server span that tells of *call*."""
    server = tracer.start_span(
        call.name, kind=SpanKind.SERVER, attributes=dict(call.attributes), start_time=start
    )
    inside = trace.set_span_in_context(server)
    for kind in (SpanKind.CLIENT, SpanKind.INTERNAL):
        tracer.start_span("inside", inside, kind, dict(call.attributes)).end()
    server.end(start + call.duration_ns)
    found = server.get_span_context()
    return f"{trace.format_trace_id(found.trace_id)}-{trace.format_span_id(found.span_id)}"
