"""The batch span processor: the buffer in front of an exporter.

It has two entrances. `add` takes an exchange together with its settlement: that is the pipeline's, and
nothing is lost between the two. `on_end` is the OpenTelemetry SDK's, for exporters inside any Python
process: spans wait in a bounded inbox, a thread maps, batches and sends them, and what a crash catches
is gone. A forked child begins empty: what its parent took is the parent's to send.

The SDK's own BatchSpanProcessor can't serve the bridge: it ignores export results, drops spans whose
sampled flag is unset (Kong never sets it) and knows one buffer for all APIs.
"""

from __future__ import annotations

import contextlib
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from typing import Protocol, runtime_checkable

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor

from otel_bridge.delivery import Batch, Entry
from otel_bridge.exporters.base import UnfitError
from otel_bridge.mapping import Api, HttpExchange, api
from otel_bridge.pipeline.buffers import Buffers

# Spans an application may end faster than they are exported; the SDK's own default.
INBOX = 2048
# Seconds in which further spans may come to the one that woke the thread: mapping many at once costs a
# fraction of mapping each, and the application is not interrupted for every span.
GATHERING = 0.1
# Bytes that encoded exchanges may take which wait for their batches inside an application.
MEMORY = 64 * 1024 * 1024
# Seconds that a process may spend on its last spans.
LAST_FLUSH = 30.0

log = logging.getLogger(__name__)


class BatchExporter(Protocol):
    """What the processor asks of the exporter behind it."""

    @property
    def queue_size(self) -> int: ...
    @property
    def flush_timeout(self) -> float: ...
    @property
    def max_payload(self) -> int: ...

    def entry(self, exchange: HttpExchange) -> bytes:
        """The exchange as one encoded entry; raises UnfitError where it can't be sent."""
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
    *memory* (bytes) bounds what waits at the SDK's entrance; at it the largest buffer flushes.
    """

    def __init__(
        self,
        exporter: BatchExporter,
        *,
        queue_size: int | None = None,
        flush_timeout: float | None = None,
        memory: int = MEMORY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._exporter = exporter
        self._spans = exporter if isinstance(exporter, SpanBatchExporter) else None
        self._queue_size = exporter.queue_size if queue_size is None else queue_size
        self._flush_timeout = exporter.flush_timeout if flush_timeout is None else flush_timeout
        self._memory = memory
        self._clock = clock
        self._closed = False
        self._begin()
        if self._spans is not None:
            begin = weakref.WeakMethod(self._begin)
            os.register_at_fork(after_in_child=lambda: (there := begin()) and there())

    def _begin(self) -> None:
        """Nothing is held, and no thread runs: so at first, and in a forked child."""
        self.buffers = Buffers(
            queue_size=self._queue_size,
            flush_timeout=self._flush_timeout,
            max_payload=self._exporter.max_payload,
        )
        self._inbox: deque[ReadableSpan] = deque()
        self._news = threading.Condition()
        self._worker: threading.Thread | None = None
        self._flush_requests = 0
        self._flushed = 0
        self.dropped = 0
        """Spans and exchanges lost here: the inbox was full, or the exporter failed on them."""

    # The pipeline's entrance: one thread, no locks.

    def add(self, exchange: HttpExchange, origin: Hashable) -> None:
        """Buffer *exchange*; *origin* comes back with the batch, or with a refusal."""
        name = api(exchange)
        try:
            data = self._exporter.entry(exchange)
        except UnfitError as error:
            self._exporter.refuse(name, origin, str(error))
            return
        # As its own constructor does, at half the price.
        entry = tuple.__new__(Entry, (data, origin))
        for batch in self.buffers.add(name, entry, self._clock()):
            self._deliver(batch)

    def flush_due(self) -> float | None:
        """Hand on what has waited long enough; returns the seconds until there may be more."""
        now = self._clock()
        for batch in self.buffers.due(now):
            self._deliver(batch)
        due = self.buffers.next_due()
        return None if due is None else max(0.0, due - now)

    def flush_all(self) -> None:
        for batch in self.buffers.drain():
            self._deliver(batch)

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
            if self._worker is None:
                self._worker = threading.Thread(
                    target=self._work, args=(self._spans,), name="otel-bridge-batch", daemon=True
                )
                self._worker.start()
            if len(self._inbox) == 1 or self._is_urgent():
                self._news.notify_all()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Hand on everything that ended before this call; False if that took too long."""
        with self._news:
            if self._worker is None:
                return True
            self._flush_requests += 1
            wanted = self._flush_requests
            self._news.notify_all()
            return self._news.wait_for(
                lambda: self._flushed >= wanted or self._worker is None, timeout_millis / 1000
            )

    def shutdown(self) -> None:
        """Flush, then stop the thread and the exporter."""
        with self._news:
            if self._closed:
                return
            self._closed = True
            self._news.notify_all()
            worker = self._worker
        if worker is not None and worker is not threading.current_thread():
            worker.join(LAST_FLUSH)
        if self._spans is not None:
            self._spans.shutdown()
        if self.dropped:
            log.warning("%d spans or exchanges were dropped and not exported", self.dropped)

    # The SDK's thread.

    def _work(self, exporter: SpanBatchExporter) -> None:
        closed = False
        wait: float | None = None
        while not closed:
            with self._news:
                self._news.wait_for(self._has_news, wait)
                if self._inbox:
                    self._news.wait_for(self._is_urgent, GATHERING)
                spans, requests, closed = list(self._inbox), self._flush_requests, self._closed
                self._inbox.clear()
            self._take(exporter, spans)
            if closed or requests > self._flushed:
                self.flush_all()
            wait = self.flush_due()
            with self._news:
                self._flushed = requests
                if closed:
                    self._worker = None
                self._news.notify_all()

    def _take(self, exporter: SpanBatchExporter, spans: Sequence[ReadableSpan]) -> None:
        exchanges: Iterable[HttpExchange] = ()
        if spans:
            with self._surviving(len(spans)):
                exchanges = list(exporter.exchanges(spans))
        for exchange in exchanges:
            with self._surviving(1):
                self.add(exchange, None)
            while self.buffers.memory > self._memory and (largest := self.buffers.flush_largest()):
                self._deliver(largest)

    def _deliver(self, batch: Batch) -> None:
        if self._spans is None:
            self._exporter.deliver(batch)
            return
        with self._surviving(len(batch.entries)):
            self._exporter.deliver(batch)

    @contextlib.contextmanager
    def _surviving(self, losing: int) -> Iterator[None]:
        """The thread's edge: a defect costs the spans or exchanges in hand, not those that come later."""
        try:
            yield
        except Exception:
            self.dropped += losing
            log.exception("%d spans or exchanges could not be exported", losing)

    def _is_urgent(self) -> bool:
        return self._closed or self._flush_requests > self._flushed or len(self._inbox) >= INBOX // 2

    def _has_news(self) -> bool:
        return bool(self._inbox) or self._is_urgent()
