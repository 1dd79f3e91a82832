"""All pipelines of one configuration: built, counted, drained."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from otel_bridge.delivery import Dispatcher
from otel_bridge.journal import DeadLetters, Journal, Signal
from otel_bridge.mapping import Spotted
from otel_bridge.pipeline.decoder import Decoder
from otel_bridge.pipeline.letters import Letters
from otel_bridge.pipeline.pipeline import Pipeline
from otel_bridge.service.exporters import Plan
from otel_bridge.service.meters import ExporterMeter
from otel_bridge.service.pipeline_thread import PipelineThread
from otel_bridge.telemetry.instruments import (
    CUT_CONTENT,
    HOLD_SECONDS,
    HOLDING,
    IN_FLIGHT_REQUESTS,
    MAPPED_ACCESS_LOGS,
    MAPPED_EXCHANGES,
    QUEUE_BYTES,
    QUEUE_EXCHANGES,
    SKIPPED_SPANS,
    STATUSLESS_EXCHANGES,
    UNMAPPABLE_RECORDS,
    UNTAKEN_EXCHANGES,
)
from otel_bridge.telemetry.metrics import Metrics, Reading


class Pipelines:
    """Owner of the pipelines' threads."""

    def __init__(
        self, plans: Sequence[Plan], *, journal: Journal, letters: DeadLetters, metrics: Metrics
    ) -> None:
        self._plans = plans
        self._journal = journal
        self._letters = letters
        self._metrics = metrics
        self._mapped = metrics.counter(MAPPED_EXCHANGES)
        self._access_logs = metrics.counter(MAPPED_ACCESS_LOGS)
        self._statusless = metrics.counter(STATUSLESS_EXCHANGES)
        self._untaken = metrics.counter(UNTAKEN_EXCHANGES)
        self._anybody_takes_all = any(plan.takes_all for plan in plans)
        self._decoder = Decoder(
            share=len(plans) > 1,
            details=any(plan.extensions for plan in plans),
            spotted=self._count,
            failed=metrics.counter(UNMAPPABLE_RECORDS).inc,
        )
        self._threads = [self._thread(plan) for plan in plans]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def delivering(self) -> set[str]:
        """The names of those that do not hold, as far as one can tell: some may just be starting."""
        return {thread.name for thread in self._threads if not thread.holds}

    def stop(self, seconds: float) -> None:
        """Deliver what can be delivered within *seconds*; the rest, and what comes, stays. Blocks."""
        deadline = time.monotonic() + seconds
        for thread in self._threads:
            thread.drain()
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _thread(self, plan: Plan) -> PipelineThread:
        meter = ExporterMeter(self._metrics, plan.name)

        def build() -> Pipeline:
            # What the one before had taken and not delivered.
            self._letters.untake_replays(plan.name)
            sender = plan.sender()

            def dispatcher(pipeline: Pipeline) -> Dispatcher:
                return Dispatcher(
                    plan.name,
                    target=plan.destination,
                    sender=sender,
                    callbacks=pipeline,
                    meter=meter,
                    retry_count=plan.retry_count,
                    queue_size=plan.settings.queue_size,
                )

            return Pipeline(
                plan.name,
                settings=plan.settings,
                journal=self._journal,
                decoder=self._decoder,
                letters=Letters(plan.name, store=self._letters, journal=self._journal),
                destination=plan.destination,
                takes=plan.takes,
                sender=sender,
                dispatcher=dispatcher,
                meter=meter,
            )

        return PipelineThread(plan.name, build=build, failed=meter.restarted)

    def _count(self, signal: Signal, spotted: Spotted) -> None:
        (self._mapped if signal is Signal.TRACES else self._access_logs).inc(len(spotted.exchanges))
        self._statusless.inc(sum(not found.exchange.status for found in spotted.exchanges))
        for reason, spans in spotted.skipped.items():
            self._metrics.counter(SKIPPED_SPANS, reason).inc(spans)
        for reason, times in spotted.cut.items():
            self._metrics.counter(CUT_CONTENT, reason).inc(times)
        if not self._anybody_takes_all:
            exchanges = (found.exchange for found in spotted.exchanges)
            self._untaken.inc(
                sum(1 for each in exchanges if not any(plan.takes(each) for plan in self._plans))
            )

    def readings(self) -> Iterator[Reading]:
        for thread in self._threads:
            if (pipeline := thread.pipeline) is None:
                continue
            state = pipeline.state()
            labels = (thread.name,)
            yield Reading(QUEUE_EXCHANGES, state.exchanges, labels)
            yield Reading(QUEUE_BYTES, state.bytes, labels)
            yield Reading(IN_FLIGHT_REQUESTS, state.in_flight, labels)
            yield Reading(HOLDING, state.hold_seconds is not None, labels)
            yield Reading(HOLD_SECONDS, state.hold_seconds or 0.0, labels)
