"""One exchange: whole, its bodies, as cURL, its neighbours; pinning."""

from __future__ import annotations

from typing import Annotated, Literal

import structlog
from fastapi import APIRouter, HTTPException, Request, Response
from fastapi import Path as InPath
from fastapi import Query as Parameter

from otel_bridge.inspector.access import AccessToken
from otel_bridge.inspector.api import shapes, views
from otel_bridge.inspector.api.asking import Asking, QueryText
from otel_bridge.inspector.api.body_view import bytes_of, decoded, image_type
from otel_bridge.inspector.api.curl import curl
from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query import parse
from otel_bridge.inspector.query.edit import with_term
from otel_bridge.inspector.query.highlights import highlights
from otel_bridge.inspector.store.interface import Kept, Period, Store

log = structlog.get_logger(__name__)

ExchangeId = Annotated[str, InPath(pattern="^[0-9a-fA-F-]{32,36}$")]
WhichSide = Literal["request", "response"]

_GONE = "there is no such exchange: it was never here, or it had to make room"
# Whatever is in a body, a browser neither runs nor shows it.
_HARMLESS = {
    "content-security-policy": "sandbox; default-src 'none'",
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
}


def routes(store: Store, asking: Asking) -> APIRouter:
    """/api/exchanges/ID and what is under it."""
    router = APIRouter(prefix="/api", tags=["exchanges"])
    kept = _Reader(store, asking)
    _add_content(router, kept)
    _add_neighbours(router, store, asking, kept)
    _add_pins(router, store, asking)
    _add_highlights(router)
    return router


def _add_content(router: APIRouter, kept: _Reader) -> None:
    @router.get("/exchanges/{exchange_id}")
    async def exchange(request: Request, exchange_id: ExchangeId) -> shapes.ExchangeShape:
        """All that is known of it. Opening its bodies leaves a line in the log: who, and which."""
        found = await kept(request, exchange_id)
        if found.exchange.request.body or found.exchange.response.body:
            _audit(request, "bodies were opened", found.exchange)
        return views.exchange(found)

    @router.get("/exchanges/{exchange_id}/body/{side}", response_class=Response)
    async def body(
        request: Request, exchange_id: ExchangeId, side: WhichSide, preview: bool = False
    ) -> Response:
        """The body as it came, to be saved; with `preview` a raster image as itself."""
        found = (await kept(request, exchange_id)).exchange
        which = _side_with_body(found, side)
        _audit(request, "a body was downloaded", found, side=side)
        if preview:
            return _picture(decoded(which)[0])
        disposition = f'attachment; filename="{found.id}-{side}.bin"'
        return Response(
            which.body, 200, {**_HARMLESS, "content-disposition": disposition}, "application/octet-stream"
        )

    @router.get("/exchanges/{exchange_id}/body/{side}/bytes")
    async def body_bytes(
        request: Request,
        exchange_id: ExchangeId,
        side: WhichSide,
        start: Annotated[int, Parameter(ge=0, lt=2**31)] = 0,
    ) -> shapes.BytesShape:
        """Some of the body's bytes, for a look at them in hex."""
        found = (await kept(request, exchange_id)).exchange
        which = _side_with_body(found, side)
        _audit(request, "a body's bytes were opened", found, side=side)
        return bytes_of(which, start)

    @router.get("/exchanges/{exchange_id}/curl", response_class=Response)
    async def as_curl(request: Request, exchange_id: ExchangeId) -> Response:
        """A command that sends the request again; what was masked is a shell variable."""
        found = (await kept(request, exchange_id)).exchange
        _audit(request, "a request was copied", found)
        return Response(curl(found), 200, _HARMLESS, "text/plain; charset=utf-8")


def _add_highlights(router: APIRouter) -> None:
    @router.get("/highlights")
    async def marked(q: QueryText = "") -> shapes.HighlightsShape:
        """What of the query is to be marked in bodies."""
        found = highlights(parse(q))
        return shapes.HighlightsShape(
            request=[shapes.HighlightShape(text=each.text, whole=each.whole) for each in found.request],
            response=[shapes.HighlightShape(text=each.text, whole=each.whole) for each in found.response],
        )


def _add_neighbours(router: APIRouter, store: Store, asking: Asking, kept: _Reader) -> None:
    @router.get("/exchanges/{exchange_id}/similar")
    async def similar(request: Request, exchange_id: ExchangeId) -> shapes.QueryShape:
        """The query that finds exchanges of the same endpoint with the same outcome."""
        return shapes.QueryShape(q=_similar((await kept(request, exchange_id)).exchange))

    @router.get("/exchanges/{exchange_id}/last-success")
    async def last_success(request: Request, exchange_id: ExchangeId) -> shapes.FoundShape:
        """The newest exchange of the same endpoint, before this one, that went well."""
        found = (await kept(request, exchange_id)).exchange
        query = parse(f"{_same_endpoint(found)} status:200..399")
        page = await asking.ask(
            request, lambda stop: store.search(query, Period(None, found.started_us), limit=1, stop=stop)
        )
        return shapes.FoundShape(id=page.rows[0].id if page.rows else None)


def _add_pins(router: APIRouter, store: Store, asking: Asking) -> None:
    @router.put("/exchanges/{exchange_id}/pin", status_code=204)
    async def pin(request: Request, exchange_id: ExchangeId) -> None:
        """Keep it whatever retention says."""
        if not await asking.ask(request, lambda _: store.pin(exchange_id, True)):
            raise HTTPException(404, _GONE)

    @router.delete("/exchanges/{exchange_id}/pin", status_code=204)
    async def unpin(request: Request, exchange_id: ExchangeId) -> None:
        """Leave it to retention again."""
        if not await asking.ask(request, lambda _: store.pin(exchange_id, False)):
            raise HTTPException(404, _GONE)


class _Reader:
    """Gets exchanges for the routes."""

    def __init__(self, store: Store, asking: Asking) -> None:
        self._store = store
        self._asking = asking

    async def __call__(self, request: Request, exchange_id: str) -> Kept:
        found = await self._asking.ask(request, lambda _: self._store.get(exchange_id))
        if found is None:
            raise HTTPException(404, _GONE)
        return found


def _side_with_body(found: Exchange, side: WhichSide) -> Side:
    which = found.request if side == "request" else found.response
    if which.body is None:
        raise HTTPException(404, "there is no body here")
    return which


def _picture(content: bytes) -> Response:
    media_type = image_type(content)
    if media_type is None:
        raise HTTPException(415, "only raster images are shown; save the body instead")
    return Response(content, 200, _HARMLESS, media_type)


def _same_endpoint(found: Exchange) -> str:
    query = with_term("", "method", found.method)
    if found.route:
        query = with_term(query, "route", found.route)
        return with_term(query, "service", found.service) if found.service else query
    return with_term(with_term(query, "host", found.host), "path", found.path)


def _similar(found: Exchange) -> str:
    return with_term(_same_endpoint(found), "status", str(found.status))


def _audit(request: Request, what: str, found: Exchange, **more: str) -> None:
    token: AccessToken | None = request.scope["state"]["token"]
    log.info(
        what,
        exchange=found.id,
        token=token.name if token else None,
        role=token.role if token else None,
        client=request.client.host if request.client else None,
        **more,
    )
