"""What goes where under a configuration, in a line each."""

from __future__ import annotations

from collections.abc import Iterator

from otel_bridge.config.models import ApplyTo, Config, Exporter, GalileoSettings
from otel_bridge.documents.values import show_bytes


def summary(config: Config) -> Iterator[str]:
    """Where the bridge listens, where each exporter's share goes, what is kept."""
    otlp = config.receivers.otlp
    yield f"OTLP over gRPC on {otlp.protocols.grpc.endpoint}, over HTTP on {otlp.protocols.http.endpoint}"
    for key, exporter in config.exporters.items():
        yield f"{key}: {selection(exporter.apply_to)} to {destination(exporter)}"
    if config.inspector.enabled:
        yield f"inspector: everything to http://{config.inspector.endpoint}"
        if config.inspector.alerts.channels:
            yield f"alerts: to {', '.join(config.inspector.alerts.channels)}"
    yield f"journal: up to {show_bytes(config.journal.max_size)} in {config.journal.directory}"
    yield f"metrics on http://{config.telemetry.metrics.endpoint}/metrics"


def selection(apply_to: ApplyTo) -> str:
    """`everything`, or `service orders or billing, host example.com`."""
    parts = (f"{part} {' or '.join(sorted(names))}" for part, names in apply_to.parts.items())
    return ", ".join(parts) or "everything"


def destination(exporter: Exporter) -> str:
    """The URL that *exporter* posts to, and whether bodies go along."""
    if isinstance(exporter, GalileoSettings):
        scheme = "https" if exporter.https else "http"
        host = f"[{exporter.host}]" if ":" in exporter.host else exporter.host
        url, bodies = f"{scheme}://{host}:{exporter.port}/1.1.0/single", exporter.log_bodies
    else:
        # The bucket's key is half a credential, so it is not shown.
        url, bodies = f"{exporter.api_endpoint}/buckets/.../messages", exporter.log_body
    return f"{url}, {'with' if bodies else 'without'} bodies"
