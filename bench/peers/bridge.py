"""`otel-bridge serve` with one Galileo exporter."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.peers.child import Running
from bench.peers.peers import FLUSH_SECONDS, Batch, Peer
from bench.sink import Sink
from otel_bridge import __version__
from tests.bridge import Bridge

VERSION = __version__
_MEMORY = Path("/dev/shm")


@contextmanager
def whole(directory: Path, sink: Sink, batch: Batch, **sections: Any) -> Iterator[Running]:
    """As it is installed: redaction by its defaults, the journal with full sync."""
    galileo = {
        "service_token": "bench",
        "host": "127.0.0.1",
        "port": sink.port,
        "https": False,
        "log_bodies": True,
        "flush_timeout": FLUSH_SECONDS,
        "queue_size": batch.exchanges,
    }
    with Bridge(directory, exporters={"galileo": galileo}, **sections) as bridge:
        yield Running(bridge.pid, bridge.address("OTLP/HTTP"))


@contextmanager
def bare(_: Path, sink: Sink, batch: Batch) -> Iterator[Running]:
    """What it would cost without redaction and without a disk below the journal."""
    with (
        tempfile.TemporaryDirectory(prefix="otel-bridge-bench-", dir=_MEMORY) as directory,
        whole(Path(directory), sink, batch, redaction={"defaults": False}) as running,
    ):
        yield running


PEERS = [
    Peer("bridge", "OTLP → ALF over HTTP; redacts; journal on disk with fsync", whole),
    Peer("bridge, bare", "the same without redaction, journal in memory", bare),
]
