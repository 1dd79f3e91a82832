"""The fields a query can name: what each is, how it is read, and how it is explained.

This table is the language: the lexer knows its names, the matcher reads by it, the store maps `name` to its
columns, and the help page, docs/query.md and the completions are made from it.
"""

from __future__ import annotations

from collections.abc import Callable

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query.kinds import Field, Kind
from otel_bridge.inspector.query.subject import Subject

__all__ = ["ANYWHERE", "BY_NAME", "FIELDS", "Field", "Kind", "api_of", "plain_id", "response_size"]


def api_of(exchange: Exchange) -> str:
    """What the exchange belongs to, as the bridge's buffers have it: service, else route, else host."""
    if exchange.service:
        return f"{exchange.service}/{exchange.route}" if exchange.route else exchange.service
    return exchange.route or exchange.route_template or exchange.host


def response_size(exchange: Exchange) -> int | None:
    """Bytes of the response's body on the wire; what is kept of it where the sender gave no size."""
    side = exchange.response
    if side.body_size is not None:
        return side.body_size
    whole = side.body is not None and not side.truncated and not side.decoded
    return len(side.body or b"") if whole else None


def plain_id(text: str) -> str:
    """An id as it is compared: lower case, the dashes of a UUID taken out."""
    return text.lower().replace("-", "") if len(text) == 36 else text.lower()


def _ids(exchange: Exchange) -> tuple[str, ...]:
    return (exchange.id, plain_id(exchange.request_id))


def _tls(exchange: Exchange) -> str:
    return {"https": "true", "http": "false"}.get(exchange.scheme.lower(), "")


def _has_content(side: Side) -> bool:
    return bool(side.body)


_IS: dict[str, tuple[str, Callable[[Subject], bool]]] = {
    "error": ("status of 500 or more, or no answer at all", lambda s: not 0 < s.exchange.status < 500),
    "captured": ("headers and bodies are known", lambda s: s.exchange.captured),
    "masked": ("redaction replaced something", lambda s: s.exchange.masked),
    "truncated": (
        "a body was cut off, on either side",
        lambda s: s.exchange.request.truncated or s.exchange.response.truncated,
    ),
    "pinned": ("kept for ever", lambda s: s.pinned),
}

_HAS: dict[str, tuple[str, Callable[[Subject], bool]]] = {
    "trace": ("a trace id", lambda s: s.exchange.trace_id != ""),
    "spans": ("spans of the gateway's own work", lambda s: len(s.exchange.spans) > 0),
    "body": (
        "a body is kept, on either side",
        lambda s: _has_content(s.exchange.request) or _has_content(s.exchange.response),
    ),
    "req.body": ("the request's body is kept", lambda s: _has_content(s.exchange.request)),
    "resp.body": ("the response's body is kept", lambda s: _has_content(s.exchange.response)),
    "consumer": ("a consumer is known", lambda s: s.exchange.consumer != ""),
    "upstream": ("it reached an upstream", lambda s: s.exchange.upstream_address != ""),
}

