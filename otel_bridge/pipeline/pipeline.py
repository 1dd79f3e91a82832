"""Follows the journal for one exporter, from records to settled exchanges.

    journal ──▶ decode ──▶ new? mine? ──▶ late spans ──▶ access logs ──▶ batch per API ──▶ dispatcher
       ▲                                                                                        │
       └──────────── cursor ◀── ledger ◀── delivered, or a dead letter ◀────────────────────────┘

Laws:
- The cursor passes a record only when each of its exchanges is delivered, dead-lettered, or given up.
- Memory has a bound: at it the largest buffer flushes and following stops until something is settled.
- Nothing here is shared: one loop, one thread, one owner. Only the journal, the decoder and the dead
  letters are used by several pipelines, and they lock for themselves.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import NamedTuple

import structlog

from otel_bridge.delivery import Batch, Dispatcher, Entry, Sender
from otel_bridge.exporters.base import Destination
from otel_bridge.journal import Cursor, Journal, JournalError, Record, Signal
from otel_bridge.mapping import Api, Found, HttpExchange
from otel_bridge.pipeline.access_logs import AccessLogs
from otel_bridge.pipeline.decoder import Decoder
from otel_bridge.pipeline.late_spans import Arrival, LateSpans
from otel_bridge.pipeline.ledger import Ledger
from otel_bridge.pipeline.letters import Letters, Origin, ReplayOrigin
from otel_bridge.pipeline.meter import PipelineMeter
from otel_bridge.pipeline.processor import BatchSpanProcessor
from otel_bridge.pipeline.seen import Seen

# Read at a time: enough to keep busy, little enough to see sends finish in between.
READ_BYTES = 1024 * 1024
# How often replayed dead letters and the backlog are looked at, in seconds.
CHORES = 1.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSettings:
    """One exporter's settings, as far as the pipeline itself acts on them."""

    queue_size: int
    flush_timeout: float
    """Seconds."""
    memory: int
    """Bytes that entries may take, unflushed and queued."""
    max_backlog: int | None = None
    """Bytes of the journal that may wait for this exporter; None: no limit but the journal's own."""


class PipelineState(NamedTuple):
    exchanges: int
    """Taken from the journal and not settled yet."""
    bytes: int
    """Their encoded bytes, buffered or being sent."""
    in_flight: int
    """Requests waiting for an answer."""
    hold_seconds: float | None
    """How long nothing could be delivered; None while it can."""


