"""The exporters as the OpenTelemetry SDK wants them: spans in, a result out, in any Python process.

    spans ─▶ OTLP ─▶ redaction ─▶ exchanges ─▶ entries per API ─▶ one delivery ─▶ SUCCESS or FAILURE

The same encoder, sender and reading of answers as in the bridge, without its journal: `export` retries
within its time, never holds, and forgets what it could not deliver, with a line in the log.
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Hashable, Iterable, Sequence
from functools import cached_property

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.environment_variables import OTEL_BSP_EXPORT_TIMEOUT
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from otel_bridge.delivery import Batch, Entry
from otel_bridge.delivery.environment import trust
from otel_bridge.exporters import blocking
from otel_bridge.exporters.base import Destination, TooLargeError
from otel_bridge.exporters.environment import SettingsError, milliseconds
from otel_bridge.exporters.once import Delivery
from otel_bridge.mapping import Api, HttpExchange, spot
from otel_bridge.mapping import api as api_of
from otel_bridge.redaction import DEFAULTS, Redactor

# Less than the SDK's own 30 s: so long a process may hang at its end where the destination is gone.
EXPORT_TIMEOUT = 10.0

# What the encoder and protobuf raise for text, numbers and objects that they have no form for.
_NO_OTLP = (ValueError, TypeError, AttributeError)

log = logging.getLogger(__name__)


class BridgeSpanExporter(SpanExporter):
    """Exports to one *destination*; *name* is for logs, *bodies* is whether bodies are wanted there.

    Usable from any thread, from several at once, beside a running event loop, and after a fork.
    *export_timeout* (seconds) bounds one `export`; by default OTEL_BSP_EXPORT_TIMEOUT (milliseconds)
    or 10 s.
    """

    def __init__(
        self,
        name: str,
        destination: Destination,
        *,
        bodies: bool,
        queue_size: int,
        flush_timeout: float,
        retry_count: int,
        export_timeout: float | None = None,
    ) -> None:
        self._name = name
        self._destination = destination
        self._redactor = Redactor(DEFAULTS, keep_bodies=bodies)
        self._retry_count = retry_count
        self._seconds = _seconds_from_environment() if export_timeout is None else export_timeout
        self._running: set[Delivery] = set()
        self._stopped = False
        self.queue_size = max(1, queue_size)
        """Most exchanges in one payload."""
        self.flush_timeout = flush_timeout
        """Seconds; kept to by the bridge's BatchSpanProcessor, the SDK's has its own."""

    # What the SDK calls.

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """SUCCESS if every exchange among *spans* was delivered, or there is none. Never raises."""
        if self._stopped:
            log.warning("%s: spans that come after shutdown are not exported", self._name)
            return SpanExportResult.FAILURE
        try:
            delivered = self._export(spans)
        except Exception:
            log.exception("%s: a batch of spans could not be exported", self._name)
            delivered = False
        return SpanExportResult.SUCCESS if delivered else SpanExportResult.FAILURE

    def shutdown(self) -> None:
        """Interrupt what is being exported, and export nothing any more."""
        self._stopped = True
        for delivery in self._running.copy():
            delivery.interrupt()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:  # noqa: ARG002 - the SDK's signature
        """True: nothing is kept here between exports."""
        return True

    # What the bridge's BatchSpanProcessor calls.

    @property
    def max_payload(self) -> int:
        return self._destination.max_payload

    def exchanges(self, spans: Sequence[ReadableSpan]) -> Iterable[HttpExchange]:
        """The HTTP exchanges among *spans*, redacted, each with its helper spans."""
        record, _ = self._record(spans)
        return self._spot(record)

    def entry(self, exchange: HttpExchange) -> bytes:
        return self._destination.entry(exchange)

    def deliver(self, batch: Batch) -> None:
        """Send *batch*; what was not delivered within the export timeout is logged and lost."""
        self._deliver([batch])

    def refuse(self, api: Api, origin: Hashable, reason: str) -> None:  # noqa: ARG002 - nobody to tell
        log.error("%s: an exchange of %s is lost: %s", self._name, api.name, reason)

    # Between the two.

    def _export(self, spans: Sequence[ReadableSpan]) -> bool:
        record, lost = self._record(spans)
        by_api: dict[Api, list[Entry]] = {}
        for exchange in self._spot(record):
            api = api_of(exchange)
            try:
                entry = Entry(self.entry(exchange), None)
            except TooLargeError as error:
                self.refuse(api, None, str(error))
                lost += 1
            else:
                by_api.setdefault(api, []).append(entry)
        delivered = self._deliver([Batch(api, entries) for api, entries in by_api.items()])
        return delivered and not lost

    def _record(self, spans: Sequence[ReadableSpan]) -> tuple[bytes, int]:
        """*spans* as OTLP, and how many had to be left out: one is not to cost its neighbours."""
        try:
            return encode_spans(spans).SerializeToString(), 0
        except _NO_OTLP:
            good = [span for span in spans if _is_encodable(span)]
        lost = len(spans) - len(good)
        log.error("%s: %d spans are lost: no OTLP can be made of them", self._name, lost)
        return encode_spans(good).SerializeToString(), lost

    def _spot(self, record: bytes) -> list[HttpExchange]:
        return [found.exchange for found in spot(self._redactor.redact(record).record).exchanges]

    def _deliver(self, batches: Sequence[Batch]) -> bool:
        if not batches:
            return True
        delivery = Delivery(
            self._name,
            batches,
            destination=self._destination,
            trusting=self._trusting,
            retry_count=self._retry_count,
            queue_size=self.queue_size,
            seconds=self._seconds,
        )
        self._running.add(delivery)
        try:
            if self._stopped:
                delivery.interrupt()
            return blocking.run(delivery.run)
        finally:
            self._running.discard(delivery)

    @cached_property
    def _trusting(self) -> ssl.SSLContext:
        return trust(verify=self._destination.transport.verify)


def _is_encodable(span: ReadableSpan) -> bool:
    try:
        encode_spans([span])
    except _NO_OTLP:
        return False
    return True


def _seconds_from_environment() -> float:
    text = os.environ.get(OTEL_BSP_EXPORT_TIMEOUT)
    if not text:
        return EXPORT_TIMEOUT
    try:
        return milliseconds(text)
    except ValueError as error:
        raise SettingsError(OTEL_BSP_EXPORT_TIMEOUT, str(error)) from None
