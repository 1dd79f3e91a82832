"""The alerts at work: a thread that evaluates, a courier that tells, and the clock between them.

    live ─▶ listener (bounded) ─▶ thread: engine ─▶ book ─▶ courier

The thread takes what has come since it was last free; ingest never waits for it. What the listener had to
let go meanwhile is counted in `missed`. Nor does anything else wait for a book that can't be opened: it is
tried again each second, and when it could be, or had to be begun anew, the thread goes on from what it has.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from secrets import token_hex
from typing import Any

import structlog

from otel_bridge.inspector.alerts.book import AlertBook, BookError
from otel_bridge.inspector.alerts.change import Change, SavedWindow
from otel_bridge.inspector.alerts.courier import Courier
from otel_bridge.inspector.alerts.engine import Engine, RuleHealth
from otel_bridge.inspector.alerts.lane import ChannelHealth
from otel_bridge.inspector.alerts.notification import Channel, Outcome, Result
from otel_bridge.inspector.alerts.rule import Rule, Watch
from otel_bridge.inspector.alerts.trial import trial
from otel_bridge.inspector.alerts.watches import NO_TRAFFIC, OF_BRIDGE, BridgeState, Watches
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.live import Live

TICK = 1.0
BRIDGE_SECONDS = 15.0
PRUNE_SECONDS = 3600.0
# Several seconds of the most that can arrive.
MOST_WAITING = 20_000
MOST_WAITING_BYTES = 32 << 20
MOST_CHANGES = 20_000
"""That are kept until they can be written down; beyond, the last one of each group."""

AskBridge = Callable[[], BridgeState | None]
"""How the bridge is; None if it does not say. Called in a worker thread."""

log = structlog.get_logger(__name__)


def _now() -> int:
    return time.time_ns() // 1000


class Alerting:
    """Belongs to one event loop; *book* is closed by whoever opened it."""

    def __init__(
        self,
        book: AlertBook,
        channels: Mapping[str, Channel],
        *,
        ask_bridge: AskBridge | None,
        now: Callable[[], int] = _now,
    ) -> None:
        """*ask_bridge* None: there is no bridge to watch. *now* is Unix time in microseconds."""
        self.book = book
        self.channels = channels
        self.missed = 0
        """Exchanges that came faster than they could be looked at."""
        self.trouble = ""
        """Why nothing can be written down at present; "" if all is well."""
        self._ask_bridge = ask_bridge
        self._now = now
        self._engine = Engine(now=now)
        self._courier = Courier(book, channels, now=now, on_outcome=_log_outcome)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="alerts")
        self._tasks: list[asyncio.Task[None]] = []
        self._rules: Sequence[Rule] = ()
        self._version: int | None = None
        self._opened: int | None = None
        self._changes: list[Change] = []
        self._windows: dict[tuple[str, str], SavedWindow] = {}
        self._watches = Watches(())

    async def start(self, live: Live) -> None:
        await self._run(self._tick)
        self._tasks = [
            asyncio.create_task(self._follow(live), name="alerts: traffic"),
            asyncio.create_task(_each(TICK, self._ticks), name="alerts: clock"),
            asyncio.create_task(_each(PRUNE_SECONDS, self._prunes), name="alerts: history"),
            asyncio.create_task(self._courier.run(), name="alerts: courier"),
        ]
        if self._ask_bridge is not None:
            self._tasks.append(asyncio.create_task(_each(BRIDGE_SECONDS, self._watch), name="alerts: bridge"))

    async def stop(self) -> None:
        """Write down what was counted; what could not be told waits for the next start."""
        await self._courier.stop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._run(self._tick)
        await asyncio.to_thread(self._thread.shutdown)
        for channel in self.channels.values():
            await channel.close()

    def health(self) -> Mapping[str, RuleHealth]:
        """By rule id."""
        return self._engine.health()

    def channel_health(self) -> Mapping[str, ChannelHealth]:
        """By channel's name."""
        return self._courier.health()

    async def test(self, name: str, *, link: str) -> Outcome:
        """Tell a channel, once, that somebody wants to see whether it works. Raises KeyError."""
        notification = trial(name, id=token_hex(16), now_us=self._now(), link=link)
        return await self.channels[name].send(notification)

    async def take_over(self) -> None:
        """Go by what was changed in the book from here on, instead of from the next tick on."""
        await self._run(self._tick)

    async def _run(self, work: Callable[..., None], *arguments: Any) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, work, *arguments)

    async def _follow(self, live: Live) -> None:
        with live.listen(None, most=MOST_WAITING, most_bytes=MOST_WAITING_BYTES) as listener:
            while (news := await listener.take()) is not None:
                self.missed += news.missed
                try:
                    await self._run(self._see, news.exchanges)
                except Exception:
                    self.missed += len(news.exchanges)
                    log.exception("alerts could not look at what came")

    async def _ticks(self) -> None:
        await self._run(self._tick)

    async def _prunes(self) -> None:
        with contextlib.suppress(BookError):
            await asyncio.to_thread(self.book.prune, self._now())

    async def _watch(self) -> None:
        assert self._ask_bridge is not None
        state = await asyncio.to_thread(self._ask_bridge)
        if state is not None:
            await self._run(self._look, state)

    # In the thread.

    def _see(self, exchanges: Sequence[Exchange]) -> None:
        self._engine.see(exchanges)

    def _begin(self) -> None:
        self.book.seed((NO_TRAFFIC, *(OF_BRIDGE if self._ask_bridge else ())))
        opened = self.book.opened
        windows, firing = self.book.saved()
        self._engine, self._changes, self._windows = Engine(now=self._now), [], {}
        self._version = self.book.version()
        self._rules = self.book.rules()
        self._changes += self._engine.use(self._rules)
        self._engine.restore(windows, firing)
        watched = {rule.id for rule in self._rules if isinstance(rule.condition, Watch)}
        self._watches = Watches(each for each in firing if each[0] in watched)
        self._opened = opened

    def _look(self, state: BridgeState) -> None:
        self._changes += self._watches.look(self._rules, state, self._now())

    def _tick(self) -> None:
        try:
            if self._opened != self.book.opened:
                self._begin()
            self._judge()
            self._take_over_rules()
            self._write_down()
        except BookError as error:
            if not self.trouble:
                log.warning("alerts can't be written down for now", why=str(error))
            self.trouble = str(error)
            if len(self._changes) > MOST_CHANGES:
                self._changes = _last_of_each(self._changes)
        else:
            self.trouble = ""

    def _judge(self) -> None:
        changes, windows = self._engine.tick()
        self._changes += changes
        self._windows.update(((each.rule_id, each.group), each) for each in windows)

    def _take_over_rules(self) -> None:
        version = self.book.version()
        if version != self._version:
            self._rules = self.book.rules()
            self._version = version
            self._changes += self._engine.use(self._rules)

    def _write_down(self) -> None:
        now = self._now()
        told = self.book.record(self._changes, list(self._windows.values()), now)
        self._changes, self._windows = [], {}
        if told:
            self._courier.wake()


def _log_outcome(channel: str, result: Result) -> None:
    if result is not Result.DELIVERED:
        log.warning("a channel did not take a notification", channel=channel, result=result.value)


def _last_of_each(changes: Iterable[Change]) -> list[Change]:
    """What is still so. What began and ended unseen is nobody's concern any more."""
    return list({(each.rule.id, each.group): each for each in changes}.values())


async def _each(seconds: float, work: Callable[[], Any]) -> None:
    while True:
        try:
            await work()
        except Exception:
            log.exception("alerts failed for a moment")
        await asyncio.sleep(seconds)
