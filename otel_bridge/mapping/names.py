"""Which attributes feed which field of an exchange, in order: the first that is there wins.

Stable names of the HTTP conventions come before the old ones, both before a vendor's own. These tables
are the whole of the mapping's vocabulary: `attributes.py` reads them, docs/mapping.md lists them.
"""

from __future__ import annotations

from collections.abc import Mapping

FIELDS: Mapping[str, tuple[str, ...]] = {
    # `http.request.method` is then `_OTHER`.
    "method": ("http.request.method_original", "http.request.method", "http.method"),
    "url": ("url.full", "http.url"),
    "scheme": ("url.scheme", "http.scheme"),
    "host": ("server.address", "http.host", "net.host.name", "http.server_name"),
    "port": ("server.port", "net.host.port"),
    "path": ("url.path",),
    "query": ("url.query",),
    "target": ("http.target",),
    "http_version": (
        "network.protocol.version",
        "network.protocol.name",
        "net.protocol.version",
        "http.flavor",
        "http.protocol",
    ),
    "status": ("http.response.status_code", "http.status_code"),
    "user_agent": ("user_agent.original", "http.user_agent", "user_agent"),
    "request_size": ("http.request.size",),
    "response_size": ("http.response.size",),
    "client_address": ("client.address", "http.client_ip"),
    # Stands in for the client's address.
    "peer_address": (
        "network.peer.address",
        "net.sock.peer.addr",
        "net.peer.ip",
        "peer.address",
        "net.peer.name",
    ),
    "client_port": ("client.port", "network.peer.port", "net.sock.peer.port", "net.peer.port"),
    "server_address": ("network.local.address", "net.sock.host.addr", "net.host.ip"),
    "route_template": ("http.route",),
    "service": ("kong.service.name", "apisix.service_name", "tyk.api.name"),
    "route": ("kong.route.name", "apisix.route_name"),
    "consumer": ("kong.auth.consumer.name", "kong.auth.consumer.username", "kong.auth.consumer.custom_id"),
    # An id stands in for a name that was never given.
    "service_id": ("kong.service.id", "apisix.service_id"),
    "route_id": ("kong.route.id", "apisix.route_id"),
    "consumer_id": ("kong.auth.consumer.id",),
    "request_id": ("kong.request.id", "guid:x-request-id"),
    "response_source": ("kong.response.source",),
    "upstream_status": ("kong.upstream.status_code",),
    "latency_internal": ("kong.latency.internal",),
    "latency_upstream": ("kong.latency.upstream",),
    "latency_receive": ("kong.latency.receive",),
    "capture_version": ("kong.capture.version",),
    "source": ("otel_bridge.source",),
    "masked": ("otel_bridge.masked",),
}

SIDES = ("request", "response")

BODY: Mapping[str, tuple[str, ...]] = {
    "content": (
        "http.{side}.body.content",
        "http.{side}.body.content_base64",
        "http.{side}.body.data",
        "http.{side}.body",
        "http.{side}.body.base64",
        "rpc.{side}.body",
    ),
    "encoding": ("http.{side}.body.encoding",),
    "size": (
        "http.{side}.body.size",
        "http.{side}.body.bytes",
        "http.{side}_content_length",
        "{side}_size",
    ),
    "truncated": ("http.{side}.body.truncated",),
    "incomplete": ("http.{side}.body.incomplete",),
    "omitted": ("otel_bridge.{side}.body.omitted", "http.{side}.body.error"),
    "redacted": ("otel_bridge.{side}.body.redacted",),
    "decoded": ("otel_bridge.{side}.body.decoded",),
}
"""Parts of a `Body`; `{side}` is `request` or `response`."""

HEADERS = ("http.{side}.header.{name}", "http.{side}.headers.{name}", "rpc.{side}.metadata.{name}")
"""One attribute for each header: a list of values, or one value."""

HEADER_OBJECTS = ("http.{side}.headers",)
"""All headers in one attribute, as JSON text or as a map."""
