"""Gauges of a real journal and of real dead letters."""

from __future__ import annotations

import math
from pathlib import Path

from otel_bridge.journal import Cursor, DeadLetters, Journal, Signal
from otel_bridge.telemetry.instruments import (
    BACKLOG_BYTES,
    BACKLOG_RECORDS,
    DEAD_LETTER_BYTES,
    DEAD_LETTER_LIMIT_BYTES,
    DEAD_LETTERS,
    JOURNAL_BAD_RECORDS,
    JOURNAL_BYTES,
    JOURNAL_LIMIT_BYTES,
    JOURNAL_QUARANTINED,
    JOURNAL_RECORDS,
    JOURNAL_SECONDS_TO_FULL,
    OLDEST_UNSETTLED_SECONDS,
    SOURCE_ERRORS,
)
from otel_bridge.telemetry.journal import dead_letter_source, journal_source
from otel_bridge.telemetry.metrics import Metrics

MIB = 1 << 20
START_NS = 1_700_000_000 * 10**9


def test_journal(tmp_path: Path) -> None:
    metrics = Metrics()
    journal = Journal.open(tmp_path, max_size=64 * MIB, min_free=0, clock=lambda: START_NS)
    try:
        metrics.register_source(
            journal_source(journal, clock=lambda: 0.0, wall_clock=lambda: START_NS + 90 * 10**9)
        )
        journal.register("galileo", journal.start())
        journal.register("runscope", journal.start())
        appended = [journal.append(Signal.TRACES, bytes(1000)) for _ in range(3)]
        last = [future.result(60) for future in appended][-1]
        journal.commit("runscope", Cursor(last))

        assert 3 == metrics.value(JOURNAL_RECORDS)
        assert metrics.value(JOURNAL_BYTES) > 3000
        assert 64 * MIB == metrics.value(JOURNAL_LIMIT_BYTES)
        assert math.inf == metrics.value(JOURNAL_SECONDS_TO_FULL)
        assert 0 == metrics.value(JOURNAL_BAD_RECORDS) == metrics.value(JOURNAL_QUARANTINED)
        assert 3000 == metrics.value(BACKLOG_BYTES, "galileo")
        assert (3, 0) == tuple(metrics.value(BACKLOG_RECORDS, each) for each in ("galileo", "runscope"))
        ages = [metrics.value(OLDEST_UNSETTLED_SECONDS, each) for each in ("galileo", "runscope")]
        assert [90.0, 0.0] == ages
        assert 0 == metrics.value(SOURCE_ERRORS)
    finally:
        journal.close()


def test_dead_letters(tmp_path: Path) -> None:
    metrics = Metrics()
    letters = DeadLetters.open(tmp_path, max_size=MIB, max_age_s=1e6, clock=lambda: START_NS)
    try:
        metrics.register_source(dead_letter_source(letters, max_size=MIB))
        for _ in range(2):
            letters.add(
                exporter="galileo/orders",
                api="orders",
                reason="refused",
                answer="400",
                exchanges=1,
                first_ns=START_NS,
                last_ns=START_NS,
                otlp=bytes(100),
            )

        assert 2 == metrics.value(DEAD_LETTERS, "galileo/orders")
        assert metrics.value(DEAD_LETTER_BYTES) > 0
        assert MIB == metrics.value(DEAD_LETTER_LIMIT_BYTES)
    finally:
        letters.close()
