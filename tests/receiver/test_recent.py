"""Which bodies count as sent again."""

from __future__ import annotations

import asyncio

from otel_bridge.receiver.recent import RecentBodies


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def commit(result: Exception | None = None, *, done: bool = True) -> asyncio.Future[None]:
    future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    if result:
        future.set_exception(result)
    elif done:
        future.set_result(None)
    return future


async def callbacks_ran() -> None:
    await asyncio.sleep(0)


def test_knows_a_body_for_120_seconds() -> None:
    async def check() -> None:
        clock = Clock()
        recent = RecentBodies(clock=clock)
        first = commit()
        recent.remember(recent.key(b"body"), first)

        assert first is recent.find(recent.key(b"body"))
        assert recent.find(recent.key(b"bodx")) is None
        clock.now += 120
        assert first is recent.find(recent.key(b"body"))
        clock.now += 0.1
        assert recent.find(recent.key(b"body")) is None
        assert len(recent) == 0

    asyncio.run(check())


def test_a_body_on_its_way_is_known_already() -> None:
    async def check() -> None:
        recent = RecentBodies(clock=Clock())
        on_its_way = commit(done=False)
        recent.remember(b"key", on_its_way)

        assert on_its_way is recent.find(b"key")

    asyncio.run(check())


def test_a_failed_body_is_forgotten() -> None:
    async def check() -> None:
        recent = RecentBodies(clock=Clock())
        recent.remember(b"refused", commit(RuntimeError("full")))
        cancelled = commit(done=False)
        recent.remember(b"cancelled", cancelled)
        cancelled.cancel()
        await callbacks_ran()

        assert recent.find(b"refused") is None
        assert recent.find(b"cancelled") is None

    asyncio.run(check())


def test_a_late_failure_does_not_take_the_next_try_with_it() -> None:
    async def check() -> None:
        clock = Clock()
        recent = RecentBodies(clock=clock)
        first, second = commit(done=False), commit()
        recent.remember(b"key", first)
        clock.now += 200
        assert recent.find(b"key") is None
        recent.remember(b"key", second)
        first.set_exception(RuntimeError("full"))
        await callbacks_ran()

        assert second is recent.find(b"key")

    asyncio.run(check())


def test_remembers_a_bounded_number() -> None:
    async def check() -> None:
        recent = RecentBodies(clock=Clock(), max_entries=3)
        for key in (b"1", b"2", b"3", b"4"):
            recent.remember(key, commit())

        assert len(recent) == 3
        assert recent.find(b"1") is None
        assert recent.find(b"2") is not None

    asyncio.run(check())
