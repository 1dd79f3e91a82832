"""One exchange out of what its protocol says and what the bridge adds (`_otel`, formats/extension.py).

Pure. `galileo.py` and `runscope.py` read their own shapes into a `Told`; the rules that hold for both are
here, so that an exchange is the same by whatever protocol it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from otel_bridge.inspector.exchange import Exchange, Headers, Side, Wire, exchange_id
from otel_bridge.inspector.wire import scalars
from otel_bridge.inspector.wire.url import split

NO_HEADERS = "the sender told no headers: they are unknown, not empty"

_NOTHING: Mapping[str, Any] = {}
_SPAN_TEXTS = ("name", "spanId", "parentSpanId", "kind")
# Kong's old plugin made 1 of 1.0; some agents write the minor number where there is none.
_VERSIONS = {"HTTP/1": "HTTP/1.0", "HTTP/2.0": "HTTP/2", "HTTP/3.0": "HTTP/3", "UNKNOWN": ""}


Mask = Callable[[Exchange], Exchange]


class Arrival(NamedTuple):
    """What all exchanges of a post share."""

    us: int
    """Unix microseconds."""
    random: Callable[[], bytes]
    """Gives `RANDOM_BYTES` new ones at each call, for exchanges that nothing else tells apart."""
    mask: Mask | None = None
    """Takes the secrets out of what did not come through a bridge."""


class Told(NamedTuple):
    """What a protocol itself says of an exchange; fields as in `Exchange`."""

    wire: Wire
    request: Side
    response: Side
    method: str = ""
    url: str = ""
    http_version: str = ""
    status: int = 0
    reason: str = ""
    started_us: int | None = None
    duration_us: int | None = None
    timings: Mapping[str, Any] = _NOTHING
    """`send`, `wait` and `receive` in milliseconds, unchecked."""
    client_address: str = ""
    environment: str = ""
    bucket: str = ""
    trace_id: str = ""
    span_id: str = ""


def assemble(told: Told, otel: Mapping[str, Any], arrival: Arrival) -> Exchange:
    """The exchange; *otel* is empty where the sender was not the bridge."""
    url = split(told.url)
    trace_id, span_id = scalars.text(otel.get("traceId")), scalars.text(otel.get("spanId"))
    trace_id, span_id = trace_id or told.trace_id, span_id or told.span_id
    started_us = told.started_us
    if (exact := scalars.micros(otel.get("start"))) is not None:
        started_us = exact
    started_us = arrival.us if started_us is None else max(0, min(started_us, arrival.us))
    captured = _captured(told, otel)
    request = _side(told.request, _mapping(otel, "requestBody"), captured=captured)
    response = _side(told.response, _mapping(otel, "responseBody"), captured=captured)
    if told.status in (204, 304) or 100 <= told.status < 200 or told.method == "HEAD":
        # Whatever its headers announce: that is of another answer's body.
        response = response._replace(body_size=0)
    timings, latency = told.timings, _mapping(otel, "latency")
    upstream, resource = _mapping(otel, "upstream"), _mapping(otel, "gateway")
    version = (told.http_version or scalars.text(otel.get("httpVersion"))).upper()
    exchange = Exchange(
        id=exchange_id(started_us, trace_id=trace_id, span_id=span_id, random=arrival.random()),
        wire=told.wire,
        arrived_us=arrival.us,
        started_us=started_us,
        duration_us=told.duration_us,
        method=told.method,
        url=url.text,
        scheme=url.scheme,
        host=url.host,
        port=url.port,
        path=url.path,
        query=url.query,
        http_version=_VERSIONS.get(version, version),
        status=told.status,
        reason="" if told.reason == str(told.status) else told.reason,
        request=request,
        response=response,
        environment=told.environment,
        bucket=told.bucket,
        service=scalars.text(otel.get("service")),
        route=scalars.text(otel.get("route")),
        consumer=scalars.text(otel.get("consumer")),
        route_template=scalars.text(otel.get("routeTemplate")),
        gateway=scalars.text(resource.get("service.instance.id"))
        or scalars.text(resource.get("service.name")),
        source=scalars.text(otel.get("responseSource")),
        client_address=told.client_address or scalars.text(otel.get("clientAddress")),
        client_port=scalars.port(otel.get("clientPort")),
        upstream_address=scalars.text(upstream.get("address")),
        upstream_port=scalars.port(upstream.get("port")),
        upstream_status=scalars.status(upstream.get("status")),
        request_id=scalars.text(otel.get("requestId")),
        trace_id=trace_id,
        span_id=span_id,
        send_us=scalars.micros(timings.get("send")),
        wait_us=scalars.micros(timings.get("wait")),
        receive_us=scalars.micros(timings.get("receive")),
        gateway_us=scalars.micros(latency.get("gateway")),
        upstream_us=scalars.micros(latency.get("upstream")),
        captured=captured,
        not_captured="" if captured else scalars.text(otel.get("notCaptured")) or NO_HEADERS,
        masked=otel.get("masked") is True,
        spans=_spans(otel),
        resource=resource,
    )
    # What a bridge sends went through its redaction.
    return exchange if otel or arrival.mask is None else arrival.mask(exchange)


def _captured(told: Told, otel: Mapping[str, Any]) -> bool:
    if "captured" in otel:
        return otel["captured"] is True
    # Without its additions the bridge says so by a head of 0 bytes, which no real message has.
    return any(side.headers or side.headers_size for side in (told.request, told.response))


def _side(told: Side, note: Mapping[str, Any], *, captured: bool) -> Side:
    size = told.body_size
    if size is None and told.body is None:
        size = _content_length(told.headers)
    elif size is None and not note:
        size = len(told.body or b"")
    elif size == 0 and not captured:
        size = None
    if not note and size == told.body_size:
        return told
    return told._replace(
        body_size=size,
        truncated=note.get("truncated") is True,
        incomplete=note.get("incomplete") is True,
        masked=note.get("masked") is True,
        decoded=note.get("decoded") is True,
        omitted=scalars.text(note.get("omitted")) or told.omitted,
    )


def _content_length(headers: Headers) -> int | None:
    found = [value for name, value in headers if len(name) == 14 and name.lower() == "content-length"]
    return scalars.size(found[-1]) if found else None


def _mapping(otel: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = otel.get(name)
    return found if isinstance(found, dict) else _NOTHING


def _spans(otel: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those that have a place in time; each has all the members that formats/extension.py always writes."""
    found = otel.get("spans")
    told = (_span(each) for each in found if isinstance(each, dict)) if isinstance(found, list) else ()
    return [span for span in told if span is not None]


def _span(told: dict[str, Any]) -> dict[str, Any] | None:
    start, length = scalars.number(told.get("start")), scalars.number(told.get("duration"))
    if start is None or length is None or abs(start) > scalars.LARGEST or not 0 <= length <= scalars.LARGEST:
        return None
    span: dict[str, Any] = {name: scalars.text(told.get(name)) for name in _SPAN_TEXTS}
    span |= {"start": start, "duration": length}
    if told.get("error") is True:
        span["error"] = True
    if attributes := scalars.mapping(told.get("attributes")):
        span["attributes"] = attributes
    return span
