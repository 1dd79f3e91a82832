"""`_otel`: what ALF, Runscope and HAR have no place for.

A HAR custom field, compact: a member that would be empty, false or unknown is left out, except
`captured`. Times are milliseconds.

    traceId, spanId, parentSpanId   lower-case hex
    requestId                       Kong's request id
    service, route, consumer        Kong's entities
    routeTemplate                   `http.route`
    source                          `access log`, or `span and access log`; a span alone says nothing
    scope                           instrumentation scope of the span
    gateway                         the sender's resource attributes (service.instance.id ...)
    clientPort
    upstream                        {address, port, status} of the last try
    responseSource                  service, exit or error, Kong's words
    wireSize                        {request, response}: bytes, start line and headers included
    latency                         {gateway, upstream, receive}: Kong's own account
    captured, notCaptured           whether headers and bodies were captured; if not, why
    masked                          redaction replaced something
    requestBody, responseBody       {size, held, truncated, incomplete, masked, decoded, omitted}, only where
                                    what is held is not the whole body as it was
    spans                           [{name, spanId, parentSpanId, kind, start, duration, error, attributes}],
                                    `start` counted from the exchange's own start

Only in formats that can't say it themselves:

    start                           Unix time of the exchange's start, to the microsecond
    url                             as the client asked for it
    httpVersion
    clientAddress
    timings                         {send, wait, receive}
    headersSize                     {request, response}: bytes of start line and headers
    bodySize                        {request, response}: bytes
"""

from __future__ import annotations

from typing import Any

from otel_bridge.formats.wire import never_has_body
from otel_bridge.mapping.exchange import NO_LATENCIES, Body, HelperSpan, HttpExchange, Latencies
from otel_bridge.mapping.kong import is_balancer
from otel_bridge.otlp.values import Value

NO_CAPTURE = "no capture ran on this exchange: headers and bodies are unknown, not empty"
NO_HEADERS = "the sender recorded no headers: they are unknown, not empty"

KINDS = {1: "internal", 2: "server", 3: "client", 4: "producer", 5: "consumer"}
_EXACT = 2**53


def members(exchange: HttpExchange, **also: Any) -> dict[str, Any]:
    """The members of `_otel`; *also* are those for which the format at hand has no place of its own.

    Values may hold bytes, so serialise with `text_of` as orjson's default.
    """
    found: dict[str, Any] = {
        **also,
        "traceId": exchange.trace_id.hex(),
        "spanId": exchange.span_id.hex(),
        "parentSpanId": exchange.parent_span_id.hex(),
        "requestId": exchange.request_id,
        "service": exchange.service,
        "route": exchange.route,
        "consumer": exchange.consumer,
        "routeTemplate": exchange.route_template,
        "source": exchange.source,
        "scope": exchange.scope,
        "gateway": dict(exchange.resource),
        "clientPort": exchange.client_port,
        "upstream": _upstream(exchange),
        "responseSource": exchange.response_source,
        "wireSize": _kept({"request": exchange.request_size, "response": exchange.response_size}),
        "latency": _latency(exchange.latencies),
        "captured": exchange.captured,
        "notCaptured": not_captured(exchange),
        "masked": exchange.masked,
        "requestBody": _body(exchange.request_body),
        "responseBody": _response_body(exchange),
        "spans": [_span(helper, exchange.start_ns) for helper in exchange.helpers],
    }
    return {name: value for name, value in found.items() if value or name == "captured"}


def start(exchange: HttpExchange) -> float:
    """Milliseconds; a double holds today's to a quarter of a microsecond."""
    return (exchange.start_ns + 500) // 1000 / 1000


def not_captured(exchange: HttpExchange) -> str:
    """Why headers and bodies are not known; "" where they are."""
    if exchange.captured:
        return ""
    return NO_CAPTURE if exchange.gateway_root else NO_HEADERS


def text_of(value: object) -> str:
    """orjson's `default`: bytes are text that was not UTF-8 when it arrived."""
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _upstream(exchange: HttpExchange) -> dict[str, Any]:
    tried = next((h.attributes for h in reversed(exchange.helpers) if is_balancer(h.name)), {})
    return _kept(
        {
            "address": tried.get("net.peer.ip"),
            "port": _number(tried.get("net.peer.port")),
            "status": exchange.upstream_status,
        }
    )


def _latency(latencies: Latencies) -> dict[str, float]:
    if latencies == NO_LATENCIES:
        return {}
    named = zip(("gateway", "upstream", "receive"), latencies, strict=True)
    return {name: round(seconds * 1000, 3) for name, seconds in named if seconds is not None}


def _response_body(exchange: HttpExchange) -> dict[str, Any]:
    # Kong's capture notes the content type of a 204 as not kept, though there was nothing to keep.
    if never_has_body(exchange.method, exchange.status) and not exchange.response_body.content:
        return {}
    return _body(exchange.response_body)


def _body(body: Body) -> dict[str, Any]:
    if not (body.truncated or body.incomplete or body.redacted or body.decoded or body.omitted):
        return {}
    marks = {
        "truncated": body.truncated or None,
        "incomplete": body.incomplete or None,
        "masked": body.redacted or None,
        "decoded": body.decoded or None,
        "omitted": body.omitted or None,
    }
    held = None if body.content is None else len(body.content)
    return _kept({"size": body.size, "held": held} | marks)


def _span(helper: HelperSpan, start_ns: int) -> dict[str, Any]:
    span_id, parent_span_id, name, kind, began_ns, ended_ns, error, attributes = helper
    found = {
        "name": name,
        "spanId": span_id.hex(),
        "parentSpanId": parent_span_id.hex(),
        "kind": KINDS.get(kind, "unspecified"),
        "start": (began_ns - start_ns) // 1000 / 1000,
        "duration": (ended_ns - began_ns) // 1000 / 1000,
    }
    if error:
        found["error"] = True
    if attributes:
        found["attributes"] = {name: _number(value) for name, value in attributes.items()}
    return found


def _number(value: Value) -> Value:
    """Kong writes every number as a double; ports and counts read better whole."""
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    return value


def _kept(found: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in found.items() if value is not None}
