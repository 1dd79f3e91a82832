"""What `serve` says at start: where it listens, what goes where, what to put into Kong."""

from __future__ import annotations

from collections.abc import Iterator

from otel_bridge import __version__
from otel_bridge.config.summary import destination, selection
from otel_bridge.service.bridge import Bridge


def greeting(bridge: Bridge) -> Iterator[str]:
    """The lines, with the addresses really bound."""
    config = bridge.config
    yield f"otel-bridge {__version__}"
    yield f"  OTLP/HTTP  {bridge.otlp_http}"
    yield f"  OTLP/gRPC  {bridge.otlp_grpc}"
    yield f"  metrics    {bridge.telemetry}"
    yield f"  journal    {config.journal.directory}"
    for name, exporter in config.exporters.items():
        yield f"  {name:<10} {selection(exporter.apply_to)} to {destination(exporter)}"
    if bridge.inspector:
        yield f"  inspector  {bridge.inspector} takes everything"
    yield "To make Kong send, put into kong.conf:"
    yield "  tracing_instrumentations = request"
    yield "  tracing_sampling_rate = 1.0"
    yield f"and into its opentelemetry plugin traces_endpoint: {bridge.otlp_http}"
    yield "Headers and bodies need the capture: `otel-bridge kong capture` prints it."
    yield "ready"