FIELDS: tuple[Field, ...] = (
    Field(
        name="status",
        kind=Kind.STATUS,
        help="Status of the answer; 0 where there was none",
        example="status:5xx",
        attribute=lambda e: e.status,
        suggested=True,
    ),
    Field(
        name="method",
        kind=Kind.TEXT,
        help="Method of the request",
        example="method:(POST OR PUT)",
        attribute=lambda e: e.method,
        suggested=True,
    ),
    Field(
        name="host",
        kind=Kind.TEXT,
        help="Host that the client asked for, without the port",
        example="host:*.example.com",
        attribute=lambda e: e.host,
        suggested=True,
    ),
    Field(
        name="path",
        kind=Kind.TEXT,
        help="Path of the URL as sent. A pattern begins with `/^` here",
        example="path:/v1/orders/*",
        attribute=lambda e: e.path,
        suggested=True,
        slashed=True,
    ),
    Field(
        name="url",
        kind=Kind.TEXT,
        help="The whole URL as sent",
        example="url:*debug=1*",
        attribute=lambda e: e.url,
    ),
    Field(
        name="service",
        kind=Kind.TEXT,
        help="The gateway's service",
        example="service:(orders OR billing)",
        attribute=lambda e: e.service,
        suggested=True,
    ),
    Field(
        name="route",
        kind=Kind.TEXT,
        help="The gateway's route. A pattern begins with `/^` here",
        example="route:orders-*",
        attribute=lambda e: e.route,
        suggested=True,
        slashed=True,
    ),
    Field(
        name="consumer",
        kind=Kind.TEXT,
        help="The gateway's consumer: who called",
        example="consumer:acme",
        attribute=lambda e: e.consumer,
        suggested=True,
    ),
    Field(
        name="api",
        kind=Kind.TEXT,
        help="What the exchange belongs to: `service/route` or the service, else the route or its template, "
        "else the host. A pattern begins with `/^` here",
        example="api:orders/*",
        attribute=api_of,
        suggested=True,
        slashed=True,
    ),
    Field(
        name="endpoint",
        kind=Kind.TEXT,
        help="The route's template, else the path; the dashboard's rows. A pattern begins with `/^` here",
        example="endpoint:/v1/orders",
        attribute=lambda e: e.route_template or e.path,
        slashed=True,
    ),
    Field(
        name="ip",
        kind=Kind.ADDRESS,
        help="Address of the client; also a network",
        example="ip:10.0.0.0/8",
        attribute=lambda e: e.client_address,
        suggested=True,
    ),
    Field(
        name="trace",
        kind=Kind.TEXT,
        help="Trace id",
        example="trace:4bf92f3577b34da6a3ce929d0e0e4736",
        attribute=lambda e: e.trace_id,
    ),
    Field(
        name="id",
        kind=Kind.TEXT,
        help="Id of the exchange here, or the request id that Kong gave it (`X-Kong-Request-Id`)",
        example="id:2b4fd32af24c6f3a4b4d5f6a7b8c9d0e",
        several=_ids,
    ),
    Field(
        name="duration",
        kind=Kind.DURATION,
        help="Time from the client's request to the end of the answer",
        example="duration:>500ms",
        attribute=lambda e: e.duration_us,
    ),
    Field(
        name="kong",
        kind=Kind.DURATION,
        help="Time spent in the gateway itself",
        example="kong:>20ms",
        attribute=lambda e: e.gateway_us,
    ),
    Field(
        name="upstream",
        kind=Kind.DURATION,
        help="Time the gateway waited for the upstream",
        example="upstream:200ms..2s",
        attribute=lambda e: e.upstream_us,
    ),
    Field(
        name="size",
        kind=Kind.SIZE,
        help="Size of the response's body on the wire",
        example="size:>1mb",
        attribute=response_size,
    ),
    Field(
        name="environment",
        kind=Kind.TEXT,
        help="Galileo's environment",
        example="environment:production",
        attribute=lambda e: e.environment,
        suggested=True,
    ),
    Field(
        name="bucket",
        kind=Kind.TEXT,
        help="Runscope's bucket",
        example="bucket:4fv2j8x1",
        attribute=lambda e: e.bucket,
        suggested=True,
    ),
    Field(
        name="gateway",
        kind=Kind.TEXT,
        help="The gateway that reported it",
        example="gateway:kong-eu-1",
        attribute=lambda e: e.gateway,
        suggested=True,
    ),
    Field(
        name="source",
        kind=Kind.TEXT,
        help="Who made the answer: the service, a plugin (`exit`), or the gateway because of an error",
        example="source:exit",
        attribute=lambda e: e.source,
        values=("service", "exit", "error"),
    ),
    Field(
        name="client.port",
        kind=Kind.NUMBER,
        help="Port of the client",
        example="client.port:>=49152",
        attribute=lambda e: e.client_port,
    ),
    Field(
        name="upstream.address",
        kind=Kind.ADDRESS,
        help="Address of the upstream that was tried last; also a network",
        example="upstream.address:10.1.2.3",
        attribute=lambda e: e.upstream_address,
        suggested=True,
    ),
    Field(
        name="tls",
        kind=Kind.TEXT,
        help="Whether the client used TLS",
        example="tls:false",
        attribute=_tls,
        values=("true", "false"),
    ),
    Field(
        name="http.version",
        kind=Kind.TEXT,
        help="Version of HTTP that the client used",
        example="http.version:1.1",
        attribute=lambda e: e.http_version.removeprefix("HTTP/"),
        values=("1.0", "1.1", "2"),
    ),
    Field(
        name="req.header",
        kind=Kind.KEYED,
        help="A header of the request, by its name in any letter case",
        example="req.header.user-agent:curl*",
        keyed=lambda s, name: s.request.header(name),
    ),
    Field(
        name="resp.header",
        kind=Kind.KEYED,
        help="A header of the response",
        example="-resp.header.cache-control:*",
        keyed=lambda s, name: s.response.header(name),
    ),
    Field(
        name="req.query",
        kind=Kind.KEYED,
        help="A parameter in the URL, decoded; its name exactly as it is",
        example="req.query.page:>100",
        keyed=lambda s, name: s.parameter(name),
    ),
    Field(
        name="req.json",
        kind=Kind.JSON,
        help="A value in the request's JSON",
        example="req.json.items[0].sku:A-100",
        content=lambda s: s.request,
    ),
    Field(
        name="resp.json",
        kind=Kind.JSON,
        help="A value in the response's JSON",
        example="resp.json.error.code:E_TIMEOUT",
        content=lambda s: s.response,
    ),
    Field(
        name="req.xml",
        kind=Kind.XML,
        help="Text of an element or attribute in the request's XML; names without their prefix",
        example="req.xml./Envelope/Body/order/@id:A-100",
        content=lambda s: s.request,
    ),
    Field(
        name="resp.xml",
        kind=Kind.XML,
        help="Text of an element or attribute in the response's XML; names without their prefix",
        example="resp.xml.//fault/@code:42",
        content=lambda s: s.response,
    ),
    Field(
        name="req.body",
        kind=Kind.BODY,
        help="Text within the request's body",
        example='req.body:"gift card"',
        content=lambda s: s.request,
    ),
    Field(
        name="resp.body",
        kind=Kind.BODY,
        help="Text within the response's body",
        example='resp.body:*"stack trace"*',
        content=lambda s: s.response,
    ),
    Field(name="is", kind=Kind.FLAG, help="What an exchange is", example="is:error", flags=_IS),
    Field(name="has", kind=Kind.FLAG, help="What an exchange has", example="has:trace", flags=_HAS),
)

BY_NAME = {field.name: field for field in FIELDS}

ANYWHERE = Field(
    name="",
    kind=Kind.BODY,
    help="Words anywhere: URL, names, headers, bodies",
    example='"card declined"',
)
"""The field of bare text."""
