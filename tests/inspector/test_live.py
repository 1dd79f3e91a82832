"""News for those who look on."""

from __future__ import annotations

import asyncio

import pytest

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.live import Live
from otel_bridge.inspector.query import Subject, matcher, parse
from tests.inspector.exchanges import an_exchange
from tests.loops import LIMIT

pytestmark = pytest.mark.anyio


def _numbered(count: int, size: int = 0) -> list[Exchange]:
    return [an_exchange(path=f"/{number}", request=Side(body=bytes(size))) for number in range(count)]


def _everything(_: Subject) -> bool:
    return True


async def test_who_listens_hears_what_is_wanted_and_nothing_else() -> None:
    live = Live()
    with live.listen(matcher(parse("status:5xx"))) as listener:
        good, bad = an_exchange(status=200), an_exchange(status=503)
        live.publish([good, bad])

        assert ([bad], 0) == await listener.take()


async def test_who_waits_is_woken() -> None:
    live = Live()
    with live.listen(_everything) as listener:
        taking = asyncio.create_task(listener.take())
        await asyncio.sleep(0)
        news = _numbered(1)
        live.publish(news)

        assert (news, 0) == await asyncio.wait_for(taking, LIMIT)


async def test_who_does_not_keep_up_is_told_how_much_is_missing() -> None:
    live = Live()
    exchanges = _numbered(5)
    with live.listen(_everything, most=3) as listener, live.listen(_everything) as quick:
        live.publish(exchanges[:4])
        live.publish(exchanges[4:])

        assert (exchanges[2:], 2) == await listener.take()
        assert (exchanges, 0) == await quick.take()
        live.publish(exchanges[:1])
        assert (exchanges[:1], 0) == await listener.take()


@pytest.mark.parametrize("size", [60, 200])
async def test_large_bodies_count_by_their_bytes(size: int) -> None:
    live = Live()
    exchanges = _numbered(2, size)
    with live.listen(_everything, most_bytes=100) as listener:
        live.publish(exchanges)
        news = await listener.take()

        assert (exchanges[1:] if size <= 100 else [], 1 if size <= 100 else 2) == news


async def test_who_has_left_hears_nothing() -> None:
    live = Live()
    with live.listen(_everything) as listener:
        pass
    live.publish(_numbered(1))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(listener.take(), 0.01)


async def test_the_end_is_heard_after_all_the_news() -> None:
    live = Live()
    with live.listen(_everything) as listener:
        news = _numbered(1)
        live.publish(news)
        live.close()

        assert (news, 0) == await listener.take()
        assert await listener.take() is None
    with live.listen(_everything) as late:
        assert await asyncio.wait_for(late.take(), LIMIT) is None
