"""A process that forks while spans wait: `python -m tests.pipeline.forking HOST PORT`.

The parent ends a span of `/parent`, the child one of `/child`; each flushes its own processor.
"""

from __future__ import annotations

import os
import sys

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.trace import SpanKind, Tracer

from otel_bridge.exporters.galileo import GalileoSpanExporter
from otel_bridge.pipeline.processor import BatchSpanProcessor
from tests.bridge import eventually


def main(host: str, port: str) -> int:
    exporter = GalileoSpanExporter(service_token="token", host=host, port=int(port), https=False)
    processor = BatchSpanProcessor(exporter, flush_timeout=3600)
    provider = TracerProvider()
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("tests")
    end_span(tracer, "/parent")
    eventually(lambda: processor.buffers.entries == 1, "the parent's exchange is buffered")
    end_span(tracer, "/parent")  # in the inbox or just behind it when the fork comes
    child = os.fork()
    if not child:
        end_span(tracer, "/child")
        os._exit(0 if processor.force_flush() else 1)
    _, status = os.waitpid(child, 0)
    provider.shutdown()
    return os.waitstatus_to_exitcode(status)


def end_span(tracer: Tracer, path: str) -> None:
    attributes = {"http.request.method": "GET", "url.path": path, "http.route": path}
    tracer.start_span(path, kind=SpanKind.SERVER, attributes=attributes).end()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
