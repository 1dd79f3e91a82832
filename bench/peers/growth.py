"""What an exchange costs the bridge as there is more to do: many APIs, a day's backlog."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from bench import sender, sink
from bench.loads import load
from bench.peers import bridge
from bench.peers.child import on, split_cores
from bench.peers.measure import await_all
from bench.peers.peers import batch

LOAD = "recommended"
APIS = (1, 10, 100, 1000, 10_000)
EXCHANGES = 40_000
QUICK_EXCHANGES = 1500
BACKLOG_LOAD = "default"
# Five a second, all day.
DAY = 432_000
_PORTION = 36_000
_MIB = 1 << 20


class Drained(NamedTuple):
    taken: float
    """Microseconds of CPU for each exchange that came while the destination was away."""
    delivered: float
    """And once it was back."""
    per_second: float
    """Exchanges, from when it was back to the last one."""
    peak: float
    """MiB of memory."""


def drain(exchanges: int, progress: Callable[[str], None]) -> Drained:
    """Fill the journal while nobody takes anything, then open the destination. Raises LostError, OSError."""
    measured, others = split_cores()
    with ExitStack() as running:
        directory = running.enter_context(tempfile.TemporaryDirectory(prefix="otel-bridge-bench-"))
        with on(others):
            destination = running.enter_context(sink.running(away=True))
        with on(measured):
            peer = bridge.whole(Path(directory), destination, batch(load(BACKLOG_LOAD, 1)))
            program = running.enter_context(peer)
        sent, cpu = 0, program.cpu
        while sent < exchanges:
            progress(f"backlog: {sent} of {exchanges} are in the journal")
            portion = min(_PORTION, exchanges - sent)
            with on(others), sender.ready(program.url, BACKLOG_LOAD, portion, seed=sent) as gateway:
                sent += gateway.send().exchanges
        progress("backlog: delivering")
        taken = program.cpu
        destination.come_back()
        # Retries have become rare by now: the wait for the next one is none of its speed.
        await_all(destination, 1, at_least=True)
        start = time.monotonic()
        await_all(destination, sent)
        seconds = time.monotonic() - start
        return Drained(
            (taken - cpu) / sent * 1e6,
            (program.cpu - taken) / sent * 1e6,
            sent / seconds,
            program.peak / _MIB,
        )
