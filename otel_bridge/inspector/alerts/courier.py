"""Sends what is in the book's outbox, until it is delivered, refused or given up.

    book.take ─▶ lane of the channel ─▶ channel.send ─▶ book.settle

Channels are served side by side, each one notification at a time. A try is written down before it begins,
and what came of it before the next one: after a kill nothing is sent again but what was under way, which
may or may not have arrived, and has the same id and `dedup_key` both times.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Coroutine, Mapping
from typing import TypeVar

import structlog

from otel_bridge.inspector.alerts.book import AlertBook, BookError, Outgoing
from otel_bridge.inspector.alerts.lane import ChannelHealth, Lane
from otel_bridge.inspector.alerts.notification import Channel, Outcome, Result

POLL = 1.0
"""Seconds: also what another process put into the outbox is found."""
SEND_TIMEOUT = 60.0
"""A channel bounds its own time; this is for one that doesn't."""
STOP_PATIENCE = 1.5

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Courier:
    """Belongs to the event loop that `run` runs in; `wake` and `health` are for all threads."""

    def __init__(
        self,
        book: AlertBook,
        channels: Mapping[str, Channel],
        *,
        now: Callable[[], int],
        on_outcome: Callable[[str, Result], None],
        jitter: Callable[[], float] = random.random,
    ) -> None:
        """*now* is Unix time in microseconds. *on_outcome* is told of each try, but not of renewals."""
        self._book = book
        self._channels = channels
        self._now = now
        self._on_outcome = on_outcome
        self._jitter = jitter
        self._lanes = {
            name: Lane(renews=channel.renews, jitter=jitter, now_us=now())
            for name, channel in channels.items()
        }
        self._loop: asyncio.AbstractEventLoop | None = None
        self._news = asyncio.Event()
        self._stopping = False
        self._stopped = asyncio.Event()
        self._tries: set[asyncio.Task[None]] = set()
        self._in_trouble = False

    async def run(self) -> None:
        """Until `stop`. What the book can't do for the moment is tried again."""
        self._loop = asyncio.get_running_loop()
        try:
            while not self._stopping:
                self._news.clear()
                await self._serve_guarded()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._news.wait(), POLL)
        finally:
            await self._end_tries()
            self._stopped.set()

    async def stop(self) -> None:
        """Return within 2 seconds, if the book answers; what is not delivered by then is the next start's."""
        self._stopping = True
        self._news.set()
        if self._loop is not None:
            await self._stopped.wait()

    def wake(self) -> None:
        """There may be something in the outbox."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._news.set)

    def health(self) -> Mapping[str, ChannelHealth]:
        """Of each channel that is configured. Raises BookError."""
        waiting = self._book.waiting()
        return {name: self._lanes[name].health(waiting.get(name, 0)) for name in self._channels}

    async def _serve_guarded(self) -> None:
        try:
            await self._serve()
        except Exception:
            log.exception("alerts could not be told for a moment")

    async def _serve(self) -> None:
        now = self._now()
        unavailable = {name for name, lane in self._lanes.items() if not lane.is_free(now)}
        for outgoing in await self._ask(lambda: self._book.take(now, unavailable)) or ():
            self._start(outgoing.channel, self._try(outgoing))
        for name in [name for name, lane in self._lanes.items() if lane.has_to_renew(now)]:
            self._start(name, self._renew(name))

    def _start(self, name: str, work: Coroutine[None, None, None]) -> None:
        self._lane(name).busy = True
        task = asyncio.create_task(work, name=f"alerts: {name}")
        self._tries.add(task)
        task.add_done_callback(lambda done: self._ended(name, done))

    def _ended(self, name: str, task: asyncio.Task[None]) -> None:
        self._lane(name).busy = False
        self._tries.discard(task)
        self._news.set()
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("an alert could not be told for a moment", channel=name, exc_info=error)

    async def _try(self, outgoing: Outgoing) -> None:
        outcome = await self._send(outgoing)
        now = self._now()
        lane = self._lane(outgoing.channel)
        again_us = lane.tried(outcome, outgoing.tries, now)
        last = await self._write_down(lambda: self._book.settle(outgoing, outcome, now, again_us))
        self._on_outcome(outgoing.channel, outcome.result)
        if last:
            lane.settled(outcome)
        if last and outcome.result is not Result.DELIVERED:
            log.warning(
                "an alert could not be told",
                channel=outgoing.channel,
                rule=outgoing.notification.rule_name,
                kind=outgoing.notification.kind.value,
                why=outcome.detail,
            )

    async def _renew(self, name: str) -> None:
        """One at a time, so that news is never behind many that are none."""
        lane = self._lanes[name]
        outgoing = await self._ask(lambda: self._book.renewable(name, lane.renewed))
        if outgoing is None:
            lane.renewed_all(self._now())
        else:
            outcome = await self._send(outgoing)
            lane.tried(outcome, 1, self._now())
            lane.renewed = outgoing.id

    async def _send(self, outgoing: Outgoing) -> Outcome:
        channel = self._channels.get(outgoing.channel)
        if channel is None:
            return Outcome(Result.REFUSED, "there is no such channel any more")
        try:
            async with asyncio.timeout(SEND_TIMEOUT):
                return await channel.send(outgoing.notification)
        except TimeoutError:
            return Outcome(Result.RETRY, f"no answer within {SEND_TIMEOUT:.0f} s")
        except Exception as error:
            log.exception("a channel failed", channel=outgoing.channel)
            return Outcome(Result.RETRY, f"it failed: {type(error).__name__}")

    async def _write_down(self, settle: Callable[[], bool]) -> bool:
        """However long it takes: until then nothing else goes out here, and what did is not sent again."""
        while True:
            last = await self._ask(settle)
            if last is not None:
                return last
            await asyncio.sleep(POLL)

    async def _ask(self, work: Callable[[], T]) -> T | None:
        """What the book answers; None where it can't for the moment."""
        try:
            answer = await asyncio.to_thread(work)
        except BookError as error:
            if not self._in_trouble:
                log.warning("alerts can't be told for now", why=str(error))
            self._in_trouble = True
            return None
        self._in_trouble = False
        return answer

    def _lane(self, name: str) -> Lane:
        if name not in self._lanes:
            self._lanes[name] = Lane(renews=False, jitter=self._jitter, now_us=self._now())
        return self._lanes[name]

    async def _end_tries(self) -> None:
        if self._tries:
            await asyncio.wait(self._tries, timeout=STOP_PATIENCE)
        for task in list(self._tries):
            task.cancel()
        await asyncio.gather(*self._tries, return_exceptions=True)
