"""Traffic leaves: as files for other programs, and for good. The log has lines of it: who, what, how many."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, datetime
from time import monotonic
from typing import Annotated, Any, Literal

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi import Path as InPath
from fastapi import Query as Parameter
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, ConfigDict, Field

from otel_bridge.inspector import export as exporting
from otel_bridge.inspector.access import AccessToken
from otel_bridge.inspector.api import shapes, views
from otel_bridge.inspector.api.asking import Asking, From, QueryText, To
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.export import har
from otel_bridge.inspector.query import parse
from otel_bridge.inspector.store.interface import Period, Store

# Longer exports wait for each other rather than make everybody's searches wait.
AT_ONCE = 2
# Counting is only for the progress that a page shows.
_COUNT_SECONDS = 1.0
_PIECE_BYTES = 128 << 10
_PIECE_SECONDS = 0.25
_LATEST = 2**53
_HARMLESS = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}

log = structlog.get_logger(__name__)

Moment = Annotated[int | None, Field(ge=0, lt=_LATEST, description="Unix microseconds")]


class Erasure(BaseModel):
    """What to erase; `to` is not included."""

    model_config = ConfigDict(extra="forbid")

    q: Annotated[str, Field(max_length=8192, description="in the query language; empty: all")]
    from_: Annotated[Moment, Field(alias="from")] = None
    to: Moment = None
    dry_run: Annotated[bool, Field(description="only say what would be erased")] = False


def routes(store: Store, asking: Asking) -> APIRouter:
    """GET /api/export and /api/exchanges/ID/har, POST /api/erase."""
    router = APIRouter(prefix="/api", tags=["export and erase"])
    limiter = CapacityLimiter(AT_ONCE)

    @router.get("/export", response_class=StreamingResponse)
    async def export(
        request: Request,
        q: QueryText = "",
        from_: From = None,
        to: To = None,
        form: Annotated[Literal["har", "ndjson", "otlp", "csv"], Parameter(alias="format")] = "har",
    ) -> StreamingResponse:
        """All matches, newest first, as a file. `X-Total-Count` is there where counting is quick."""
        query, period, chosen = parse(q), Period(from_, to), exporting.FORMATS[form]
        headers = _attachment(f"traffic-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{chosen.suffix}")
        count = await asking.ask(
            request,
            lambda stop: exporting.total(store, query, period, stop=stop),
            patience=_COUNT_SECONDS,
        )
        if count is not None:
            headers["x-total-count"] = str(count)
        tally = _Tally(request, q=q, start=from_, end=to, format=form)
        gone = threading.Event()
        exchanges = tally.counted(exporting.found(store, query, period, stop=gone.is_set))
        pieces = _pieces(exporting.written(exchanges, chosen), gone, limiter, tally)
        return StreamingResponse(pieces, 200, headers, chosen.media_type)

    @router.get("/exchanges/{exchange_id}/har", response_class=Response)
    async def one(
        request: Request, exchange_id: Annotated[str, InPath(pattern="^[0-9a-fA-F-]{32,36}$")]
    ) -> Response:
        """One exchange as a HAR, with its bodies."""
        kept = await asking.ask(request, lambda _: store.get(exchange_id))
        if kept is None:
            raise HTTPException(404, "there is no such exchange: it was never here, or it had to make room")
        found = kept.exchange
        log.info("an exchange was exported", exchange=found.id, format="har", **_who(request))
        return Response(har.document(found), 200, _attachment(f"{found.id}.har"), "application/json")

    @router.post("/erase")
    async def erase(request: Request, what: Erasure) -> shapes.ReceiptShape:
        """Erases all matches for good, pinned ones too. The bridge's journal is for `otel-bridge erase`."""
        query, period = parse(what.q), Period(what.from_, what.to)
        about: dict[str, Any] = {"query": what.q, "start": what.from_, "end": what.to}
        receipt = await asking.ask(request, lambda _: store.drop(query, period, dry_run=what.dry_run))
        if not what.dry_run:
            log.warning("traffic was erased", exchanges=receipt.exchanges, **about, **_who(request))
        return views.receipt(receipt, dry_run=what.dry_run)

    return router


class _Tally:
    """What the log says of one export: a line when it begins, for it may never end, and one when it does."""

    def __init__(self, request: Request, *, q: str, **about: Any) -> None:
        self._about = {"query": q, **about, **_who(request)}
        self._exchanges = 0
        log.info("an export began", **self._about)

    def counted(self, exchanges: Iterable[Exchange]) -> Iterator[Exchange]:
        for exchange in exchanges:
            self._exchanges += 1
            yield exchange

    def ended(self, *, complete: bool) -> None:
        log.info("an export ended", exchanges=self._exchanges, complete=complete, **self._about)


async def _pieces(
    written: Iterator[bytes], gone: threading.Event, limiter: CapacityLimiter, tally: _Tally
) -> AsyncIterator[bytes]:
    """*written* in larger pieces, as fast as the reader takes them. A fault breaks the connection off."""
    complete = False
    try:
        while (
            piece := await run_sync(_next_piece, written, limiter=limiter, abandon_on_cancel=True)
        ) is not None:
            yield piece
        complete = True
    finally:
        gone.set()
        tally.ended(complete=complete)


def _next_piece(written: Iterator[bytes]) -> bytes | None:
    """None: there is no more."""
    deadline = monotonic() + _PIECE_SECONDS
    found = bytearray()
    ended = True
    for part in written:
        ended = False
        found += part
        if len(found) >= _PIECE_BYTES or (found and monotonic() > deadline):
            break
    return None if ended else bytes(found)


def _attachment(name: str) -> dict[str, str]:
    return {**_HARMLESS, "content-disposition": f'attachment; filename="{name}"'}


def _who(request: Request) -> dict[str, str | None]:
    token: AccessToken | None = request.scope["state"]["token"]
    return {
        "token": token.name if token else None,
        "role": token.role if token else None,
        "client": request.client.host if request.client else None,
    }
