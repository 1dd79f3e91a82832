"""Records to exchanges, once for all pipelines.

Pipelines at the head of the log read the same records within milliseconds of each other, so the last
few results are shared. What is shared is frozen.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

import structlog

from otel_bridge.journal import Record, Signal
from otel_bridge.mapping import Spotted, as_traces, spot

# By the size of the records; what `spot` makes of one is of the same order.
CACHE_BYTES = 8 * 1024 * 1024

log = structlog.get_logger(__name__)


class Decoder:
    """Thread-safe; *spotted* and *failed* are called once for each record.

    *share* is for more than one pipeline; without *details* helper spans that only `_otel` shows are
    left out.
    """

    def __init__(
        self,
        *,
        share: bool,
        details: bool,
        spotted: Callable[[Signal, Spotted], None],
        failed: Callable[[], None],
    ) -> None:
        self._share = share
        self._details = details
        self._spotted = spotted
        self._failed = failed
        self._lock = threading.Lock()
        self._cache: OrderedDict[int, tuple[Spotted, int]] = OrderedDict()
        self._bytes = 0
        self._newest = 0

    def decode(self, record: Record) -> Spotted:
        """The exchanges and loose helper spans of *record*; nothing where it can't be mapped."""
        if not self._share:
            return self._spot(record)
        with self._lock:
            cached = self._cache.get(record.seq)
            if cached is None:
                spotted = self._spot(record)
                self._remember(record, spotted)
                return spotted
            return cached[0]

    def _spot(self, record: Record) -> Spotted:
        try:
            spotted = spot(traces_of(record), details=self._details)
        except Exception:
            # One record that the mapping chokes on must not stop all that come behind it.
            log.exception("record could not be mapped", record=record.seq)
            self._failed()
            return Spotted([], [], {}, {})
        # A pipeline that catches up, or starts again, meets records that were counted before.
        if record.seq > self._newest:
            self._newest = record.seq
            self._spotted(record.signal, spotted)
        return spotted

    def _remember(self, record: Record, spotted: Spotted) -> None:
        self._cache[record.seq] = (spotted, len(record.body))
        self._bytes += len(record.body)
        while self._bytes > CACHE_BYTES and len(self._cache) > 1:
            _, (_, size) = self._cache.popitem(last=False)
            self._bytes -= size


def traces_of(record: Record) -> bytes:
    """What *record* tells, as an ExportTraceServiceRequest: access logs are read as spans."""
    return record.body if record.signal is Signal.TRACES else as_traces(record.body)
