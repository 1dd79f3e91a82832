"""A courier at work beside the test, and the plainest channel there can be.

`python -m tests.inspector.alerts.couriers BOOK URL FIRST` makes firings begin and end and tells of them, with
the wall clock, until it is killed.
"""

from __future__ import annotations

import itertools
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from otel_bridge.inspector.alerts.book import AlertBook, messages
from otel_bridge.inspector.alerts.book.outbox import MOST_WAITING
from otel_bridge.inspector.alerts.courier import Courier
from otel_bridge.inspector.alerts.notification import Channel, Notification, Outcome, Result
from tests.inspector.alerts.books import NOW, a_rule, begins, ends
from tests.loops import BackgroundLoop


class Clock:
    def __init__(self) -> None:
        self.us = NOW

    def __call__(self) -> int:
        return self.us


class HttpChannel:
    """Posts notifications as JSON; 5xx is RETRY and other failures are REFUSED."""

    def __init__(self, url: str, name: str = "slack", *, renews: bool = False) -> None:
        self.name = name
        self.renews = renews
        self._url = url
        self._client = httpx.AsyncClient(timeout=3600)

    async def send(self, notification: Notification) -> Outcome:
        try:
            answer = await self._client.post(self._url, content=messages.dump(notification))
        except httpx.HTTPError as error:
            return Outcome(Result.RETRY, type(error).__name__)
        if answer.is_success:
            return Outcome(Result.DELIVERED, "ok")
        after = answer.headers.get("retry-after")
        result = Result.RETRY if answer.status_code >= 500 else Result.REFUSED
        return Outcome(result, f"HTTP {answer.status_code}", float(after) if after else None)

    async def close(self) -> None:
        await self._client.aclose()


class Work:
    """A courier that runs, and what it said of its tries."""

    def __init__(self, courier: Courier, outcomes: list[tuple[str, Result]], loop: BackgroundLoop) -> None:
        self.courier = courier
        self.outcomes = outcomes
        self._loop = loop

    def stop(self) -> None:
        self._loop.run(self.courier.stop())


@contextmanager
def working(book: AlertBook, *channels: Channel, clock: Clock, jitter: float = 1.0) -> Iterator[Work]:
    outcomes: list[tuple[str, Result]] = []
    with BackgroundLoop() as loop:
        courier = Courier(
            book,
            {channel.name: channel for channel in channels},
            now=clock,
            on_outcome=lambda name, result: outcomes.append((name, result)),
            jitter=lambda: jitter,
        )
        loop.start(courier.run())
        work = Work(courier, outcomes, loop)
        try:
            yield work
        finally:
            work.stop()
            for channel in channels:
                loop.run(channel.close())


def tell_until_killed(path: Path, url: str, first: int) -> None:
    """Print the number of each group once its firing, and then its end, is in the book."""
    book = AlertBook(path, owner=True)
    rule = a_rule(channels=("slack",))
    book.put(rule)
    book.saved()
    with BackgroundLoop() as loop:
        courier = Courier(book, {"slack": HttpChannel(url)}, now=_now, on_outcome=lambda *_: None)
        loop.start(courier.run())
        for number in itertools.count(first):
            # Beyond that, what is over before it was told is not told any more.
            while book.waiting().get("slack", 0) > MOST_WAITING // 2:
                time.sleep(0.01)
            book.record([begins(rule, str(number), _now())], [], _now())
            courier.wake()
            print("began", number, flush=True)
            if number % 2:
                book.record([ends(rule, str(number), _now())], [], _now())
                courier.wake()
                print("ended", number, flush=True)


def _now() -> int:
    return time.time_ns() // 1000


if __name__ == "__main__":
    tell_until_killed(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
