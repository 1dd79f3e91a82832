"""The way of a request into the journal, the same for both transports.

    known lately? → decode and normalise → redact → append → wait for the commit → count
                                       └─ of log records, only Kong's access logs go on

Law 1 lives here: `accept` returns only after the commit, and whatever prevents it is raised as the
refusal the sender gets. Law 6 too: what leaves this module is redacted.
"""

from __future__ import annotations

import asyncio
import time
from bisect import bisect
from collections.abc import Callable
from concurrent import futures
from typing import NamedTuple, Protocol

from otel_bridge.journal.errors import JournalFull, JournalUnwritable
from otel_bridge.journal.record import Signal as JournalSignal
from otel_bridge.otlp import access_logs
from otel_bridge.otlp.json import logs_to_protobuf, to_protobuf
from otel_bridge.otlp.normalise import (
    UndecodableError,
    decode_count,
    fine_spans,
    normalise,
    normalise_logs,
)
from otel_bridge.receiver.recent import RecentBodies
from otel_bridge.receiver.refusals import Busy, Undecodable
from otel_bridge.receiver.signals import Encoding, Signal, Transport
from otel_bridge.redaction import Redacted
from otel_bridge.telemetry.instruments import (
    ACCEPTED_BYTES,
    ACCEPTED_LOG_RECORDS,
    ACCEPTED_METRIC_POINTS,
    ACCEPTED_SPANS,
    COMMIT_SECONDS,
    DUPLICATE_REQUESTS,
    MASKED_VALUES,
    REPAIRED_STRINGS,
)
from otel_bridge.telemetry.metrics import Metrics

# Larger bodies are worked on in a thread: the event loop would be gone for milliseconds.
_LARGE = {Encoding.PROTOBUF: 256 * 1024, Encoding.JSON: 8 * 1024}

# And so are smaller ones, down to here, unless a glance shows that there is nothing to do: what hostile
# senders write into them takes a hundred times as long as what others do.
_TO_GLANCE_AT = 8 * 1024

# Between the lanes of bodies that are worked on in a thread.
_LANES = (256 * 1024, 4 << 20)

# Seconds. SDKs give up within ten and reckon this in; a longer wait would lose what they hold.
_RETRY_AFTER = 5


class AppendsRecords(Protocol):
    """The journal, as far as the receiver knows it."""

    def append(self, signal: JournalSignal, body: bytes) -> futures.Future[int]: ...


class Redacts(Protocol):
    def suspects(self, record: bytes) -> bool: ...
    def redact(self, record: bytes) -> Redacted: ...
    def redact_logs(self, record: bytes) -> Redacted: ...


class _Prepared(NamedTuple):
    signal: JournalSignal
    record: bytes
    kept: int
    """Spans, or access logs; without any there is nothing to journal."""
    others: int
    """Log records that are not journaled."""
    repaired: int
    masked: int


_Prepare = Callable[[bytes, Encoding, Redacts], _Prepared]


