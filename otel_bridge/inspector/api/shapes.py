"""The API's JSON documents. Times are Unix microseconds, durations microseconds, sizes bytes."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    model_config = ConfigDict(frozen=True)


class Fault(Shape):
    """What every refusal carries; `start` and `end` are where in the query the fault is, in characters."""

    error: str
    start: int | None = None
    end: int | None = None


class Me(Shape):
    role: Literal["viewer", "admin"]
    version: str


class RowShape(Shape):
    """An exchange in a table."""

    id: str
    position: int
    started: int
    duration: int | None
    method: str
    status: int
    scheme: str
    host: str
    port: int | None
    path: str
    query: str
    service: str
    route: str
    consumer: str
    source: str
    client: str
    kong: int | None
    upstream: int | None
    request_size: int | None
    response_size: int | None
    marks: list[Literal["not captured", "masked", "truncated", "no body", "pinned"]]


class PageShape(Shape):
    rows: list[RowShape]
    next: int | None = Field(description="`before` for what follows; null: there is no more")
    complete: bool = Field(description="false: the search took too long and was stopped; go on with `next`")


class BarShape(Shape):
    start: int
    counts: dict[str, int] = Field(description="by status class: none, 1xx ... 5xx")


class HistogramShape(Shape):
    bars: list[BarShape]
    step: int
    total: int
    complete: bool


class CountShape(Shape):
    value: str
    count: int


class FacetShape(Shape):
    values: list[CountShape]
    others: int


class FacetsShape(Shape):
    fields: dict[str, FacetShape]
    complete: bool


class CompletionShape(Shape):
    label: str
    insert: str
    help: str
    count: int | None = None


class CompletionsShape(Shape):
    start: int
    end: int
    items: list[CompletionShape]


class CheckShape(Shape):
    ok: bool
    canonical: str | None = None
    hint: str | None = None
    error: str | None = None
    start: int | None = None
    end: int | None = None


class QueryShape(Shape):
    q: str | None


class FieldShape(Shape):
    name: str
    kind: str
    help: str
    example: str
    values: list[str]


class FieldsShape(Shape):
    fields: list[FieldShape]


class BodyShape(Shape):
    """What is kept of a body, as far as it can be shown."""

    text: str | None = Field(description="decoded; null: it is no text, or there is none")
    media_type: str
    language: Literal["json", "xml", "html", "form", "text", "binary", "image", "none"]
    size: int | None = Field(description="of the whole body, as it was on the wire")
    held: int = Field(description="bytes kept")
    omitted: str = Field(description="why there is no body though there was one, in a word or two")
    truncated: bool = Field(description="it was cut off when it was captured")
    encoding: str = Field(description="the Content-Encoding that was taken off for showing, or could not be")
    readable: bool = Field(description="false: it is in an encoding that can't be taken off")
    cut: bool = Field(description="more is kept than is shown here: download it")
    notes: list[str] = Field(description="what is not as it was, each a sentence")


class BytesShape(Shape):
    """A part of a body's bytes, its Content-Encoding taken off where that is possible."""

    hex: str = Field(description="two digits for each byte")
    start: int
    size: int = Field(description="of the whole")


class HighlightShape(Shape):
    text: str
    whole: bool = Field(description="not inside of words")


class HighlightsShape(Shape):
    """What of a query is to be marked in bodies; letter case and the amount of white space don't count."""

    request: list[HighlightShape]
    response: list[HighlightShape]


class SideShape(Shape):
    headers: list[tuple[str, str]]
    headers_size: int | None
    body: BodyShape


class ExchangeShape(RowShape):
    """One exchange whole."""

    sentence: str
    url: str
    http_version: str
    reason: str
    wire: str
    arrived: int
    environment: str
    bucket: str
    gateway: str
    trace_id: str
    span_id: str
    request_id: str
    route_template: str
    client_port: int | None
    upstream_address: str
    upstream_port: int | None
    upstream_status: int | None
    timings: dict[str, int | None] = Field(description="send, wait, receive")
    captured: bool = Field(description="false: headers and bodies are unknown, not empty")
    not_captured: str = Field(description="why not")
    request: SideShape
    response: SideShape
    spans: list[dict[str, Any]]
    resource: dict[str, Any]
    hints: list[str]


class FoundShape(Shape):
    id: str | None


class FiguresShape(Shape):
    count: int
    errors: int
    counts: dict[str, int]
    mean: int | None
    p50: int | None
    p95: int | None
    p99: int | None
    kong: int | None
    upstream: int | None
    request_bytes: int
    response_bytes: int


class PointShape(FiguresShape):
    start: int


class EndpointShape(Shape):
    service: str
    method: str
    path: str
    others: bool = Field(description="all that an hour had too many of to tell apart")
    count: int
    errors: int
    mean: int | None
    p95: int | None


class PartyShape(Shape):
    name: str
    others: bool
    count: int
    errors: int


class DashboardShape(Shape):
    now: FiguresShape
    before: FiguresShape
    points: list[PointShape]
    step: int
    busiest: list[EndpointShape]
    slowest: list[EndpointShape]
    failing: list[EndpointShape]
    consumers: list[PartyShape]
    clients: list[PartyShape]
    complete: bool


class ReceiptShape(Shape):
    exchanges: int
    pinned: int
    files: int
    oldest: int | None
    newest: int | None
    bytes: int
    dry_run: bool
