"""HttpExchange: one HTTP call as the gateway saw it, free of any vendor's format.

Everything behind the mapping (encoders, buffers, the inspector) knows this type and no span. It is a
named tuple: frozen, and half the price of a frozen dataclass, which shows at thousands a second.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from otel_bridge.otlp.values import Value

Headers = tuple[tuple[str, str], ...]


class Body(NamedTuple):
    """One side's body. `content` is raw bytes, any Content-Encoding still applied unless `decoded`."""

    content: bytes | None = None
    size: int | None = None
    """Bytes of the whole body where the sender told, whatever of it is in `content`."""
    truncated: bool = False
    incomplete: bool = False
    """The peer went away in the middle; `size` is then what was announced."""
    redacted: bool = False
    decoded: bool = False
    """Redaction had to take the Content-Encoding off and left it off."""
    omitted: str = ""
    """Why there is no content though there was a body: the capture's own words (`content type`,
    `on disk`, `not read`, `encoded` ...) or the bridge's (`not wanted`, `not decodable`, `too large`)."""


NO_BODY = Body()


class HelperSpan(NamedTuple):
    """A gateway's own span inside an exchange: router, plugin, DNS, balancer try."""

    span_id: bytes
    parent_span_id: bytes
    name: str
    kind: int
    """OTLP's numbers: 1 internal, 2 server, 3 client."""
    start_ns: int
    end_ns: int
    """Never before `start_ns`."""
    error: bool
    attributes: Mapping[str, Value]


class Latencies(NamedTuple):
    """Kong's own account of an exchange, in seconds; None where it gave none."""

    internal: float | None = None
    upstream: float | None = None
    receive: float | None = None


NO_LATENCIES = Latencies()


class HttpExchange(NamedTuple):
    trace_id: bytes
    span_id: bytes
    parent_span_id: bytes
    start_ns: int
    """Unix time; `end_ns` is never before it."""
    end_ns: int

    method: str
    url: str
    """What the client asked for: absolute, escapes as sent, the port only if it is not the scheme's own."""
    scheme: str
    host: str
    """Without port; an IPv6 address in brackets."""
    port: int | None
    """The port the client called, where known; else the one that the gateway listens on, which the
    client may know by another number: that one is not in `url` unless nothing else names the host."""
    target: str
    """Path and query as sent; begins with `/` (or is `*`)."""
    http_version: str
    """`HTTP/1.0`, `HTTP/1.1`, `HTTP/2`, `HTTP/3`; "" where unknown."""
    status: int
    """0 where there was no answer or the sender did not say."""

    request_headers: Headers
    """In the order of their names; one item per value, names as the sender gave them."""
    response_headers: Headers
    request_body: Body
    response_body: Body
    request_size: int | None
    """Bytes on the wire, start line and headers included."""
    response_size: int | None

    client_address: str
    """"" where unknown, as all addresses here."""
    client_port: int | None
    server_address: str
    """The gateway's own address."""

    route_template: str
    """`http.route`; may be "" or a router's rule."""
    service: str
    route: str
    consumer: str
    request_id: str
    response_source: str
    """`service`, `exit` or `error`, Kong's words."""
    upstream_status: int | None
    latencies: Latencies

    scope: str
    resource: Mapping[str, Value]
    """The sender's resource attributes, shared by all exchanges of a batch."""
    gateway_root: bool
    """A Kong root span: helper spans may still come for it."""
    captured: bool
    """Headers (and bodies) were captured; if not, their absence says nothing."""
    helpers: tuple[HelperSpan, ...] = ()
    masked: bool = False
    """Redaction (the gateway's or the bridge's) replaced something."""
    source: str = ""
    """Where its account comes from, if not from a span alone: `access log`, or `span and access log`."""
