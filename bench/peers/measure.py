"""One program under one load: as fast as it takes it, then at half of that."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bench import sender, sink
from bench.loads import load
from bench.peers.child import Running, on, split_cores
from bench.peers.peers import Peer, batch

# Of the exchanges: what fills caches first, and what is sent as fast as it goes; the rest at half load.
_COLD = 0.2
_FAST = 0.5
_PATIENCE = 120.0
_MILLISECONDS = 1000.0
_MIB = 1 << 20


class Figures(NamedTuple):
    """What went in came out, or there are no figures."""

    cpu: float
    """Microseconds of processor time for each exchange, as fast as it goes."""
    per_second: float
    """Exchanges on one core, from the first one sent to the last one delivered."""
    peak: float
    """MiB of memory, over the whole run."""
    acknowledged: float
    """Milliseconds at half load until a request is answered: the median."""
    acknowledged_late: float
    """And what only one in a hundred exceeds."""
    delivered: float
    """Milliseconds at half load from when an exchange was due to when the sink had it: the mean."""


class LostError(Exception):
    """Not as many exchanges arrived as were sent."""


def measure(peer: Peer, name: str, exchanges: int, *, apis: int = 1) -> Figures:
    """Send about *exchanges* of the load *name* through a fresh *peer*; *apis* as in `load`.

    Raises LostError, OSError.
    """
    measured, others = split_cores()
    with ExitStack() as running:
        directory = running.enter_context(tempfile.TemporaryDirectory(prefix="otel-bridge-bench-"))
        with on(others):
            destination = running.enter_context(sink.running())
        with on(measured):
            program = running.enter_context(peer.run(Path(directory), destination, batch(load(name, 1))))
        with on(others):
            gateway = running.enter_context(sender.ready(program.url, name, exchanges, apis=apis))
        gateway.send(_COLD)
        await_all(destination, gateway.sent)
        return _measure(program, gateway, destination)


def await_all(destination: sink.Sink, wanted: int, *, at_least: bool = False) -> None:
    """Until so many exchanges arrived; LostError if nothing comes any more, or if there are too many."""
    arrived, deadline = 0, 0.0
    while (now_arrived := destination.entries) < wanted:
        if now_arrived > arrived or not deadline:
            arrived, deadline = now_arrived, time.monotonic() + _PATIENCE
        if time.monotonic() > deadline:
            break
        time.sleep(0.01)
    if now_arrived < wanted or (now_arrived > wanted and not at_least):
        raise LostError(f"{wanted} exchanges were sent and {now_arrived} arrived")


def _measure(program: Running, gateway: sender.Sender, destination: sink.Sink) -> Figures:
    cpu, start, cold = program.cpu, time.monotonic(), gateway.sent
    fast = gateway.send(_FAST).exchanges
    await_all(destination, gateway.sent)
    cpu = program.cpu - cpu
    before = destination.arrived
    rate = _rate(before, cold, start)
    half = gateway.send(rate=rate / 2)
    await_all(destination, gateway.sent)
    # A sum of differences is a difference of sums: no exchange has to be recognised.
    delay = (destination.arrived.moments - before.moments - half.moments) / half.exchanges
    percentiles = statistics.quantiles(half.waits, n=100, method="inclusive")
    return Figures(
        cpu=cpu / fast * 1e6,
        per_second=rate,
        peak=program.peak / _MIB,
        acknowledged=percentiles[49] * _MILLISECONDS,
        acknowledged_late=percentiles[98] * _MILLISECONDS,
        delivered=delay * _MILLISECONDS,
    )


def _rate(arrived: sink.Arrived, cold: int, start: float) -> float:
    """Exchanges a second since *start*, without the last request: that one may have waited for more."""
    if arrived.earlier > cold:
        return (arrived.earlier - cold) / (arrived.earlier_last - start)
    return (arrived.exchanges - cold) / (arrived.last - start)