class Intake:
    """Belongs to one event loop. `redactor` may be exchanged while it runs, as a reload does."""

    def __init__(
        self,
        journal: AppendsRecords,
        redactor: Redacts,
        metrics: Metrics,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.redactor = redactor
        self._journal = journal
        self._counters = {transport: _Counters(metrics, transport) for transport in Transport}
        self._clock = clock
        self._recent = RecentBodies(clock=clock)
        # One large body at a time: each takes several times its size while it is worked on. Smaller ones
        # need not wait for it.
        self._lanes = [asyncio.Lock() for _ in range(len(_LANES) + 1)]

    async def accept(self, body: bytes, *, signal: Signal, encoding: Encoding, transport: Transport) -> None:
        """Return once *body* (decompressed) is in the journal, or need not be there.

        Raises `Undecodable`, or `Busy` where the journal takes nothing now. Being cancelled does not
        take a body back that was on its way: an equal one that comes later finds its commit.
        """
        if signal is Signal.METRICS or (signal is Signal.LOGS and not access_logs.may_hold_some(body)):
            await self._count(body, signal, encoding, transport)
            return
        prepare = _prepare if signal is Signal.TRACES else _prepare_logs
        large = len(body) > _LARGE[encoding]
        key = await asyncio.to_thread(RecentBodies.key, body) if large else RecentBodies.key(body)
        if signal is Signal.LOGS:
            key += b"logs"  # what is no trace request may read as one, and the other way round
        commit = self._recent.find(key)
        if commit is not None:
            self._counters[transport].duplicates.inc()
        else:
            prepared = None if large else self._glance(body, encoding, prepare)
            if prepared is None:
                commit = asyncio.ensure_future(self._journal_apart(body, encoding, transport, prepare))
            else:
                commit = self._append(prepared, transport)
            self._recent.remember(key, commit)
        try:
            await asyncio.shield(commit)
        finally:
            # An exception refers to this frame, and a commit to its exception: a ring, with the body in it.
            del commit

    async def _count(self, body: bytes, signal: Signal, encoding: Encoding, transport: Transport) -> None:
        large = len(body) > _LARGE[encoding]
        items = (
            await asyncio.to_thread(_items, body, signal, encoding)
            if large
            else _items(body, signal, encoding)
        )
        self._counters[transport].items[signal].inc(items)

    def _glance(self, body: bytes, encoding: Encoding, prepare: _Prepare) -> _Prepared | None:
        """What is small or needs nothing done; None where that might take long."""
        if len(body) <= _TO_GLANCE_AT:
            return prepare(body, encoding, self.redactor)
        spans = fine_spans(body) if prepare is _prepare else None
        if spans is None or self.redactor.suspects(body):
            return None
        return _Prepared(JournalSignal.TRACES, body, spans, 0, 0, 0)

    async def _journal_apart(
        self, body: bytes, encoding: Encoding, transport: Transport, prepare: _Prepare
    ) -> None:
        async with self._lanes[bisect(_LANES, len(body))]:
            prepared = await asyncio.to_thread(prepare, body, encoding, self.redactor)
        await self._append(prepared, transport)

    def _append(self, prepared: _Prepared, transport: Transport) -> asyncio.Future[None]:
        """The commit of *prepared*; it fails with the refusal that the sender gets."""
        loop = asyncio.get_running_loop()
        commit: asyncio.Future[None] = loop.create_future()
        counters = self._counters[transport]
        if not prepared.kept:
            counters.items[Signal.LOGS].inc(prepared.others)
            commit.set_result(None)
            return commit
        started = self._clock()

        def settle(appended: futures.Future[int]) -> None:
            error = appended.exception()
            if error is None:
                counters.count(prepared, self._clock() - started)
            if commit.cancelled():  # the loop is being closed
                return
            if error is None:
                commit.set_result(None)
            else:
                commit.set_exception(_translated(error))

        appended = self._journal.append(prepared.signal, prepared.record)
        appended.add_done_callback(lambda done: loop.call_soon_threadsafe(settle, done))
        return commit


class _Counters:
    """What one transport counts, looked up once."""

    def __init__(self, metrics: Metrics, transport: Transport) -> None:
        self.duplicates = metrics.counter(DUPLICATE_REQUESTS, transport)
        self.items = {
            Signal.LOGS: metrics.counter(ACCEPTED_LOG_RECORDS, transport),
            Signal.METRICS: metrics.counter(ACCEPTED_METRIC_POINTS, transport),
        }
        self._spans = metrics.counter(ACCEPTED_SPANS, transport)
        self._bytes = metrics.counter(ACCEPTED_BYTES, transport)
        self._repaired = metrics.counter(REPAIRED_STRINGS)
        self._masked = metrics.counter(MASKED_VALUES)
        self._seconds = metrics.histogram(COMMIT_SECONDS)

    def count(self, prepared: _Prepared, seconds: float) -> None:
        if prepared.signal is JournalSignal.TRACES:
            self._spans.inc(prepared.kept)
        else:
            self.items[Signal.LOGS].inc(prepared.kept + prepared.others)
        self._bytes.inc(len(prepared.record))
        self._repaired.inc(prepared.repaired)
        self._masked.inc(prepared.masked)
        self._seconds.observe(seconds)


def _prepare(body: bytes, encoding: Encoding, redactor: Redacts) -> _Prepared:
    try:
        normalised = normalise(to_protobuf(body) if encoding is Encoding.JSON else body)
    except UndecodableError as error:
        raise Undecodable(str(error)) from error
    record, masked = redactor.redact(normalised.record)
    return _Prepared(JournalSignal.TRACES, record, normalised.items, 0, normalised.repaired, masked)


def _prepare_logs(body: bytes, encoding: Encoding, redactor: Redacts) -> _Prepared:
    try:
        normalised = normalise_logs(logs_to_protobuf(body) if encoding is Encoding.JSON else body)
    except UndecodableError as error:
        raise Undecodable(str(error)) from error
    sifted = access_logs.sift(normalised.record)
    record, masked = redactor.redact_logs(sifted.record)
    return _Prepared(JournalSignal.LOGS, record, sifted.kept, sifted.others, normalised.repaired, masked)


def _items(body: bytes, signal: Signal, encoding: Encoding) -> int:
    try:
        return decode_count(body, signal, json=encoding is Encoding.JSON)
    except UndecodableError as error:
        raise Undecodable(str(error)) from error


def _translated(error: BaseException) -> BaseException:
    match error:
        case JournalFull():
            return Busy(
                "The journal is full; send it again.", reason="journal_full", retry_after=_RETRY_AFTER
            )
        case JournalUnwritable():
            return Busy(
                "The journal cannot be written; send it again.",
                reason="journal_unwritable",
                retry_after=_RETRY_AFTER,
            )
        case _:
            return error
