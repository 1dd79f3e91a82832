"""Each stage alone, in this process, on one core."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from bench.clock import Effort, cpu_seconds
from bench.loads import Load
from otel_bridge.formats import alf, runscope
from otel_bridge.journal import Journal, Signal
from otel_bridge.mapping import spot
from otel_bridge.otlp.normalise import normalise
from otel_bridge.redaction import DEFAULTS, Redactor

Work = Callable[[], object]
Stage = Callable[[Load, ExitStack], Work]
"""Prepares the work on a load; what has to be closed behind it goes on the stack."""


class Measured(NamedTuple):
    name: str
    microseconds: float
    """Of CPU, for each exchange."""


def parse(load: Load, _: ExitStack) -> Work:
    """What protobuf itself takes: the measure of the machine."""
    return lambda: _for_each(load, ExportTraceServiceRequest.FromString)


def otlp_to_alf(load: Load, _: ExitStack) -> Work:
    """OTLP bytes to ALF bytes, bodies included."""

    def convert(request: bytes) -> None:
        found = spot(request, details=False).exchanges
        entries = [alf.entry(each.exchange, bodies=True, extension=False) for each in found]
        alf.document(entries, service_token="bench", environment=None)

    return lambda: _for_each(load, convert)


def otlp_to_runscope(load: Load, _: ExitStack) -> Work:
    """OTLP bytes to Runscope bytes, bodies included."""

    def convert(request: bytes) -> None:
        found = spot(request, details=False).exchanges
        messages = [runscope.message(each.exchange, bodies=True, extension=False) for each in found]
        runscope.document(messages)

    return lambda: _for_each(load, convert)


def mapping(load: Load, _: ExitStack) -> Work:
    """OTLP bytes to exchanges, as for exporters without extensions."""
    return lambda: _for_each(load, lambda request: spot(request, details=False))


def redaction(load: Load, _: ExitStack) -> Work:
    """Normalising and redacting, as the receiver does before the journal."""
    redactor = Redactor(DEFAULTS)
    return lambda: _for_each(load, lambda request: redactor.redact(normalise(request).record))


def journal(load: Load, closing: ExitStack) -> Work:
    """Appending with full sync, all of a load in flight at once; settled and trimmed as it grows."""
    directory = closing.enter_context(tempfile.TemporaryDirectory(prefix="otel-bridge-bench-"))
    log = Journal.open(Path(directory), max_size=1 << 40, min_free=0)
    closing.callback(log.close)
    log.register("bench", log.end())

    def work() -> None:
        for future in [log.append(Signal.TRACES, request) for request in load.requests]:
            future.result()
        log.commit("bench", log.end())

    return work


PARSE = "protobuf parse"
OTLP_TO_ALF = "OTLP → ALF"
STAGES: dict[str, Stage] = {
    PARSE: parse,
    OTLP_TO_ALF: otlp_to_alf,
    "OTLP → Runscope": otlp_to_runscope,
    "mapping, of both": mapping,
    "normalise + redact": redaction,
    "journal append": journal,
}


def measure(load: Load, effort: Effort) -> Iterator[Measured]:
    """Each stage on *load*, one after the other."""
    for name, stage in STAGES.items():
        with ExitStack() as closing:
            seconds = cpu_seconds(stage(load, closing), effort)
        yield Measured(name, seconds / load.exchanges * 1e6)


def _for_each(load: Load, work: Callable[[bytes], object]) -> None:
    # Nothing is kept: results in their hundreds would measure the machine's memory.
    for request in load.requests:
        work(request)
