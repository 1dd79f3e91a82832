"""From the inspector's exchange back to the mapping's, which the formats and OTLP are made from.

Pure. What HttpExchange has no place for is left behind: the wire, the arrival, environment and bucket, the
sender's own reason phrase. What came from anybody is checked where the mapping would have: ids are hex,
spans have what a span has.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from otel_bridge.formats.extension import KINDS, NO_CAPTURE
from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.wire import scalars
from otel_bridge.mapping import Body, HelperSpan, HttpExchange, Latencies, Timings
from otel_bridge.mapping.late import ordered
from otel_bridge.mapping.url import UNKNOWN_HOST
from otel_bridge.otlp.values import Value

_TRACE_ID, _SPAN_ID = 16, 8
_KIND_NUMBERS = {name: number for number, name in KINDS.items()}


def to_http_exchange(exchange: Exchange) -> HttpExchange:
    """*exchange* as the mapping would have it, as far as the inspector knows."""
    target = f"{exchange.path}?{exchange.query}" if "?" in exchange.url else exchange.path or "/"
    start_ns = exchange.started_us * 1000
    return HttpExchange(
        trace_id=_id(exchange.trace_id, _TRACE_ID),
        span_id=_id(exchange.span_id, _SPAN_ID),
        parent_span_id=b"",
        start_ns=start_ns,
        end_ns=start_ns + (exchange.duration_us or 0) * 1000,
        method=exchange.method,
        url=_url(exchange, target),
        scheme=exchange.scheme,
        host=exchange.host,
        port=exchange.port,
        target=target,
        http_version=exchange.http_version,
        status=exchange.status,
        request_headers=exchange.request.headers,
        response_headers=exchange.response.headers,
        request_body=_body(exchange.request),
        response_body=_body(exchange.response),
        request_size=None,
        response_size=None,
        client_address=exchange.client_address,
        client_port=exchange.client_port,
        server_address="",
        route_template=exchange.route_template,
        service=exchange.service,
        route=exchange.route,
        consumer=exchange.consumer,
        request_id=exchange.request_id,
        response_source=exchange.source,
        upstream_status=exchange.upstream_status,
        latencies=_latencies(exchange),
        scope="",
        resource=exchange.resource,
        gateway_root=is_kongs(exchange),
        captured=exchange.captured,
        helpers=ordered(list(_helpers(exchange.spans, start_ns))),
        masked=exchange.masked,
    )


def told_timings(exchange: Exchange) -> Timings:
    """Where the time went, in the sender's words."""
    send, wait, receive = exchange.send_us, exchange.wait_us, exchange.receive_us
    if send is None and wait is None and receive is None:
        wait = exchange.duration_us
    return Timings(*((us or 0) / 1000 for us in (send, wait, receive)))


def is_kongs(exchange: Exchange) -> bool:
    """Whether Kong told of it, as far as what it told shows."""
    return bool(
        exchange.spans
        or exchange.request_id
        or exchange.source
        or exchange.gateway_us is not None
        or exchange.not_captured == NO_CAPTURE
    )


def _latencies(exchange: Exchange) -> Latencies:
    gateway, upstream = _seconds(exchange.gateway_us), _seconds(exchange.upstream_us)
    if gateway is None and upstream is None:
        return Latencies()
    return Latencies(gateway, upstream, _seconds(exchange.receive_us))


def _seconds(us: int | None) -> float | None:
    return None if us is None else us / 1e6


def _url(exchange: Exchange, target: str) -> str:
    """HAR and OTLP want absolute ones, also of a sender that told only a path."""
    if exchange.scheme and exchange.host and exchange.url.startswith(f"{exchange.scheme}://"):
        return exchange.url
    port = "" if exchange.port is None or exchange.scheme else f":{exchange.port}"
    return f"{exchange.scheme or 'http'}://{exchange.host or UNKNOWN_HOST}{port}{target}"


def _body(side: Side) -> Body:
    return Body(
        content=side.body or None,
        size=side.body_size,
        truncated=side.truncated,
        incomplete=side.incomplete,
        redacted=side.masked,
        decoded=side.decoded,
        omitted="" if side.body else side.omitted,
    )


def _helpers(spans: Any, start_ns: int) -> Iterator[HelperSpan]:
    for span in spans:
        span_id = _id(scalars.text(span.get("spanId")), _SPAN_ID)
        start, duration = scalars.number(span.get("start")), scalars.micros(span.get("duration"))
        if not span_id or start is None or duration is None or abs(start) > scalars.LARGEST / 1000:
            continue
        began_ns = max(start_ns + round(start * 1000) * 1000, 0)
        yield HelperSpan(
            span_id=span_id,
            parent_span_id=_id(scalars.text(span.get("parentSpanId")), _SPAN_ID),
            name=scalars.text(span.get("name")),
            kind=_KIND_NUMBERS.get(scalars.text(span.get("kind")), 0),
            start_ns=began_ns,
            end_ns=began_ns + duration * 1000,
            error=span.get("error") is True,
            attributes=_attributes(span.get("attributes")),
        )


def _attributes(found: Any) -> Mapping[str, Value]:
    return scalars.mapping(found)


def _id(text: str, length: int) -> bytes:
    """The bytes of a hexadecimal id; none where it is not one."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        return b""
    return found if len(found) == length else b""
