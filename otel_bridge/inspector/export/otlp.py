"""OTLP as the Collector's file exporter writes it: one ExportTraceServiceRequest in JSON a line.

The inverse of the mapping: `otel-bridge convert`, or a Collector's OTLP JSON file receiver and a bridge
behind it, make the same exchange of it. A line holds one exchange, its span and the gateway's helper spans,
so none is longer than what one exchange takes. What no span can say stays behind (see `http_exchange.py`),
and so does what became of the time where neither the gateway's own account nor its spans tell it.
An exchange without ids gets some made of its own id: without, tools would take all of them for one.
"""

from __future__ import annotations

from binascii import b2a_base64
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from otel_bridge import __version__
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.export.http_exchange import to_http_exchange
from otel_bridge.mapping import Body, Headers, HelperSpan, HttpExchange, kong
from otel_bridge.otlp.messages import KIND_SERVER
from otel_bridge.otlp.values import Value

_OTHER_SCOPE = "otel_bridge.inspector"
# The conventions' word for a method that nobody knows; without one a span is no exchange.
_NO_METHOD = "_OTHER"
_USER_AGENT = "user-agent"
_ERROR = {"code": 2}
_LONGEST = 1 << 63

Attribute = tuple[str, Value]


def line(exchange: Exchange) -> bytes:
    """With its line feed."""
    found = to_http_exchange(exchange)
    identity = bytes.fromhex(exchange.id)
    found = found._replace(trace_id=found.trace_id or identity, span_id=found.span_id or identity[-8:])
    scope = kong.SCOPE.decode() if found.gateway_root else _OTHER_SCOPE
    spans = [_root(found), *(_helper(helper, found) for helper in found.helpers)]
    request = {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes(found.resource.items())},
                "scopeSpans": [{"scope": {"name": scope, "version": __version__}, "spans": spans}],
            }
        ]
    }
    return orjson.dumps(request, option=orjson.OPT_APPEND_NEWLINE)


def _root(exchange: HttpExchange) -> dict[str, Any]:
    return {
        "traceId": exchange.trace_id.hex(),
        "spanId": exchange.span_id.hex(),
        "name": kong.ROOT.decode() if exchange.gateway_root else exchange.method or _NO_METHOD,
        "kind": KIND_SERVER,
        "startTimeUnixNano": str(exchange.start_ns),
        "endTimeUnixNano": str(exchange.end_ns),
        "attributes": _attributes(_told(exchange)),
    }


def _helper(helper: HelperSpan, exchange: HttpExchange) -> dict[str, Any]:
    found = {
        "traceId": exchange.trace_id.hex(),
        "spanId": helper.span_id.hex(),
        "parentSpanId": (helper.parent_span_id or exchange.span_id).hex(),
        "name": helper.name,
        "kind": helper.kind,
        "startTimeUnixNano": str(helper.start_ns),
        "endTimeUnixNano": str(helper.end_ns),
        "attributes": _attributes(helper.attributes.items()),
    }
    if helper.error:
        found["status"] = _ERROR
    return found


def _told(exchange: HttpExchange) -> Iterator[Attribute]:
    """By the names that `mapping/names.py` knows, those of the conventions first."""
    yield "http.request.method", exchange.method or _NO_METHOD
    yield "url.full", exchange.url
    yield "server.port", exchange.port
    yield "network.protocol.version", exchange.http_version.removeprefix("HTTP/")
    yield "http.response.status_code", exchange.status or None
    yield "http.route", exchange.route_template
    yield "client.address", exchange.client_address
    yield "client.port", exchange.client_port
    yield "kong.service.name", exchange.service
    yield "kong.route.name", exchange.route
    yield "kong.auth.consumer.name", exchange.consumer
    yield "kong.request.id", exchange.request_id
    yield "kong.response.source", exchange.response_source
    yield "kong.upstream.status_code", exchange.upstream_status
    yield "kong.latency.internal", exchange.latencies.internal
    yield "kong.latency.upstream", exchange.latencies.upstream
    yield "kong.latency.receive", exchange.latencies.receive
    yield "otel_bridge.masked", exchange.masked or None
    yield from _headers(exchange)
    yield from _body("request", exchange.request_body)
    yield from _body("response", exchange.response_body)


def _headers(exchange: HttpExchange) -> Iterator[Attribute]:
    asked, answered = exchange.request_headers, exchange.response_headers
    if not exchange.captured:
        # All that is known of the headers of such a one; more of them would say that they were captured.
        yield "user_agent.original", next((v for name, v in asked if name.lower() == _USER_AGENT), "")
        return
    if exchange.gateway_root or not (asked or answered):
        yield "kong.capture.version", __version__
    for side, headers in (("request", asked), ("response", answered)):
        for name, values in _grouped(headers).items():
            yield f"http.{side}.header.{name}", list[Value](values)


def _grouped(headers: Headers) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in headers:
        found.setdefault(name, []).append(value)
    return found


def _body(side: str, body: Body) -> Iterator[Attribute]:
    yield f"http.{side}.body.content", body.content
    yield f"http.{side}.body.size", body.size
    yield f"http.{side}.body.truncated", body.truncated or None
    yield f"http.{side}.body.incomplete", body.incomplete or None
    yield f"otel_bridge.{side}.body.redacted", body.redacted or None
    yield f"otel_bridge.{side}.body.decoded", body.decoded or None
    yield f"otel_bridge.{side}.body.omitted", body.omitted


def _attributes(told: Any) -> list[dict[str, Any]]:
    """Without those that say nothing."""
    return [{"key": name, "value": _value(value)} for name, value in told if value not in (None, "")]


def _value(value: Value) -> dict[str, Any]:
    match value:
        case None:
            return {}
        case bool():
            return {"boolValue": value}
        case str():
            return {"stringValue": value}
        case bytes():
            return {"bytesValue": orjson.Fragment(b'"%b"' % b2a_base64(value, newline=False))}
        case int() if -_LONGEST <= value < _LONGEST:
            return {"intValue": str(value)}
        case int() | float():
            return {"doubleValue": float(value)}
        case list():
            return {"arrayValue": {"values": [_value(item) for item in value]}}
        case dict():
            return {"kvlistValue": {"values": _members(value)}}


def _members(value: Mapping[str, Value]) -> list[dict[str, Any]]:
    return [{"key": name, "value": _value(item)} for name, item in value.items()]
