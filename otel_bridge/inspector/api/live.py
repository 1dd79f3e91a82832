"""What arrives, as it arrives: server-sent events for one query.

    rows   a list of rows, oldest first; its id is where to go on after a lost connection
    gap    {"left_out": n}: so many came that these are only in the store

A slow reader costs a bounded queue and nobody else anything. A browser that connects again says how far it
was (`Last-Event-ID`) and gets from the store what it missed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.sse import EventSourceResponse, ServerSentEvent

from otel_bridge.inspector.api import views
from otel_bridge.inspector.api.asking import Asking, QueryText
from otel_bridge.inspector.live import Listener, Live
from otel_bridge.inspector.query import Query, matcher, parse
from otel_bridge.inspector.store.interface import Period, Store

# Ten messages a second, of so many rows, are all that a reader can follow.
PAUSE = 0.1
MOST_ROWS = 200
MOST_READERS = 100
# Exchanges arrive a little out of order; the pages know by its id what they have already.
_OVERLAP_US = 5_000_000


def routes(store: Store, live: Live, asking: Asking) -> APIRouter:
    """GET /api/live."""
    router = APIRouter(prefix="/api", tags=["traffic"])
    readers: set[object] = set()

    async def admit(q: QueryText = "") -> AsyncIterator[None]:
        """Before the answer begins, because then nothing can be refused any more; until it has ended."""
        if len(readers) >= MOST_READERS:
            raise HTTPException(503, "too many are looking on already")
        parse(q)
        reader = object()
        readers.add(reader)
        try:
            yield
        finally:
            readers.discard(reader)

    @router.get("/live", response_class=EventSourceResponse, dependencies=[Depends(admit)])
    async def follow(
        request: Request,
        q: QueryText = "",
        last_event_id: Annotated[str | None, Header(pattern="^[0-9]{1,16}$")] = None,
    ) -> AsyncIterator[ServerSentEvent]:
        """Exchanges that match *q*, from now on."""
        query = parse(q)
        with live.listen(matcher(query), most=MOST_ROWS) as listener:
            if last_event_id is not None:
                for event in await _missed(request, store, asking, query, int(last_event_id)):
                    yield event
            async for event in _news(listener):
                yield event

    return router


async def _news(listener: Listener) -> AsyncIterator[ServerSentEvent]:
    while (news := await listener.take()) is not None:
        if news.missed:
            yield _gap(news.missed)
        if news.exchanges:
            yield _rows([views.row(views.row_of(exchange)) for exchange in news.exchanges])
        await asyncio.sleep(PAUSE)


async def _missed(
    request: Request, store: Store, asking: Asking, query: Query, since_us: int
) -> list[ServerSentEvent]:
    """What came while the reader was away, as far as it is worth showing."""
    period = Period(max(0, since_us - _OVERLAP_US))
    page = await asking.ask(request, lambda stop: store.search(query, period, limit=MOST_ROWS, stop=stop))
    events = []
    if page.next is not None:
        bars = await asking.ask(request, lambda stop: store.histogram(query, period, bars=1, stop=stop))
        events.append(_gap(sum(sum(bar.classes) for bar in bars.bars) - len(page.rows)))
    if page.rows:
        events.append(_rows([views.row(row) for row in reversed(page.rows)]))
    return events


def _rows(rows: list[dict[str, Any]]) -> ServerSentEvent:
    newest = max(row["started"] for row in rows)
    return ServerSentEvent(data=rows, event="rows", id=str(newest))


def _gap(left_out: int) -> ServerSentEvent:
    return ServerSentEvent(data={"left_out": left_out}, event="gap")
