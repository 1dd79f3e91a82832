"""One exchange out of two accounts of it: Kong's span and Kong's access log of the same request.

The span is right about times and ids, and has the helper spans; the log fills in what the span lacks:
headers, sizes, service, route, consumer, latencies. `joined` does that to exchanges, `combined` to OTLP,
with the same outcome.
"""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from otel_bridge.mapping.attributes import told, told_by
from otel_bridge.mapping.exchange import NO_BODY, NO_LATENCIES, HttpExchange
from otel_bridge.mapping.spot import spot
from otel_bridge.otlp.messages import PackedRequest

SOURCE = "span and access log"

# Whatever of these the span does not say, the log says.
_FILLED = (
    "http_version",
    "status",
    "request_size",
    "response_size",
    "client_address",
    "client_port",
    "server_address",
    "route_template",
    "service",
    "route",
    "consumer",
    "request_id",
    "response_source",
    "upstream_status",
)
_UNTOLD = ("", 0, None)

# Of what several attributes tell together, a span's own keeps out all of the log's.
_TOGETHER: Sequence[frozenset[str]] = (
    frozenset({"url", "scheme", "host", "port", "path", "query", "target"}),
    frozenset({"client_address", "peer_address"}),
    frozenset({"service", "service_id"}),
    frozenset({"route", "route_id"}),
    frozenset({"consumer", "consumer_id"}),
    frozenset({"latency_internal", "latency_upstream", "latency_receive"}),
    frozenset(
        {"request:", "response:", "request_headers", "response_headers", "capture_version", "user_agent"}
    ),
)


def joined(span: HttpExchange, log: HttpExchange) -> HttpExchange:
    """The exchange that *span* and *log* tell of."""
    filled = {name: getattr(log, name) for name in _FILLED if getattr(span, name) in _UNTOLD}
    if span.port is None and log.host.lower() == span.host.lower():
        # Kong's spans have lost the port, which the Host header still has.
        filled["port"] = log.port
        filled["url"] = log.url.removesuffix(log.target) + span.target
    if not span.captured and not span.request_headers:
        filled |= {"request_headers": log.request_headers, "response_headers": log.response_headers}
        filled["captured"] = log.captured
    for side in ("request_body", "response_body"):
        if getattr(span, side) == NO_BODY:
            filled[side] = getattr(log, side)
    if span.latencies == NO_LATENCIES:
        filled["latencies"] = log.latencies
    return span._replace(**filled, masked=span.masked or log.masked, source=SOURCE)


def combined(span: bytes, log: bytes) -> bytes:
    """Trace request *span*, of one exchange, with what that of its *log* adds; see `access_logs.py`."""
    request, additions = PackedRequest.FromString(span), PackedRequest.FromString(log)
    own, place = spot(span).exchanges[0]
    attributes = request.resource_spans[place.resource].scope_spans[place.scope].spans[place.span].attributes
    kept_out = _kept_out(told(attributes))
    added = additions.resource_spans[0].scope_spans[0].spans[0].attributes
    attributes.extend(item for item in added if told_by(item) not in kept_out)
    attributes.append(_key_value("otel_bridge.source", SOURCE))
    both = joined(own, spot(log).exchanges[0].exchange)
    if both.url != own.url:
        # A stable name, so it wins over the one that Kong's span has.
        attributes.append(_key_value("url.full", both.url))
    return request.SerializeToString()


def _key_value(name: str, text: str) -> bytes:
    return KeyValue(key=name, value=AnyValue(string_value=text)).SerializeToString()


def _kept_out(own: set[str]) -> set[str]:
    """What the log says in vain where the span tells *own*."""
    found = own | {"source"}
    for group in _TOGETHER:
        if not own.isdisjoint(group):
            found |= group
    for side in ("request_body_", "response_body_"):
        if any(key.startswith(side) for key in own):
            found |= {f"{side}{part}" for part in ("content", "encoding", "size", "truncated", "incomplete")}
    return found
