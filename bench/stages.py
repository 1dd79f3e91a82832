"""Each stage alone, in this process, on one core."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.clock import cpu_seconds
from bench.loads import Load
from otel_bridge.formats import alf, runscope
from otel_bridge.journal import Journal, Signal
from otel_bridge.mapping import spot
from otel_bridge.otlp.normalise import normalise
from otel_bridge.redaction import RedactionRules, Redactor

Stage = Callable[[Load], Callable[[], object]]


def otlp_to_alf(load: Load) -> Callable[[], object]:
    """OTLP bytes to ALF bytes, bodies included."""

    def work() -> None:
        for request in load.requests:
            entries = [
                alf.entry(found.exchange, bodies=True, extension=False) for found in spot(request).exchanges
            ]
            alf.document(entries, service_token="bench", environment=None)

    return work


def otlp_to_runscope(load: Load) -> Callable[[], object]:
    """OTLP bytes to Runscope bytes, bodies included."""

    def work() -> None:
        for request in load.requests:
            runscope.document(
                [
                    runscope.message(found.exchange, bodies=True, extension=False)
                    for found in spot(request).exchanges
                ]
            )

    return work


def mapping(load: Load) -> Callable[[], object]:
    """OTLP bytes to exchanges."""
    return lambda: [spot(request) for request in load.requests]


def redaction(load: Load) -> Callable[[], object]:
    """Normalising and redacting, as the receiver does before the journal."""
    redactor = Redactor(RedactionRules.DEFAULTS)
    return lambda: [redactor.redact(normalise(request).record) for request in load.requests]


def journal(load: Load) -> Callable[[], object]:
    """Appending with full sync, all of a load in flight at once; settled and trimmed as it grows."""
    directory = tempfile.TemporaryDirectory(prefix="otel-bridge-bench-")
    log = Journal.open(Path(directory.name), max_size=1 << 40, min_free=0)
    log.register("bench", log.end())

    def work() -> None:
        assert directory
        for future in [log.append(Signal.TRACES, request) for request in load.requests]:
            future.result()
        log.commit("bench", log.end())

    return work


STAGES: dict[str, Stage] = {
    "OTLP → ALF": otlp_to_alf,
    "OTLP → Runscope": otlp_to_runscope,
    "of which mapping": mapping,
    "normalise + redact": redaction,
    "journal append": journal,
}


def measure(load: Load) -> Iterator[tuple[str, float]]:
    """Name and CPU microseconds per exchange of each stage."""
    for name, stage in STAGES.items():
        yield name, cpu_seconds(stage(load)) / load.exchanges * 1e6
