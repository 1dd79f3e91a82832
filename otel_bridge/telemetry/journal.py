"""The gauges of the journal and of the dead letters, read at each scrape."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from otel_bridge.journal import DeadLetters, Journal
from otel_bridge.telemetry.growth import Growth
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
)
from otel_bridge.telemetry.metrics import Reading, Source


def journal_source(
    journal: Journal,
    *,
    clock: Callable[[], float] = time.monotonic,
    wall_clock: Callable[[], int] = time.time_ns,
) -> Source:
    """What to register for *journal*; *clock* counts seconds, *wall_clock* is Unix time in nanoseconds."""
    growth = Growth(clock)

    def readings() -> Iterator[Reading]:
        stats = journal.stats()
        yield Reading(JOURNAL_BYTES, stats.bytes_on_disk)
        yield Reading(JOURNAL_LIMIT_BYTES, stats.max_size)
        to_full = growth.seconds_to_full(stats.bytes_on_disk, stats.max_size)
        yield Reading(JOURNAL_SECONDS_TO_FULL, to_full)
        yield Reading(JOURNAL_RECORDS, stats.records)
        yield Reading(JOURNAL_BAD_RECORDS, stats.bad_records)
        yield Reading(JOURNAL_QUARANTINED, stats.quarantined)
        for pipeline in journal.cursors():
            backlog = journal.backlog(pipeline)
            age = 0.0 if backlog.oldest_ns is None else max(0, wall_clock() - backlog.oldest_ns) / 1e9
            yield Reading(BACKLOG_BYTES, backlog.bytes, (pipeline,))
            yield Reading(BACKLOG_RECORDS, backlog.records, (pipeline,))
            yield Reading(OLDEST_UNSETTLED_SECONDS, age, (pipeline,))

    return readings


def dead_letter_source(letters: DeadLetters, *, max_size: int) -> Source:
    """What to register for *letters*, of which *max_size* bytes are kept."""

    def readings() -> Iterator[Reading]:
        for exporter, count in letters.counts().items():
            yield Reading(DEAD_LETTERS, count, (exporter,))
        yield Reading(DEAD_LETTER_BYTES, letters.bytes_on_disk())
        yield Reading(DEAD_LETTER_LIMIT_BYTES, max_size)

    return readings
