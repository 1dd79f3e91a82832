"""Counting and exposing."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from prometheus_client.parser import text_string_to_metric_families

from otel_bridge.telemetry.instruments import (
    ACCEPTED_SPANS,
    COMMIT_SECONDS,
    HOLDING,
    INSTRUMENTS,
    QUEUE_BYTES,
    SOURCE_ERRORS,
    Instrument,
    Kind,
)
from otel_bridge.telemetry.metrics import Metrics, Reading


def exposed(metrics: Metrics) -> dict[str, float]:
    return {
        f"{sample.name}{sorted(sample.labels.values())}": sample.value
        for family in text_string_to_metric_families(metrics.exposition().decode())
        for sample in family.samples
    }


def test_exposes_what_was_counted() -> None:
    metrics = Metrics()
    metrics.counter(ACCEPTED_SPANS, "http").inc(3)
    metrics.histogram(COMMIT_SECONDS).observe(0.2)
    found = exposed(metrics)

    assert found["otel_bridge_receiver_accepted_spans_total['http']"] == 3
    assert found["otel_bridge_receiver_commit_seconds_count[]"] == 1
    assert metrics.value(ACCEPTED_SPANS, "http") == 3
    assert metrics.value(ACCEPTED_SPANS, "grpc") == 0


def test_asks_sources_at_each_scrape_and_joins_their_readings() -> None:
    metrics = Metrics()
    size = 10.0
    metrics.register_source(lambda: [Reading(QUEUE_BYTES, size, ("galileo",))])

    def runscope() -> Iterable[Reading]:
        yield Reading(QUEUE_BYTES, 7, ("runscope",))
        yield Reading(HOLDING, 1, ("runscope",))

    metrics.register_source(runscope)
    assert metrics.value(QUEUE_BYTES, "galileo") == 10
    size = 20.0

    found = exposed(metrics)

    assert found["otel_bridge_exporter_queue_bytes['galileo']"] == 20
    assert found["otel_bridge_exporter_queue_bytes['runscope']"] == 7
    assert metrics.exposition().decode().count("# TYPE otel_bridge_exporter_queue_bytes gauge") == 1
    metrics.unregister_source(runscope)
    assert metrics.value(HOLDING, "runscope") == 0


def test_a_source_that_fails_hides_no_other() -> None:
    metrics = Metrics()

    def broken() -> Iterable[Reading]:
        raise OSError("the disk is gone")

    metrics.register_source(broken)
    metrics.register_source(lambda: [Reading(HOLDING, 1, ("galileo",))])

    assert metrics.value(HOLDING, "galileo") == 1
    assert metrics.value(SOURCE_ERRORS) >= 1


def test_two_bridges_in_one_process_do_not_share_counters() -> None:
    one, other = Metrics(), Metrics()
    one.counter(ACCEPTED_SPANS, "http").inc()

    assert other.value(ACCEPTED_SPANS, "http") == 0


def test_says_what_runs() -> None:
    assert any(name.startswith("otel_bridge_build_info") for name in exposed(Metrics()))


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda each: each.name)
def test_every_instrument_can_be_used_as_its_row_says(instrument: Instrument) -> None:
    metrics = Metrics()
    labels = instrument.labels
    match instrument.kind:
        case Kind.COUNTER:
            metrics.counter(instrument, *labels).inc()
        case Kind.HISTOGRAM:
            metrics.histogram(instrument, *labels).observe(1)
        case Kind.GAUGE:
            metrics.register_source(lambda: [Reading(instrument, 1, labels)])
    types = {
        family.name: family.type for family in text_string_to_metric_families(metrics.exposition().decode())
    }

    assert instrument.kind == types[instrument.exposed_name.removesuffix("_total")]
