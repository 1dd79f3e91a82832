"""A WSGI server in Python, instrumented by OpenTelemetry's own middleware, that is called once in each way.

    python -m tests.end_to_end.orders grpc|http URL

stdout: "TRACE_ID-SPAN_ID" of the server span of each call, a JSON array in the order of the calls.
"""

from __future__ import annotations

import json
import sys
import threading
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter as GrpcExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter as HttpExporter
from opentelemetry.instrumentation.wsgi import OpenTelemetryMiddleware
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

Answer = Callable[[str, list[tuple[str, str]]], object]


class Orders:
    """The application; `ids` are those of the spans it was called in."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def __call__(self, environ: dict[str, Any], answer: Answer) -> Iterable[bytes]:
        span = trace.get_current_span().get_span_context()
        self.ids.append(f"{trace.format_trace_id(span.trace_id)}-{trace.format_span_id(span.span_id)}")
        status = {"GET": "200 OK", "POST": "201 Created"}.get(
            environ["REQUEST_METHOD"], "503 Service Unavailable"
        )
        answer(status, [("Content-Type", "text/plain")])
        return [b"an order"]


class _Silent(WSGIRequestHandler):
    def get_environ(self) -> dict[str, Any]:
        # As gunicorn has it; wsgiref alone has the path with its escapes undone, which nobody can record.
        return {**super().get_environ(), "RAW_URI": self.path}

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        pass


def main(protocol: str, url: str) -> None:
    exporter: SpanExporter = GrpcExporter(url, insecure=True) if protocol == "grpc" else HttpExporter(url)
    provider = TracerProvider(resource=Resource({"service.name": "orders-of-python"}))
    provider.add_span_processor(BatchSpanProcessor(exporter))
    orders = Orders()
    application = OpenTelemetryMiddleware(orders, tracer_provider=provider)
    with make_server("127.0.0.1", 0, application, handler_class=_Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        base = f"http://127.0.0.1:{server.server_port}"
        with httpx.Client(headers={"User-Agent": "agent/1", "X-Tag": "one"}) as client:
            client.get(f"{base}/orders/7?fields=name&q=gr%C3%BC%C3%9Fe")
            client.post(f"{base}/orders", content=b"x" * 512)
            client.delete(f"{base}/elsewhere")
        server.shutdown()
    provider.shutdown()
    print(json.dumps(orders.ids))


if __name__ == "__main__":
    main(*sys.argv[1:])
