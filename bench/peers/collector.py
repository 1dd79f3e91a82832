"""The official Collector, as tests/collector builds it."""

from __future__ import annotations

import functools
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from bench.peers.child import Running, child
from bench.peers.peers import FLUSH_SECONDS, Batch, Peer
from bench.sink import Sink
from tests.vendor_server import free_port

_BUILD = Path(__file__).parents[2] / "tests" / "collector" / "build.sh"
_LARGEST = 64 << 20
_TIMEOUT = "30s"


def built() -> Path | None:
    """The one that the field tests run, which takes some minutes the first time; None without Go."""
    if shutil.which("go") is None:
        return None
    done = subprocess.run([_BUILD], stdout=subprocess.PIPE, text=True, check=True)
    return Path(done.stdout.strip())


def version(program: Path) -> str:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    return said.split()[-1]


def peers(program: Path) -> list[Peer]:
    def peer(name: str, does: str, **set_up: Any) -> Peer:
        return Peer(name, does, functools.partial(run, program=program, **set_up))

    return [
        peer("collector", "OTLP → OTLP over HTTP; queue in memory"),
        peer("collector, disk", "OTLP → OTLP over HTTP; queue on disk with fsync", disk=True),
        peer("collector, gRPC", "OTLP → OTLP over gRPC; queue in memory", grpc=True),
    ]


@contextmanager
def run(
    directory: Path, sink: Sink, batch: Batch, program: Path, *, disk: bool = False, grpc: bool = False
) -> Iterator[Running]:
    port = free_port()
    config = directory / "collector.yaml"
    with config.open("w") as file:
        YAML(typ="safe").dump(_config(directory, port, sink, batch, disk=disk, grpc=grpc), file)
    with child([program, "--config", config], port, directory / "collector.log") as running:
        yield running


def _config(
    directory: Path, port: int, sink: Sink, batch: Batch, *, disk: bool, grpc: bool
) -> dict[str, Any]:
    exporter = "otlp_grpc" if grpc else "otlp_http"
    extensions = {"file_storage": {"directory": str(directory), "fsync": True}} if disk else {}
    storage = {"storage": "file_storage"} if disk else {}
    endpoint = f"127.0.0.1:{sink.grpc_port}" if grpc else f"http://127.0.0.1:{sink.port}"
    protocol = {"endpoint": f"127.0.0.1:{port}", "max_request_body_size": _LARGEST}
    return {
        "receivers": {"otlp": {"protocols": {"http": protocol}}},
        "extensions": extensions,
        "exporters": {
            exporter: {
                "endpoint": endpoint,
                "tls": {"insecure": True},
                "compression": "none",
                "timeout": _TIMEOUT,
                "sending_queue": {
                    "queue_size": batch.queue,
                    "block_on_overflow": True,
                    "batch": {
                        "flush_timeout": f"{FLUSH_SECONDS * 1000:.0f}ms",
                        "min_size": batch.spans,
                        "max_size": batch.spans,
                    },
                    **storage,
                },
            }
        },
        "service": {
            "extensions": list(extensions),
            "pipelines": {"traces": {"receivers": ["otlp"], "exporters": [exporter]}},
            "telemetry": {"metrics": {"level": "none"}, "logs": {"level": "warn"}},
        },
    }
