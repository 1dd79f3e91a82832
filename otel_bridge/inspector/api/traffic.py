"""Searching and counting the traffic, and help with writing queries."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, HTTPException, Request
from fastapi import Query as Parameter

from otel_bridge.inspector.api import shapes, views
from otel_bridge.inspector.api.asking import Asking, From, QueryText, To
from otel_bridge.inspector.query import FIELDS, Field, QuerySyntaxError, parse
from otel_bridge.inspector.query.complete import complete, spelled_value
from otel_bridge.inspector.query.edit import with_term
from otel_bridge.inspector.query.hints import hints
from otel_bridge.inspector.query.paste import paste
from otel_bridge.inspector.store.interface import FACETS, Count, Period, Store

MOST_ROWS = 500
MOST_BARS = 200
_MOST_VALUES = 12


def routes(store: Store, asking: Asking) -> APIRouter:
    """GET /api/search, histogram, facets, dashboard, and what the query box asks."""
    router = APIRouter(prefix="/api", tags=["traffic"])

    @router.get("/search", response_model=shapes.PageShape)
    async def search(
        request: Request,
        q: QueryText = "",
        from_: From = None,
        to: To = None,
        before: Annotated[int | None, Parameter(ge=0, lt=2**53)] = None,
        limit: Annotated[int, Parameter(ge=1, le=MOST_ROWS)] = 50,
    ) -> dict[str, Any]:
        """The newest matches, page by page: `next` of one page is `before` of the following."""
        query = parse(q)
        return views.page(
            await asking.ask(
                request,
                lambda stop: store.search(query, Period(from_, to), before=before, limit=limit, stop=stop),
            )
        )

    @router.get("/histogram")
    async def histogram(
        request: Request,
        q: QueryText = "",
        from_: From = None,
        to: To = None,
        bars: Annotated[int, Parameter(ge=1, le=MOST_BARS)] = 60,
    ) -> shapes.HistogramShape:
        """Matches over time, by status class."""
        query = parse(q)
        return views.histogram(
            await asking.ask(
                request, lambda stop: store.histogram(query, Period(from_, to), bars=bars, stop=stop)
            )
        )

    @router.get("/facets")
    async def facets(
        request: Request,
        q: QueryText = "",
        from_: From = None,
        to: To = None,
        fields: Annotated[str, Parameter(description="names with commas between them")] = ",".join(FACETS),
    ) -> shapes.FacetsShape:
        """The most frequent values of some fields among the matches."""
        query = parse(q)
        names = [name for name in fields.split(",") if name]
        if unknown := sorted(set(names) - set(FACETS)):
            raise HTTPException(400, f"{unknown[0]!r} can't be counted: there are {', '.join(FACETS)}")
        return views.facets(
            await asking.ask(
                request,
                lambda stop: store.facets(query, Period(from_, to), names, top=_MOST_VALUES, stop=stop),
            )
        )

    @router.get("/dashboard")
    async def dashboard(
        request: Request, q: QueryText = "", from_: From = None, to: To = None
    ) -> shapes.DashboardShape:
        """Volume, errors and latency over time, against the period before, and who causes them."""
        query = parse(q)
        return views.dashboard(
            await asking.ask(request, lambda stop: store.dashboard(query, Period(from_, to), stop=stop))
        )

    @router.get("/fields")
    async def fields() -> shapes.FieldsShape:
        """What queries can name."""
        return shapes.FieldsShape(
            fields=[
                shapes.FieldShape(
                    name=each.name,
                    kind=each.kind,
                    help=each.help,
                    example=each.example,
                    values=list(each.values),
                )
                for each in FIELDS
            ]
        )

    _add_query_help(router, store, asking)
    return router


def _add_query_help(router: APIRouter, store: Store, asking: Asking) -> None:
    @router.get("/check")
    async def check(q: QueryText = "") -> shapes.CheckShape:
        """Whether *q* is a query; if not, what is wrong where."""
        try:
            query = parse(q)
        except QuerySyntaxError as error:
            return shapes.CheckShape(ok=False, error=error.message, start=error.start, end=error.end)
        told = next((hint.message for hint in hints(query)), None)
        return shapes.CheckShape(ok=True, canonical=str(query), hint=told)

    @router.get("/complete")
    async def completions(
        request: Request,
        q: QueryText = "",
        cursor: Annotated[
            int | None, Parameter(ge=0, description="in characters; the end if not given")
        ] = None,
    ) -> shapes.CompletionsShape:
        """What could stand at the cursor: fields, their usual values, and values that the traffic has."""
        found = complete(q, len(q) if cursor is None else cursor)
        items = [
            shapes.CompletionShape(label=each.label, insert=each.text, help=each.help) for each in found.items
        ]
        field = found.values_of
        if field is not None and field.name in FACETS:
            held = await asking.ask(
                request, lambda _: store.values(field.name, found.typed, limit=_MOST_VALUES)
            )
            items = [_value(field, each) for each in held if each.value] + items
        return shapes.CompletionsShape(start=found.start, end=found.end, items=items)

    @router.get("/edit")
    async def edited(
        field: str,
        value: Annotated[str, Parameter(max_length=4096)],
        q: QueryText = "",
        argument: Annotated[str, Parameter(description="a header's or parameter's name, a path in XML")] = "",
        steps: Annotated[str, Parameter(description='a path in JSON: `["items", 0]`')] = "",
        literal: Annotated[bool, Parameter(description="the value is a JSON scalar")] = False,
        exclude: bool = False,
    ) -> shapes.QueryShape:
        """*q* with one more condition: the field has the value, or with `exclude` has not."""
        try:
            meant = orjson.loads(value) if literal else value
            path = orjson.loads(steps) if steps else argument
            return shapes.QueryShape(q=with_term(q, field, meant, argument=path, exclude=exclude))
        except QuerySyntaxError:
            raise
        except ValueError as error:
            raise HTTPException(400, str(error)) from error

    @router.get("/paste")
    async def pasted(text: Annotated[str, Parameter(max_length=16_384)]) -> shapes.QueryShape:
        """The query that finds what was pasted: a trace id, traceparent, request id, URL or cURL command."""
        return shapes.QueryShape(q=paste(text))


def _value(field: Field, held: Count) -> shapes.CompletionShape:
    insert = spelled_value(field, held.value)
    return shapes.CompletionShape(label=held.value, insert=insert, help="", count=held.exchanges)
