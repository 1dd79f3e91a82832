"""Runs the schedule of one exporter: takes batches, sends them, and reports what became of each entry.

    submit ─▶ schedule ─▶ up to 8 tasks, each: request ─▶ answer ─┬─▶ settled
                 ▲                                                 ├─▶ dead_letter ◀─ refuse
                 └──────────────── failed for now ─────────────────┘

Laws:
- Every entry is reported once, as delivered or as a dead letter, or is still here at `close`.
- Retries have no limit while nothing succeeds. A hold is logged once when it begins and once when it ends.
- While dead letters can't be written down, nothing further is sent.
- `close` interrupts requests and waits at once.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Coroutine, Hashable, Sequence
from typing import Protocol

from otel_bridge.delivery.answer import Kind, advice, classify, describe
from otel_bridge.delivery.backoff import Backoff
from otel_bridge.delivery.batch import API_MEMORY, ENTRY_MEMORY, Batch, Entry, size
from otel_bridge.delivery.burial import Burial
from otel_bridge.delivery.hold import Hold
from otel_bridge.delivery.request import Answer
from otel_bridge.delivery.schedule import Schedule
from otel_bridge.delivery.sender import NoConnection, Sender, Unreachable
from otel_bridge.delivery.target import Target
from otel_bridge.delivery.work import Setback, Work

_TOO_LARGE = 413
_SHOWN_IN_LOGS = 200

log = logging.getLogger(__name__)


class Callbacks(Protocol):
    """Who answers for the entries; called in the dispatcher's loop."""

    def settled(self, entries: Sequence[Entry]) -> None:
        """These are delivered."""
        ...

    async def dead_letter(self, api: Hashable, entries: Sequence[Entry], reason: str, answer: str) -> bool:
        """These are refused for good. False where that can't be written down now: it is asked again."""
        ...


class DeliveryMeter(Protocol):
    """Counts; called often."""

    def sent(self, exchanges: int) -> None:
        """The destination took so many."""
        ...

    def failed_request(self, kind: Kind, exchanges: int) -> None:
        """A request with so many was refused, or failed for now."""
        ...

    def latency(self, seconds: float) -> None:
        """A request took so long, whatever came of it."""
        ...

    def dead_lettered(self, exchanges: int, reason: str) -> None: ...

    def warned(self, exchanges: int) -> None:
        """The destination took so many with a complaint."""
        ...