class Pipeline:
    """One exporter's way from the journal to its destination; belongs to the loop that runs it."""

    def __init__(
        self,
        name: str,
        *,
        settings: PipelineSettings,
        journal: Journal,
        decoder: Decoder,
        letters: Letters,
        destination: Destination,
        takes: Callable[[HttpExchange], bool],
        sender: Sender,
        dispatcher: Callable[[Pipeline], Dispatcher],
        meter: PipelineMeter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """*takes* says which exchanges are this exporter's; *dispatcher* makes one that reports here."""
        self.name = name
        self._settings = settings
        self._journal = journal
        self._decoder = decoder
        self._letters = letters
        self._destination = destination
        self._takes = takes
        self._sender = sender
        self._meter = meter
        self._clock = clock
        self._dispatcher = dispatcher(self)
        self._seen = Seen()
        self._late = LateSpans()
        self._access_logs = AccessLogs(joined=lambda: meter.joined(1), dropped=self._drop)
        self._processor = BatchSpanProcessor(self, clock=clock)
        self._read = journal.cursors()[name]
        self._ledger = Ledger(self._read)
        self._committed = self._read
        self._chores_at = clock()
        self._news = asyncio.Event()
        self._woken = False
        self._last: Cursor | None = None
        """What a drain goes up to; None while there is none."""

    # Life.

    async def run(self) -> None:
        """Follow the journal until `drain` has emptied it, or the task is cancelled."""
        loop = asyncio.get_running_loop()

        def wake() -> None:
            # One call is enough for all commits until the next turn.
            if not self._woken:
                self._woken = True
                with contextlib.suppress(RuntimeError):  # the loop may just be closing
                    loop.call_soon_threadsafe(self._news.set)

        self._journal.listen(wake)
        try:
            while not await self._turn():
                pass
        finally:
            self._journal.unlisten(wake)
            await self._dispatcher.close()
            await self._sender.aclose()
            self._commit()

    def drain(self) -> None:
        """Make `run` end once all that the journal has now is delivered, or nothing can be.

        What comes later stays in the journal, as does the rest: traffic that goes on puts off no end.
        """
        self._last = self._journal.end()
        self._news.set()

    def state(self) -> PipelineState:
        """How it stands; any thread may ask."""
        hold = self._dispatcher.hold
        return PipelineState(
            exchanges=self._ledger.outstanding,
            bytes=self._processor.buffers.bytes + self._dispatcher.bytes,
            in_flight=self._dispatcher.in_flight,
            hold_seconds=None if hold is None else self._clock() - hold.since,
        )

    async def _turn(self) -> bool:
        """One round of work; True when a drain is done."""
        self._woken = False
        self._news.clear()
        try:
            took = self._follow()
            wait = self._flush_due()
            self._commit()
            if self._clock() >= self._chores_at:
                self._do_chores()
        except JournalError as error:
            # A disk that hiccups: what was read so far goes on, the rest is read later.
            log.warning("the journal can't be read for now", exporter=self.name, why=str(error))
            took, wait = False, CHORES
        if took:
            await asyncio.sleep(0)
            return False
        if self._last is not None and (self._dispatcher.idle or self._dispatcher.hold is not None):
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._news.wait(), wait)
        return False

    # From the journal to the buffers.

    def _follow(self) -> bool:
        """Take the next records in; False where there are none, or no room for them."""
        if self._memory >= self._settings.memory:
            if (batch := self._processor.buffers.flush_largest()) is not None:
                self.deliver(batch)
            return False
        records = self._journal.read(self._read, limit_bytes=READ_BYTES, upto=self._last)
        for record in records:
            self._take(record)
        return bool(records)

    def _take(self, record: Record) -> None:
        self._read = record.cursor
        now = self._clock()
        spotted = self._decoder.decode(record)
        if record.signal is Signal.LOGS:
            logs = _arrivals(record, spotted.exchanges)
            self._ledger.open(record.cursor, len(logs))
            self._hand_on(self._access_logs.logs(logs, now))
            return
        # Whose a span is may only show once it is joined with its log.
        anybodys = self._access_logs.met
        taken = [found for found in spotted.exchanges if anybodys or self._takes(found.exchange)]
        mine = _arrivals(record, self._new(taken, now))
        self._ledger.open(record.cursor, len(mine))
        # Helper spans first: they complete exchanges that came before those of this record.
        self._add(self._late.helpers(spotted.helpers, now), now)
        self._add(self._late.take(mine, now), now)

    def _new(self, found: Sequence[Found], now: float) -> Sequence[Found]:
        """Those of *found* that were not met before."""
        keys = [exchange.trace_id + exchange.span_id for exchange, _ in found]
        first = self._seen.first_ones(keys, now)
        if all(first):
            return found
        self._meter.repeated(first.count(False))
        return list(compress(found, first))

    def _add(self, arrivals: Iterable[Arrival], now: float) -> None:
        """Spans' exchanges, with all their helper spans."""
        self._hand_on(self._access_logs.spans(arrivals, now))

    def _hand_on(self, arrivals: Iterable[Arrival]) -> None:
        for arrival in arrivals:
            if self._access_logs.met and not self._takes(arrival.exchange):
                self._settle([arrival.origin])
            else:
                self._processor.add(arrival.exchange, arrival.origin)

    def _drop(self, arrival: Arrival) -> None:
        """The other signal's account of it is on its way already."""
        self._meter.repeated(1)
        self._settle([arrival.origin])

    def _flush_due(self) -> float:
        """Hand on what has waited long enough; returns the seconds until there may be more to do."""
        now = self._clock()
        if self._last is not None:
            self._add(self._late.drain(), now)
            self._hand_on(self._access_logs.drain(now))
            self._processor.flush_all()
        else:
            self._add(self._late.due(now), now)
            self._hand_on(self._access_logs.due(now))
        waits = [CHORES, self._processor.flush_due()]
        waits += [at - now for at in (self._late.next_due(), self._access_logs.next_due()) if at is not None]
        return max(0.0, min(wait for wait in waits if wait is not None))

    @property
    def _memory(self) -> int:
        return self._processor.buffers.memory + self._dispatcher.memory

    # What the processor asks of its exporter.

    @property
    def queue_size(self) -> int:
        return self._settings.queue_size

    @property
    def flush_timeout(self) -> float:
        return self._settings.flush_timeout

    @property
    def max_payload(self) -> int:
        return self._destination.max_payload

    def entry(self, exchange: HttpExchange) -> bytes:
        return self._destination.entry(exchange)

    def deliver(self, batch: Batch) -> None:
        self._dispatcher.submit(batch)

    def refuse(self, api: Api, origin: Hashable, reason: str) -> None:
        """No payload can hold this exchange: a dead letter, though no destination was asked."""
        self._dispatcher.refuse(Batch(api, [Entry(b"", origin)]), reason)

    # What the dispatcher tells.

    def settled(self, entries: Sequence[Entry]) -> None:
        """These entries are delivered."""
        self._settle([entry.origin for entry in entries])

    async def dead_letter(self, api: Hashable, entries: Sequence[Entry], reason: str, answer: str) -> bool:
        """These were refused for good; False where that can't be written down now."""
        journaled = [entry.origin for entry in entries if isinstance(entry.origin, Origin)]
        replayed = [entry.origin for entry in entries if isinstance(entry.origin, ReplayOrigin)]
        name = api.name if isinstance(api, Api) else ""
        if journaled and not self._letters.write(name, journaled, reason=reason, answer=answer):
            return False
        self._letters.put_back(replayed, reason=reason, answer=answer)
        self._settle(journaled)
        return True

    def _settle(self, origins: Sequence[Hashable]) -> None:
        journaled = [origin for origin in origins if isinstance(origin, Origin)]
        logs = [origin.log for origin in journaled if origin.log is not None]
        self._ledger.settle([origin.cursor for origin in (*journaled, *logs)])
        self._letters.settle([origin for origin in origins if isinstance(origin, ReplayOrigin)])
        self._news.set()

    def _commit(self) -> None:
        if self._ledger.settled > self._committed:
            self._committed = self._ledger.settled
            self._journal.commit(self.name, self._committed)

    # What comes up now and then.

    def _do_chores(self) -> None:
        self._chores_at = self._clock() + CHORES
        for origin, exchange in self._letters.replays():
            self._processor.add(exchange, origin)
        if self._settings.max_backlog is not None:
            self._give_up_surplus(self._settings.max_backlog)

    def _give_up_surplus(self, max_backlog: int) -> None:
        """Let go of the oldest records past *max_backlog* bytes: counted, logged, and listed."""
        surplus = self._journal.cursor_leaving(self._ledger.settled, max_backlog)
        if not surplus.records:
            return
        lost = self._ledger.give_up(min(surplus.cursor, self._read))
        while records := self._journal.read(self._read, limit_bytes=READ_BYTES, upto=surplus.cursor):
            for record in records:
                self._read = record.cursor
                spotted = self._decoder.decode(record)
                lost += sum(1 for found in spotted.exchanges if self._takes(found.exchange))
        self._read = max(self._read, surplus.cursor)
        self._ledger.give_up(surplus.cursor)
        self._forget_upto(surplus.cursor)
        self._meter.given_up(lost)
        log.warning(
            "max_backlog is reached: the oldest exchanges are given up", exporter=self.name, exchanges=lost
        )
        # Last, because it is the one that can fail.
        self._letters.give_up(surplus, lost, reason="max_backlog is reached")

    def _forget_upto(self, cursor: Cursor) -> None:
        def unwanted(entry: Entry) -> bool:
            return isinstance(entry.origin, Origin) and entry.origin.last <= cursor

        self._late.discard(lambda arrival: arrival.origin.last <= cursor)
        self._access_logs.discard(lambda arrival: arrival.origin.last <= cursor)
        self._processor.buffers.discard(unwanted)
        self._dispatcher.discard(unwanted)


def _arrivals(record: Record, found: Sequence[Found]) -> list[Arrival]:
    seq, cursor, new = record.seq, record.cursor, tuple.__new__  # half the price of their own constructors
    return [
        new(Arrival, (exchange, new(Origin, (seq, cursor, address, None)))) for exchange, address in found
    ]
