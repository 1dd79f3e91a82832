"""The batch span processor: the buffer in front of an exporter.

It has two entrances. `add` takes an exchange together with its settlement: that is the pipeline's, and
nothing is lost between the two. `on_end` is the OpenTelemetry SDK's, for exporters inside any Python
process: spans wait in a bounded inbox, a thread maps and batches them, and what a crash catches is gone.

The SDK's own BatchSpanProcessor can't serve the bridge: it ignores export results, drops spans whose
sampled flag is unset (Kong never sets it) and knows one buffer for all APIs.
"""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Sequence
from typing import Protocol, runtime_checkable

import structlog
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from otel_bridge.delivery import Batch, Entry
from otel_bridge.exporters.base import TooLargeError
from otel_bridge.mapping import Api, HttpExchange, api
from otel_bridge.pipeline.buffers import Buffers

# Spans an application may end faster than they are mapped; the SDK's own default.
INBOX = 2048

log = structlog.get_logger(__name__)


class BatchExporter(Protocol):
    """What the processor asks of the exporter behind it."""

    @property
    def queue_size(self) -> int: ...
    @property
    def flush_timeout(self) -> float: ...
    @property
    def max_payload(self) -> int: ...

    def entry(self, exchange: HttpExchange) -> bytes:
        """The exchange as one encoded entry; raises TooLargeError where no payload can hold it."""
        ...

    def deliver(self, batch: Batch) -> None:
        """Take a flushed batch over."""
        ...

    def refuse(self, api: Api, origin: Hashable, reason: str) -> None:
        """Hear of an exchange that can't be sent at all."""
        ...


@runtime_checkable
class SpanBatchExporter(BatchExporter, Protocol):
    """What the SDK's entrance asks on top of that."""

    def exchanges(self, spans: Sequence[ReadableSpan]) -> Iterable[HttpExchange]:
        """The HTTP exchanges among finished *spans*."""
        ...

    def shutdown(self) -> None: ...


class BatchSpanProcessor(SpanProcessor):
    """Buffers exchanges per API and hands flushed batches to *exporter*.

    *queue_size* (exchanges) and *flush_timeout* (seconds) default to the exporter's own settings.
    """

    def __init__(
        self,
        exporter: BatchExporter,
        *,
        queue_size: int | None = None,
        flush_timeout: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exporter = exporter
        self._spans = exporter if isinstance(exporter, SpanBatchExporter) else None
        self._clock = clock
        self.buffers = Buffers(
            queue_size=exporter.queue_size if queue_size is None else queue_size,
            flush_timeout=exporter.flush_timeout if flush_timeout is None else flush_timeout,
            max_payload=exporter.max_payload,
        )
        self._inbox: deque[ReadableSpan] = deque()
        self._news = threading.Condition()
        self._worker: threading.Thread | None = None
        self._worker_pid = 0
        self._flush_requests = 0
        self._flushed = 0
        self._closed = False
        self.dropped = 0
        """Spans refused because the inbox was full."""

    # The pipeline's entrance: one thread, no locks.

    def add(self, exchange: HttpExchange, origin: Hashable) -> None:
        """Buffer *exchange*; *origin* comes back with the batch, or with a refusal."""
        name = api(exchange)
        try:
            data = self._exporter.entry(exchange)
        except TooLargeError as error:
            self._exporter.refuse(name, origin, str(error))
            return
        for batch in self.buffers.add(name, Entry(data, origin), self._clock()):
            self._exporter.deliver(batch)

    def flush_due(self) -> float | None:
        """Hand on what has waited long enough; returns the seconds until there may be more."""
        now = self._clock()
        for batch in self.buffers.due(now):
            self._exporter.deliver(batch)
        due = self.buffers.next_due()
        return None if due is None else max(0.0, due - now)

    def flush_all(self) -> None:
        for batch in self.buffers.drain():
            self._exporter.deliver(batch)

    # The SDK's entrance.

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Nothing to do: an exchange is known when it is over."""

    def on_end(self, span: ReadableSpan) -> None:
        """Queue a finished span; never blocks. Raises TypeError where the exporter takes no spans."""
        if self._spans is None:
            raise TypeError("this exporter takes exchanges, not spans")
        with self._news:
            if self._closed:
                return
            if len(self._inbox) >= INBOX:
                self.dropped += 1
                if self.dropped == 1:
                    log.warning("spans are dropped: they end faster than they can be exported")
                return
            self._inbox.append(span)
            self._ensure_worker()
            self._news.notify_all()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Hand on everything that ended before this call; False if that took too long."""
        with self._news:
            if self._worker is None or self._worker_pid != os.getpid():
                return True
            self._flush_requests += 1
            wanted = self._flush_requests
            self._news.notify_all()
            return self._news.wait_for(lambda: self._flushed >= wanted, timeout_millis / 1000)

    def shutdown(self) -> None:
        """Flush, then stop the thread and the exporter."""
        self.force_flush()
        with self._news:
            if self._closed:
                return
            self._closed = True
            self._news.notify_all()
            worker = self._worker
        if worker is not None and worker is not threading.current_thread():
            worker.join(timeout=30)
        if self._spans is not None:
            self._spans.shutdown()

    def _ensure_worker(self) -> None:
        # Threads don't survive a fork, and what the parent queued is the parent's to send.
        if self._worker is not None and self._worker_pid == os.getpid():
            return
        if self._worker is not None:
            newest = self._inbox.pop()
            self._inbox.clear()
            self._inbox.append(newest)
        self._worker_pid = os.getpid()
        self._worker = threading.Thread(target=self._work, name="otel-bridge-batch", daemon=True)
        self._worker.start()

    def _work(self) -> None:
        wait: float | None = None
        while True:
            with self._news:
                self._news.wait_for(self._has_news, wait)
                spans, requests = list(self._inbox), self._flush_requests
                self._inbox.clear()
                closed = self._closed
            try:
                for exchange in self._spans.exchanges(spans) if self._spans and spans else ():
                    self.add(exchange, None)
                wait = self.flush_due()
                if requests > self._flushed or closed:
                    self.flush_all()
            except Exception:
                log.exception("a batch of spans could not be exported")
                self.dropped += len(spans)
            with self._news:
                self._flushed = requests
                self._news.notify_all()
            if closed:
                return

    def _has_news(self) -> bool:
        return bool(self._inbox) or self._closed or self._flush_requests > self._flushed
