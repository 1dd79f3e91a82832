"""Rotel, from the package that carries its binary (the dependency group `peers`)."""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.peers.child import Running, child
from bench.peers.peers import FLUSH_SECONDS, Batch, Peer
from bench.sink import Sink
from tests.vendor_server import free_port

_TIMEOUT = "30s"


def version() -> str | None:
    """None where it is not installed."""
    return importlib.metadata.version("rotel") if importlib.util.find_spec("rotel") else None


@contextmanager
def run(directory: Path, sink: Sink, batch: Batch) -> Iterator[Running]:
    package = importlib.util.find_spec("rotel")
    assert package is not None
    assert package.origin is not None
    port = free_port()
    settings = {
        "--pid-file": directory / "rotel.pid",
        "--otlp-http-endpoint": f"127.0.0.1:{port}",
        "--otlp-grpc-endpoint": f"127.0.0.1:{free_port()}",
        "--exporter": "otlp",
        # Over HTTP it compresses whatever it is told (0.0.1a15).
        "--otlp-exporter-protocol": "grpc",
        "--otlp-exporter-endpoint": f"http://127.0.0.1:{sink.grpc_port}",
        "--otlp-exporter-compression": "none",
        "--otlp-exporter-request-timeout": _TIMEOUT,
        "--batch-max-size": batch.spans,
        "--batch-timeout": f"{FLUSH_SECONDS * 1000:.0f}ms",
    }
    options = [str(word) for setting in settings.items() for word in setting]
    program = Path(package.origin).with_name("rotel-agent")
    with child([program, "start", *options], port, directory / "rotel.log") as running:
        yield running


PEER = Peer("rotel", "OTLP → OTLP over gRPC; queue in memory", run)
