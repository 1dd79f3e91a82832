"""From what the store gives to the JSON documents of `shapes.py`. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from otel_bridge.inspector.api import shapes
from otel_bridge.inspector.api.body_view import body_of
from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.store.interface import (
    OTHER,
    Dashboard,
    Endpoint,
    Facets,
    Figures,
    Histogram,
    Kept,
    Page,
    Party,
    Receipt,
    Row,
)

CLASSES = ("none", "1xx", "2xx", "3xx", "4xx", "5xx")


def row(found: Row) -> dict[str, Any]:
    """A row as plain members: thousands a second go through here to live pages."""
    marks = []
    if not found.captured:
        marks.append("not captured")
    if found.masked:
        marks.append("masked")
    if found.truncated:
        marks.append("truncated")
    if found.omitted:
        marks.append("no body")
    if found.pinned:
        marks.append("pinned")
    return {
        "id": found.id,
        "position": found.position,
        "started": found.started_us,
        "duration": found.duration_us,
        "method": found.method,
        "status": found.status,
        "scheme": found.scheme,
        "host": found.host,
        "port": found.port,
        "path": found.path,
        "query": found.query,
        "service": found.service,
        "route": found.route,
        "consumer": found.consumer,
        "source": found.source,
        "client": found.client_address,
        "kong": found.gateway_us,
        "upstream": found.upstream_us,
        "request_size": found.request_size,
        "response_size": found.response_size,
        "marks": marks,
    }


def page(found: Page) -> dict[str, Any]:
    return {"rows": [row(each) for each in found.rows], "next": found.next, "complete": found.complete}


def histogram(found: Histogram) -> shapes.HistogramShape:
    return shapes.HistogramShape(
        bars=[shapes.BarShape(start=bar.start_us, counts=_counts(bar.classes)) for bar in found.bars],
        step=found.step_us,
        total=sum(sum(bar.classes) for bar in found.bars),
        complete=found.complete,
    )


def facets(found: Facets) -> shapes.FacetsShape:
    return shapes.FacetsShape(
        fields={
            name: shapes.FacetShape(
                values=[shapes.CountShape(value=each.value, count=each.exchanges) for each in facet.values],
                others=facet.others,
            )
            for name, facet in found.fields.items()
        },
        complete=found.complete,
    )


def exchange(kept: Kept) -> shapes.ExchangeShape:
    """One exchange, whole; its `position` is not known here and 0."""
    found = kept.exchange
    return shapes.ExchangeShape(
        **row(row_of(found, pinned=kept.pinned)),
        sentence=sentence(found),
        url=found.url,
        http_version=found.http_version,
        reason=found.reason,
        wire=found.wire,
        arrived=found.arrived_us,
        environment=found.environment,
        bucket=found.bucket,
        gateway=found.gateway,
        trace_id=found.trace_id,
        span_id=found.span_id,
        request_id=found.request_id,
        route_template=found.route_template,
        client_port=found.client_port,
        upstream_address=found.upstream_address,
        upstream_port=found.upstream_port,
        upstream_status=found.upstream_status,
        timings={"send": found.send_us, "wait": found.wait_us, "receive": found.receive_us},
        captured=found.captured,
        not_captured=found.not_captured,
        request=_side(found.request),
        response=_side(found.response),
        spans=[dict(span) for span in found.spans],
        resource=dict(found.resource),
        hints=_hints(found),
    )


def row_of(found: Exchange, *, position: int = 0, pinned: bool = False) -> Row:
    """The row of an exchange that did not come from a search."""
    sides = (found.request, found.response)
    return Row(
        position=position,
        id=found.id,
        started_us=found.started_us,
        duration_us=found.duration_us,
        method=found.method,
        status=found.status,
        scheme=found.scheme,
        host=found.host,
        port=found.port,
        path=found.path,
        query=found.query,
        service=found.service,
        route=found.route,
        consumer=found.consumer,
        source=found.source,
        client_address=found.client_address,
        gateway_us=found.gateway_us,
        upstream_us=found.upstream_us,
        request_size=found.request.body_size,
        response_size=found.response.body_size,
        captured=found.captured,
        masked=found.masked or any(side.masked for side in sides),
        truncated=any(side.truncated for side in sides),
        omitted=any(side.omitted != "" for side in sides),
        pinned=pinned,
    )


def sentence(found: Exchange) -> str:
    """`POST /v1/orders → 503 in 812 ms, of which upstream 790 ms`."""
    told = f"{found.method or 'A request to'} {found.path or found.url} → {found.status or 'no answer'}"
    if found.duration_us is not None:
        told += f" in {_duration(found.duration_us)}"
        if found.upstream_us is not None:
            told += f", of which upstream {_duration(found.upstream_us)}"
    return told


def dashboard(found: Dashboard) -> shapes.DashboardShape:
    return shapes.DashboardShape(
        now=shapes.FiguresShape(**_figures(found.now)),
        before=shapes.FiguresShape(**_figures(found.before)),
        points=[shapes.PointShape(start=each.start_us, **_figures(each.figures)) for each in found.points],
        step=found.step_us,
        busiest=_endpoints(found.busiest),
        slowest=_endpoints(found.slowest),
        failing=_endpoints(found.failing),
        consumers=_parties(found.consumers),
        clients=_parties(found.clients),
        complete=found.complete,
    )


def receipt(found: Receipt, *, dry_run: bool) -> shapes.ReceiptShape:
    return shapes.ReceiptShape(
        exchanges=found.exchanges,
        pinned=found.pinned,
        files=found.files,
        oldest=found.oldest_us,
        newest=found.newest_us,
        bytes=found.bytes,
        dry_run=dry_run,
    )


def _counts(classes: Sequence[int]) -> dict[str, int]:
    return dict(zip(CLASSES, classes, strict=True))


def _figures(found: Figures) -> dict[str, Any]:
    return {
        "count": found.exchanges,
        "errors": found.errors,
        "counts": _counts(found.classes),
        "mean": found.mean_us,
        "p50": found.p50_us,
        "p95": found.p95_us,
        "p99": found.p99_us,
        "kong": found.gateway_us,
        "upstream": found.upstream_us,
        "request_bytes": found.request_bytes,
        "response_bytes": found.response_bytes,
    }


def _endpoints(found: Sequence[Endpoint]) -> list[shapes.EndpointShape]:
    return [
        shapes.EndpointShape(
            service=each.service,
            method=each.method,
            path=each.path,
            others=each.path == OTHER,
            count=each.exchanges,
            errors=each.errors,
            mean=each.mean_us,
            p95=each.p95_us,
        )
        for each in found
    ]


def _parties(found: Sequence[Party]) -> list[shapes.PartyShape]:
    return [
        shapes.PartyShape(name=each.name, others=each.name == OTHER, count=each.exchanges, errors=each.errors)
        for each in found
    ]


def _side(side: Side) -> shapes.SideShape:
    return shapes.SideShape(headers=list(side.headers), headers_size=side.headers_size, body=body_of(side))


def _hints(found: Exchange) -> list[str]:
    """What a reader may want to know who looks for the cause."""
    told = []
    if found.source == "exit":
        told.append("A plugin of the gateway answered; the service was not asked.")
    if found.source == "error":
        told.append("The gateway itself answered, because something went wrong on the way to the service.")
    if found.upstream_status is not None and found.upstream_status != found.status:
        told.append(
            f"The upstream answered {found.upstream_status}; the client got {found.status or 'nothing'}."
        )
    if found.duration_us and found.gateway_us is not None and found.upstream_us is not None:
        slower = "the upstream" if found.upstream_us >= found.gateway_us else "the gateway"
        share = max(found.upstream_us, found.gateway_us) / found.duration_us
        if share > 0.5:
            told.append(f"Most of the time ({min(share, 1):.0%}) was spent in {slower}.")
    if found.status == 0:
        told.append("No answer was sent: the client went away first, or the sender did not say.")
    return told


def _duration(us: int) -> str:
    """As the pages write it (lib/format.js)."""
    if us < 1000:
        return f"{us} µs"
    if us < 10_000:
        return f"{us / 1000:.1f} ms".replace(".0 ", " ")
    if us < 999_500:
        return f"{(us + 500) // 1000} ms"
    seconds = us / 1_000_000
    if seconds < 60:
        return f"{seconds:.{2 if seconds < 10 else 1}f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.1f} h"
