"""Counting, and reading of what others count.

Counters and histograms live here; a stage takes the children it needs once and increments them. Gauges
are asked for at each scrape: whoever owns a queue or a file registers a source that reads it.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import structlog
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from otel_bridge import __version__
from otel_bridge.telemetry.instruments import BUILD_INFO, INSTRUMENTS, PREFIX, SOURCE_ERRORS, Instrument, Kind

log = structlog.get_logger(__name__)


class Reading(NamedTuple):
    """One gauge's value at this moment."""

    instrument: Instrument
    value: float
    labels: tuple[str, ...] = ()
    """In the order of the instrument's labels."""


Source = Callable[[], Iterable[Reading]]


class Metrics:
    """All instruments, over a registry of their own. Thread-safe."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        # Prometheus' text format has no place for creation times but further metrics, two lines each.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._registry = CollectorRegistry()
        self._counters = {
            each: Counter(each.name, each.help, each.labels, namespace=PREFIX, registry=self._registry)
            for each in INSTRUMENTS
            if each.kind is Kind.COUNTER
        }
        self._histograms = {
            each: Histogram(
                each.name,
                each.help,
                each.labels,
                namespace=PREFIX,
                registry=self._registry,
                buckets=each.buckets,
            )
            for each in INSTRUMENTS
            if each.kind is Kind.HISTOGRAM
        }
        self._gauges = _Gauges(self.counter(SOURCE_ERRORS))
        self._registry.register(self._gauges)
        self.register_source(_build_info)
        ProcessCollector(registry=self._registry)

    def counter(self, instrument: Instrument, *labels: str) -> Counter:
        """The counter of *instrument* for the values of its labels; `inc` it."""
        counter = self._counters[instrument]
        return counter.labels(*labels) if labels else counter

    def histogram(self, instrument: Instrument, *labels: str) -> Histogram:
        """As `counter`; `observe` values in the unit its name ends with."""
        histogram = self._histograms[instrument]
        return histogram.labels(*labels) if labels else histogram

    def register_source(self, source: Source) -> None:
        """Ask *source* at each scrape; it is called in the thread that scrapes and should be quick."""
        self._gauges.sources.append(source)

    def unregister_source(self, source: Source) -> None:
        """Ask no more, as for a pipeline that a reload has taken out."""
        self._gauges.sources.remove(source)

    def exposition(self) -> bytes:
        """Everything in Prometheus' text format, of type `content_type`."""
        return generate_latest(self._registry)

    def value(self, instrument: Instrument, *labels: str) -> float:
        """The present value of one counter or gauge; 0 where nothing was counted or read."""
        names = dict(zip(instrument.labels, labels, strict=True))
        return self._registry.get_sample_value(instrument.exposed_name, names) or 0.0


class _Gauges(Collector):
    def __init__(self, errors: Counter) -> None:
        self.sources: list[Source] = []
        self._errors = errors

    def describe(self) -> Iterable[GaugeMetricFamily]:
        return [_family(each) for each in INSTRUMENTS if each.kind is Kind.GAUGE]

    def collect(self) -> Iterator[GaugeMetricFamily]:
        families: dict[Instrument, GaugeMetricFamily] = {}
        for reading in self._readings():
            instrument = reading.instrument
            if instrument not in families:
                families[instrument] = _family(instrument)
            families[instrument].add_metric(reading.labels, reading.value)
        yield from families.values()

    def _readings(self) -> Iterator[Reading]:
        for source in list(self.sources):
            try:
                yield from list(source())
            except Exception:  # one broken source must not hide the others from whoever looks into it
                self._errors.inc()
                log.exception("a gauge could not be read")


def _family(instrument: Instrument) -> GaugeMetricFamily:
    return GaugeMetricFamily(instrument.exposed_name, instrument.help, labels=instrument.labels)


def _build_info() -> list[Reading]:
    return [Reading(BUILD_INFO, 1, (__version__, platform.python_version()))]
