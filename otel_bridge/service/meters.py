"""What pipelines count, on the bridge's metrics."""

from __future__ import annotations

from otel_bridge.delivery import Kind
from otel_bridge.telemetry.instruments import (
    DEAD_LETTERED_EXCHANGES,
    DELIVERY_SECONDS,
    EXPORTER_REQUESTS,
    FAILED_EXCHANGES,
    GIVEN_UP_EXCHANGES,
    JOINED_ACCESS_LOGS,
    PIPELINE_RESTARTS,
    REPEATED_EXCHANGES,
    SENT_EXCHANGES,
    WARNED_EXCHANGES,
)
from otel_bridge.telemetry.metrics import Metrics


class ExporterMeter:
    """One exporter's counters, looked up once; a PipelineMeter."""

    def __init__(self, metrics: Metrics, exporter: str) -> None:
        self._requests = {
            kind: metrics.counter(EXPORTER_REQUESTS, exporter, kind.name.lower()) for kind in Kind
        }
        self._sent = metrics.counter(SENT_EXCHANGES, exporter)
        self._failed = metrics.counter(FAILED_EXCHANGES, exporter)
        self._dead_lettered = metrics.counter(DEAD_LETTERED_EXCHANGES, exporter)
        self._given_up = metrics.counter(GIVEN_UP_EXCHANGES, exporter)
        self._repeated = metrics.counter(REPEATED_EXCHANGES, exporter)
        self._joined = metrics.counter(JOINED_ACCESS_LOGS, exporter)
        self._warned = metrics.counter(WARNED_EXCHANGES, exporter)
        self._restarts = metrics.counter(PIPELINE_RESTARTS, exporter)
        self._seconds = metrics.histogram(DELIVERY_SECONDS, exporter)

    def sent(self, exchanges: int) -> None:
        self._requests[Kind.DELIVERED].inc()
        self._sent.inc(exchanges)

    def failed_request(self, kind: Kind, exchanges: int) -> None:
        self._requests[kind].inc()
        self._failed.inc(exchanges)

    def latency(self, seconds: float) -> None:
        self._seconds.observe(seconds)

    def dead_lettered(self, exchanges: int, reason: str) -> None:  # noqa: ARG002 - it is in the letter
        self._dead_lettered.inc(exchanges)

    def warned(self, exchanges: int) -> None:
        self._warned.inc(exchanges)

    def repeated(self, exchanges: int) -> None:
        self._repeated.inc(exchanges)

    def joined(self, exchanges: int) -> None:
        self._joined.inc(exchanges)

    def given_up(self, exchanges: int) -> None:
        self._given_up.inc(exchanges)

    def restarted(self) -> None:
        """The pipeline met an error it did not foresee."""
        self._restarts.inc()
