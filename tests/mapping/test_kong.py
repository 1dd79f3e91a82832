from __future__ import annotations

import pytest

from otel_bridge.mapping import Latencies, kong
from tests.mapping.spans import kong_exchange_of


@pytest.mark.parametrize(
    ("name", "root"),
    [
        (b"kong", True),
        (b"GET /", True),
        (b"PROPFIND /a b", True),
        (b"kong.router", False),
        (b"HTTP GET http://a/", False),
        (b"balancer try #1", False),
        (b"access phase: key-auth", False),
        (b"", False),
    ],
)
def test_roots_are_known_by_their_name(name: bytes, root: bool) -> None:
    assert root is kong.is_root(name)


def test_a_name_that_is_not_utf8_is_readable_still() -> None:
    assert "kong.\ufffd" == kong.HELPER_NAMES[b"kong.\xff"].text


def test_what_a_capture_adds() -> None:
    exchange = kong_exchange_of(
        {
            "http.status_code": 200,
            "http.client_ip": "203.0.113.9",
            "net.peer.ip": "10.0.0.1",
            "client.port": 40876.0,
            "network.local.address": "10.0.0.2",
            "http.request.size": 117.0,
            "http.response.size": 334.0,
            "kong.request.id": "9bdafa526ae1d368aa6cc158f58de919",
            "kong.response.source": "service",
            "kong.upstream.status_code": 200.0,
            "kong.latency.internal": 0.002,
            "kong.latency.upstream": 0.001,
            "kong.latency.receive": 0.0,
            "kong.latency.total": 0.003,
            "kong.route.id": "4b978d57",
            "kong.route.name": "orders-route",
            "kong.service.id": "580c8aca",
            "kong.service.name": "orders",
            "kong.auth.consumer.id": "c-1",
            "kong.auth.consumer.name": "alice",
            "kong.capture.version": "1.0.0",
        }
    )

    assert ("203.0.113.9", 40876, "10.0.0.2") == (
        exchange.client_address,
        exchange.client_port,
        exchange.server_address,
    )
    assert (117, 334) == (exchange.request_size, exchange.response_size)
    assert "9bdafa526ae1d368aa6cc158f58de919" == exchange.request_id
    assert ("service", 200) == (exchange.response_source, exchange.upstream_status)
    assert Latencies(0.002, 0.001, 0.0) == exchange.latencies
    assert ("orders", "orders-route", "alice") == (exchange.service, exchange.route, exchange.consumer)


def test_entities_without_a_name_have_their_id() -> None:
    exchange = kong_exchange_of(
        {"kong.route.id": "4b978d57", "kong.service.id": "580c8aca", "kong.auth.consumer.id": "c-1"}
    )

    assert ("580c8aca", "4b978d57", "c-1") == (exchange.service, exchange.route, exchange.consumer)