class Dispatcher:
    """Belongs to the loop it is used in. The *sender* stays its owner's to close.

    *name* is the exporter's, for logs; *queue_size* is the most entries to put into one payload.
    """

    def __init__(
        self,
        name: str,
        *,
        target: Target,
        sender: Sender,
        callbacks: Callbacks,
        meter: DeliveryMeter,
        retry_count: int,
        queue_size: int,
        backoff: Backoff = Backoff(),  # noqa: B008 - frozen
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._name = name
        self._target = target
        self._sender = sender
        self._callbacks = callbacks
        self._meter = meter
        self._clock = clock
        self._schedule = Schedule(
            retry_count=retry_count,
            queue_size=queue_size,
            max_bytes=lambda: target.measure.max_bytes,
            backoff=backoff,
            jitter=jitter,
        )
        self._burial = Burial(
            name,
            write=callbacks.dead_letter,
            held=self._pump,
            backoff=backoff,
            clock=clock,
            jitter=jitter,
        )
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._announced: Hold | None = None
        self._changed = asyncio.Event()
        self._closed = False
        self.bytes = 0
        """Encoded bytes of all entries that are here."""
        self.entries = 0

    @property
    def idle(self) -> bool:
        """Nothing is here."""
        return self._schedule.idle and not self.entries

    @property
    def memory(self) -> int:
        """About the bytes that all of this takes."""
        return self.bytes + ENTRY_MEMORY * self.entries + API_MEMORY * self._schedule.apis

    @property
    def in_flight(self) -> int:
        """Requests waiting for an answer."""
        return self._schedule.in_flight

    @property
    def hold(self) -> Hold | None:
        """Why nothing goes out but probes, and since when; None while it does."""
        return self._burial.hold or self._schedule.hold

    def submit(self, batch: Batch) -> None:
        """Take *batch* over. It may go out in several payloads, or in one with others of its API."""
        self._welcome(batch.entries)
        self._schedule.submit(batch)
        self._pump()

    def refuse(self, batch: Batch, reason: str) -> None:
        """Take over what no payload can hold: it becomes a dead letter unasked."""
        self._welcome(batch.entries)
        self._spawn(self._bury(batch.api, batch.entries, reason, ""))

    def discard(self, unwanted: Callable[[Entry], bool]) -> int:
        """Forget the entries that are *unwanted*, but for what is in flight; returns how many."""
        gone = self._schedule.discard(unwanted)
        self._forget(gone)
        self._pump()
        return len(gone)

    async def drain(self, seconds: float) -> bool:
        """Wait until all is delivered; False at a hold, or after so many *seconds*."""
        try:
            async with asyncio.timeout(seconds):
                while not self.idle and self.hold is None:
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            pass
        return self.idle

    async def close(self) -> None:
        """Interrupt whatever goes on; what is not reported by then will not be."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # Deciding what runs.

    def _pump(self) -> None:
        """Start what may go out now, and come back when more may."""
        if self._closed:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = self._clock()
        while self._burial.hold is None and (work := self._schedule.take(now)) is not None:
            self._spawn(self._run(work))
        due = self._schedule.wake_at(now)
        if due is not None:
            self._timer = asyncio.get_running_loop().call_later(due - now, self._pump)
        self._announce()
        self._changed.set()

    def _spawn(self, task: Coroutine[None, None, None]) -> None:
        running = asyncio.get_running_loop().create_task(task)
        self._tasks.add(running)
        running.add_done_callback(self._tasks.discard)

    async def _run(self, work: Work) -> None:
        try:
            setback = await self._deliver(work)
        except Exception as error:
            # A bug must not take a lane out of service for ever; it is tried again like an outage.
            log.exception("%s: a payload could not be handled", self._name)
            setback = Setback(Kind.RETRY, f"internal error: {type(error).__name__}")
            self._meter.failed_request(setback.kind, len(work.plan.items))
        if setback is None:
            self._schedule.done(work)
        else:
            self._schedule.failed(work, setback, self._clock())
        self._pump()

    def _announce(self) -> None:
        before, self._announced = self._announced, self.hold
        if self._announced is None:
            if before is not None:
                log.info("%s: sending again after %.0f s", self._name, self._clock() - before.since)
        elif before is None:
            # A wrong destination waits for a human, an outage for the other end.
            level = logging.WARNING if self._announced.setback.kind is Kind.RETRY else logging.ERROR
            log.log(level, "%s: nothing is sent for now: %s", self._name, self._announced.setback.reason)

    # One payload.

    async def _deliver(self, work: Work) -> Setback | None:
        """Send what is left of *work*; returns what stands in the way, if anything does."""
        if work.doomed and work.setback is not None:
            reason = f"kept failing while others were delivered: {work.setback.reason}"
            await self._bury(work.api, work.plan.items, reason, work.setback.answer)
            return None
        while group := work.plan.group(self._target.grouping.limit):
            try:
                answer = await self._send(group)
            except Unreachable as error:
                unsent = isinstance(error, NoConnection)
                setback = Setback(Kind.RETRY, f"{self._target.url}: {error}", unsent=unsent)
                self._meter.failed_request(setback.kind, len(group))
                return setback
            outcome = classify(answer.status, answer.retry_after)
            if outcome.kind is not Kind.DELIVERED:
                self._meter.failed_request(outcome.kind, len(group))
            if outcome.kind is Kind.DELIVERED:
                await self._taken(work, group, answer)
            elif outcome.kind is Kind.SPLIT:
                await self._refused(work, group, answer)
            else:
                return self._setback(outcome.kind, outcome.wait, answer)
        if work.plan.taken_only_singly and self._target.grouping.only_singly():
            log.warning("%s: takes no arrays; messages are sent one by one from now on", self._name)
        self._learn_from(work)
        return None

    def _learn_from(self, work: Work) -> None:
        measure = self._target.measure
        if work.too_large and measure.learn(
            work.too_large, largest_taken=work.largest_taken, given_up=work.given_up
        ):
            log.warning(
                "%s: payloads hold at most %d bytes from now on; one of %d was answered 413",
                self._name,
                measure.max_bytes,
                work.too_large,
            )

    async def _send(self, group: Sequence[Entry]) -> Answer:
        request = self._target.request([entry.data for entry in group])
        begin = self._clock()
        try:
            return await self._sender.send(request)
        finally:
            self._meter.latency(self._clock() - begin)

    def _setback(self, kind: Kind, wait: float, answer: Answer) -> Setback:
        reason = f"{self._target.url} answered {describe(answer.status, answer.body[:_SHOWN_IN_LOGS])}"
        if kind is Kind.WRONG_DESTINATION:
            hint = advice(
                answer.status,
                answer.location,
                account_setting=self._target.account_setting,
                address_settings=self._target.address_settings,
            )
            reason = f"{hint} ({reason})"
        return Setback(kind, reason, wait, describe(answer.status, answer.body))

    async def _taken(self, work: Work, group: Sequence[Entry], answer: Answer) -> None:
        remarks = self._target.remarks(answer.status, answer.body, len(group))
        reasons = {failed.entry: failed.reason for failed in remarks.failed}
        taken = [entry for index, entry in enumerate(group) if index not in reasons] if reasons else group
        self._answered(work, delivered=bool(taken))
        work.largest_taken = max(work.largest_taken, size(group))
        given_up = work.plan.accepted()
        self._target.grouping.accepted(len(taken))
        if taken:
            self._meter.sent(len(taken))
            self._forget(taken)
            self._callbacks.settled(taken)
        if remarks.warned:
            self._meter.warned(remarks.warned)
        for reason in dict.fromkeys(reasons.values()):
            failed = [group[index] for index, each in reasons.items() if each == reason]
            await self._bury(work.api, failed, reason, describe(answer.status, answer.body))
        await self._give_up(work, given_up)

    async def _refused(self, work: Work, group: Sequence[Entry], answer: Answer) -> None:
        self._answered(work, delivered=False)
        if answer.status == _TOO_LARGE:
            work.too_large = max(work.too_large, size(group))
        work.refusal = (f"refused with {answer.status}", describe(answer.status, answer.body))
        await self._give_up(work, work.plan.refused(singly=self._target.grouping.uncertain))

    async def _give_up(self, work: Work, entries: Sequence[Entry]) -> None:
        work.given_up |= bool(entries)
        await self._bury(work.api, entries, *work.refusal)

    def _answered(self, work: Work, *, delivered: bool) -> None:
        if self._schedule.succeeded(work, self._clock(), delivered=delivered):
            self._pump()

    async def _bury(self, api: Hashable, entries: Sequence[Entry], reason: str, answer: str) -> None:
        """Hand *entries* over as a dead letter, however long that takes."""
        if not entries:
            return
        await self._burial.bury(api, entries, reason, answer)
        self._meter.dead_lettered(len(entries), reason)
        self._forget(entries)
        self._pump()

    def _welcome(self, entries: Sequence[Entry]) -> None:
        if self._closed:
            raise RuntimeError("this dispatcher is closed")
        self.bytes += sum(len(entry.data) for entry in entries)
        self.entries += len(entries)

    def _forget(self, entries: Sequence[Entry]) -> None:
        self.bytes -= sum(len(entry.data) for entry in entries)
        self.entries -= len(entries)
