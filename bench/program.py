"""The whole of `serve` under load: received, redacted, journaled, mapped, batched, delivered.

    sender process ──OTLP/HTTP──▶ otel-bridge serve ──ALF──▶ sink process

Only the bridge's own CPU time is counted, of all its threads. Needs Linux's /proc.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from bench import sender, sink
from tests.bridge import Bridge
from tests.processes import peak_memory, processor_seconds

# Enough of each load for some seconds of work; large ones have to fit into the sender's memory.
# A fifth of them is not measured.
EXCHANGES = {
    "default": 40_000,
    "recommended": 15_000,
    "capture": 15_000,
    "bodies": 4_000,
    "large-bodies": 400,
}
_PATIENCE = 60.0


class Figures(NamedTuple):
    exchanges: int
    """That went in, those of the warm-up included; as many came out."""
    microseconds: float
    """Of CPU, for each exchange."""
    per_second: float
    """Exchanges, from the first one sent to the last one delivered."""
    peak: int
    """Bytes of memory."""


class LostError(Exception):
    """Not as many exchanges arrived as were sent."""


def measure(name: str, exchanges: int) -> Figures:
    """Send about *exchanges* of the load *name* through a `serve` of their own. May raise LostError."""
    with tempfile.TemporaryDirectory(prefix="otel-bridge-bench-") as directory, sink.running() as collector:
        galileo = {
            "service_token": "bench",
            "host": "127.0.0.1",
            "port": collector.port,
            "https": False,
            "log_bodies": True,
            "flush_timeout": "200ms",
        }
        with (
            Bridge(Path(directory), exporters={"galileo": galileo}) as bridge,
            sender.ready(bridge.address("OTLP/HTTP"), name, exchanges) as gateway,
        ):
            gateway.warm_up()
            _await(collector, gateway.sent)
            cpu, start = processor_seconds(bridge.pid), time.monotonic()
            measured = gateway.send().exchanges
            _await(collector, gateway.sent)
            seconds, cpu = time.monotonic() - start, processor_seconds(bridge.pid) - cpu
            peak = peak_memory(bridge.pid)
            bridge.stop()
            _await(collector, gateway.sent)
            return Figures(gateway.sent, cpu / measured * 1e6, measured / seconds, peak)


def _await(collector: sink.Sink, wanted: int) -> None:
    deadline = time.monotonic() + _PATIENCE
    while (arrived := collector.entries) < wanted and time.monotonic() < deadline:
        time.sleep(0.01)
    if arrived != wanted:
        raise LostError(f"{wanted} exchanges were sent and {arrived} arrived")
