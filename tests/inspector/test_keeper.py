"""From posts to commits: nobody is answered before theirs, and many share one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.keeper import COMMIT_EXCHANGES, Keeper
from otel_bridge.inspector.live import Live
from otel_bridge.inspector.policy import Policy
from otel_bridge.inspector.query import All
from otel_bridge.inspector.settings import LogBodies
from otel_bridge.inspector.store.interface import Appended, StoreError, StoreFullError
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import SqliteStore
from otel_bridge.inspector.wire.sink import NotKeptError
from tests.inspector.exchanges import an_exchange
from tests.loops import LIMIT

pytestmark = pytest.mark.anyio

ALL = Policy(log_bodies=LogBodies.ALL, exclude=())


class Slow:
    """A store's `append` that goes on when it is told to."""

    def __init__(self) -> None:
        self.may_go = threading.Event()
        self.entered = threading.Event()
        self.commits: list[int] = []
        self.trouble: Exception | None = None

    def append(self, exchanges: Sequence[Exchange]) -> Appended:
        self.commits.append(len(exchanges))
        self.entered.set()
        assert self.may_go.wait(LIMIT)
        if self.trouble:
            raise self.trouble
        return Appended(len(exchanges), 0)


@asynccontextmanager
async def _keeper(
    append: Callable[[Sequence[Exchange]], Appended], *, live: Live | None = None, **options: int
) -> AsyncIterator[Keeper]:
    keeper = Keeper(append, policy=ALL, live=live or Live(), **options)
    try:
        yield keeper
    finally:
        await keeper.close()


async def _began(waits: Sequence[Awaitable[None]]) -> list[asyncio.Task[None]]:
    """Tasks of *waits*, each as far as it gets by itself."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.sleep(0)
    return tasks


def _calls(count: int, first: int = 0) -> list[Exchange]:
    return [
        an_exchange(span_id=f"{first + number:016x}", path=f"/{first + number}") for number in range(count)
    ]


async def test_who_is_answered_finds_it_in_the_store(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path, retention=Retention(age=1e9, size=1 << 30, bodies=1e9, min_free=0))
    async with _keeper(store.append) as keeper:
        await keeper.keep(_calls(3))

        assert ["/2", "/1", "/0"] == [row.path for row in store.search(All()).rows]
    store.close()


async def test_those_who_come_during_a_commit_share_the_next() -> None:
    slow = Slow()
    async with _keeper(slow.append) as keeper:
        [first] = await _began([keeper.keep(_calls(1))])
        await asyncio.to_thread(slow.entered.wait, LIMIT)
        others = await _began([keeper.keep(_calls(2, number * 2)) for number in range(1, 21)])
        slow.may_go.set()
        await asyncio.gather(first, *others)

    assert [1, 40] == slow.commits


async def test_a_commit_has_an_end() -> None:
    slow = Slow()
    half = COMMIT_EXCHANGES // 2
    async with _keeper(slow.append) as keeper:
        [first] = await _began([keeper.keep(_calls(1))])
        await asyncio.to_thread(slow.entered.wait, LIMIT)
        others = await _began([keeper.keep(_calls(half, number * half)) for number in range(1, 5)])
        slow.may_go.set()
        await asyncio.gather(first, *others)

    assert [1, 2 * half, 2 * half] == slow.commits


async def test_more_than_may_wait_is_sent_away() -> None:
    slow = Slow()
    large = an_exchange(request=Side(body=bytes(10_000)))
    async with _keeper(slow.append, max_waiting=5_000) as keeper:
        [alone] = await _began([keeper.keep([large])])
        with pytest.raises(NotKeptError, match="can't keep up"):
            await keeper.keep(_calls(1))
        slow.may_go.set()
        await alone
        await keeper.keep(_calls(1))

    assert [1, 1] == slow.commits


@pytest.mark.parametrize("trouble", [StoreFullError("the disk is full"), StoreError("the disk is full")])
async def test_a_full_store_says_why_and_works_again(trouble: Exception) -> None:
    slow = Slow()
    slow.may_go.set()
    async with _keeper(slow.append) as keeper:
        slow.trouble = trouble
        with pytest.raises(NotKeptError, match="the disk is full"):
            await keeper.keep(_calls(1))
        slow.trouble = None
        await keeper.keep(_calls(1))


async def test_a_fault_of_the_store_ends_no_later_commit() -> None:
    slow = Slow()
    slow.may_go.set()
    async with _keeper(slow.append) as keeper:
        slow.trouble = RuntimeError("a bug")
        with pytest.raises(RuntimeError):
            await keeper.keep(_calls(1))
        slow.trouble = None
        await keeper.keep(_calls(1))


async def test_what_a_sender_posted_who_left_is_kept() -> None:
    slow = Slow()
    async with _keeper(slow.append) as keeper:
        [leaving] = await _began([keeper.keep(_calls(1))])
        leaving.cancel()
        slow.may_go.set()
        await keeper.keep(_calls(1, 1))

    assert 2 == sum(slow.commits)


async def test_only_what_is_new_is_news() -> None:
    slow, live = Slow(), Live()
    slow.may_go.set()
    with live.listen(lambda _: True) as listener:
        async with _keeper(slow.append, live=live) as keeper:
            await keeper.keep(_calls(2))
            await keeper.keep(_calls(3))

        assert (_calls(3), 0) == await listener.take()
