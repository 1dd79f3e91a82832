"""Server spans of gateways, in the shape that each of them really writes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from otel_bridge.otlp.values import Value


class GatewaySpan(NamedTuple):
    name: str
    scope: str
    resource: Mapping[str, Value]
    attributes: Mapping[str, Value]


ENVOY = GatewaySpan(
    "ingress",
    "envoy",
    {"service.name": "cart.default"},
    {
        "component": "proxy",
        "http.method": "POST",
        "http.url": "http://shop.example.com:8080/cart?item=7",
        "http.protocol": "HTTP/2",
        "http.status_code": "201",
        "request_size": "312",
        "response_size": "48",
        "user_agent": "curl/8.5.0",
        "peer.address": "10.1.2.3",
        "guid:x-request-id": "0c1b7f0e-3f4d-9a6c-8d2f-aa7c0c1b7f0e",
        "upstream_cluster": "outbound|80||cart.default.svc.cluster.local",
        "upstream_address": "10.1.9.9:8080",
        "response_flags": "-",
        "node_id": "sidecar~10.1.2.9~cart.default~default.svc.cluster.local",
    },
)
"""Envoy, alone or in Istio: old names, and every value is text."""

TRAEFIK = GatewaySpan(
    "EntryPoint",
    "github.com/traefik/traefik",
    {"service.name": "traefik", "service.version": "3.7.0"},
    {
        "entry_point": "websecure",
        "http.request.method": "PUT",
        "network.protocol.version": "1.1",
        "network.protocol.name": "http/1.1",
        "http.request.body.size": -1,
        "url.path": "/api/items/7",
        "url.query": "",
        "url.scheme": "https",
        "user_agent.original": "Go-http-client/1.1",
        "server.address": "api.example.com:8443",
        "client.address": "192.0.2.7",
        "client.port": 51234,
        "http.request.header.content-type": ["application/json"],
        "http.request.header.x-tags": ["a, b"],
        "http.route": "Host(`api.example.com`) && PathPrefix(`/api`)",
        "http.response.status_code": 204,
    },
)
"""Traefik 3: stable names; the route is a rule, the host has the port."""

APISIX = GatewaySpan(
    "GET /orders*",
    "opentelemetry-lua",
    {"service.name": "APISIX"},
    {
        "net.host.name": "api.example.com",
        "http.method": "GET",
        "http.request.method": "GET",
        "http.scheme": "http",
        "http.target": "/orders?limit=2",
        "url.path": "/orders",
        "http.user_agent": "curl/8.5.0",
        "apisix.route_id": "7",
        "apisix.route_name": "orders-route",
        "apisix.service_id": "3",
        "apisix.service_name": "orders",
        "http.route": "/orders*",
        "x-tenant": "blue",
        "http.status_code": 200,
        "http.response.status_code": 200,
    },
)
"""APISIX says nearly everything by old and stable name; headers are attributes of their own."""

NGINX = GatewaySpan(
    "/upload",
    "nginx",
    {"service.name": "unknown_service:nginx"},
    {
        "http.method": "POST",
        "http.target": "/upload?name=a%20b",
        "http.scheme": "https",
        "http.route": "/upload",
        "http.flavor": "2.0",
        "http.user_agent": "curl/8.5.0",
        "http.request_content_length": 2048,
        "net.host.name": "files.example.com",
        "net.sock.peer.addr": "2001:db8::7",
        "net.sock.peer.port": 40123,
        "net.host.port": 8443,
        "http.response_content_length": 17,
        "http.status_code": 201,
        "http.request.header.x-tenant": ["blue"],
    },
)
"""nginx with its own OpenTelemetry module: old names."""

TYK = GatewaySpan(
    "GET /pets",
    "go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp",
    {"service.name": "tyk-gateway"},
    {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": "/pets",
        "url.query": "kind=cat",
        "server.address": "tyk.example.com",
        "server.port": 8080,
        "network.peer.address": "198.51.100.20",
        "network.peer.port": 35432,
        "client.address": "203.0.113.9",
        "network.protocol.name": "http",
        "network.protocol.version": "1.1",
        "user_agent.original": "curl/8.5.0",
        "http.response.status_code": 200,
        "http.response.body.size": 512,
        "tyk.api.name": "pets",
        "tyk.api.id": "b84fe1a0",
        "tyk.gw.id": "gw-1",
    },
)
"""Tyk, by way of Go's otelhttp: stable names."""
