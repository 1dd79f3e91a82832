"""One server span of each kind of sender, in the shape it really has on the wire."""

from __future__ import annotations

from otel_bridge.mapping import Body, api, spot
from tests.gateways import APISIX, ENVOY, NGINX, TRAEFIK, TYK
from tests.mapping.spans import Batch, SpanOf, exchange_of, request


def test_envoy_and_istio_write_every_value_as_text() -> None:
    exchange = exchange_of(ENVOY.attributes)

    assert "POST" == exchange.method
    assert "http://shop.example.com:8080/cart?item=7" == exchange.url
    assert ("http", "shop.example.com", 8080, "/cart?item=7") == (
        exchange.scheme,
        exchange.host,
        exchange.port,
        exchange.target,
    )
    assert ("HTTP/2", 201) == (exchange.http_version, exchange.status)
    assert Body(size=312) == exchange.request_body
    assert Body(size=48) == exchange.response_body
    assert "10.1.2.3" == exchange.client_address
    assert "0c1b7f0e-3f4d-9a6c-8d2f-aa7c0c1b7f0e" == exchange.request_id
    assert (("user-agent", "curl/8.5.0"),) == exchange.request_headers
    assert not exchange.captured
    assert ("host", "shop.example.com") == api(exchange)


def test_envoy_with_the_stable_names_beside_the_old_ones() -> None:
    exchange = exchange_of(
        {
            "http.request.method": "GET",
            "url.full": "https://shop.example.com/",
            "http.response.status_code": "200",
            "http.request.body.size": "0",
            "http.response.body.size": "1024",
            "network.peer.address": "10.1.2.3",
            "user_agent.original": "curl/8.5.0",
            "http.protocol": "HTTP/1.1",
        }
    )

    assert ("GET", "https://shop.example.com/", 200) == (exchange.method, exchange.url, exchange.status)
    assert (0, 1024) == (exchange.request_body.size, exchange.response_body.size)
    assert "10.1.2.3" == exchange.client_address


def test_traefik_names_its_router_rule_and_a_host_with_port() -> None:
    exchange = exchange_of(TRAEFIK.attributes)

    assert "https://api.example.com:8443/api/items/7" == exchange.url
    assert ("HTTP/1.1", 204) == (exchange.http_version, exchange.status)
    assert ("192.0.2.7", 51234) == (exchange.client_address, exchange.client_port)
    assert exchange.request_body.size is None
    assert exchange.captured
    assert (
        ("content-type", "application/json"),
        ("user-agent", "Go-http-client/1.1"),
        ("x-tags", "a, b"),
    ) == exchange.request_headers
    assert ("route", "Host(`api.example.com`) && PathPrefix(`/api`)") == api(exchange)


def test_apisix_says_everything_twice() -> None:
    exchange = exchange_of(APISIX.attributes)

    assert ("GET", "http://api.example.com/orders?limit=2", 200) == (
        exchange.method,
        exchange.url,
        exchange.status,
    )
    assert ("orders", "orders-route") == (exchange.service, exchange.route)
    assert ("service", "orders/orders-route") == api(exchange)


def test_nginx_module() -> None:
    exchange = exchange_of(NGINX.attributes)

    assert "https://files.example.com:8443/upload?name=a%20b" == exchange.url
    assert ("HTTP/2", 201) == (exchange.http_version, exchange.status)
    assert ("2001:db8::7", 40123) == (exchange.client_address, exchange.client_port)
    assert (2048, 17) == (exchange.request_body.size, exchange.response_body.size)
    assert ("x-tenant", "blue") in exchange.request_headers
    assert ("route", "/upload") == api(exchange)


def test_tyk_by_way_of_otelhttp() -> None:
    exchange = exchange_of(TYK.attributes)

    assert "http://tyk.example.com:8080/pets?kind=cat" == exchange.url
    assert ("203.0.113.9", 35432) == (exchange.client_address, exchange.client_port)
    assert ("service", "pets") == api(exchange)


def test_spring_by_way_of_the_java_agent() -> None:
    exchange = exchange_of(
        {
            "http.request.method": "GET",
            "url.scheme": "https",
            "url.path": "/owners/7",
            "server.address": "petclinic.example.com",
            "server.port": 443,
            "network.protocol.version": "2",
            "network.peer.address": "127.0.0.1",
            "client.address": "203.0.113.9",
            "http.route": "/owners/{ownerId}",
            "http.response.status_code": 200,
            "http.request.header.accept": ["text/html", "application/json"],
            "http.response.header.content-type": ["text/html;charset=UTF-8"],
            "thread.id": 42,
            "thread.name": "http-nio-8080-exec-1",
        }
    )

    assert ("https://petclinic.example.com/owners/7", 443) == (exchange.url, exchange.port)
    assert (("accept", "text/html"), ("accept", "application/json")) == exchange.request_headers
    assert (("content-type", "text/html;charset=UTF-8"),) == exchange.response_headers
    assert ("route", "/owners/{ownerId}") == api(exchange)


def test_old_java_agent_and_python_instrumentation() -> None:
    exchange = exchange_of(
        {
            "http.method": "POST",
            "http.scheme": "http",
            "http.host": "127.0.0.1:5000",
            "http.target": "/login",
            "net.host.name": "localhost",
            "net.host.port": 5000,
            "net.peer.ip": "127.0.0.1",
            "net.peer.port": 54321,
            "http.flavor": "1.1",
            "http.status_code": 302,
            "http.request.header.content_type": ["application/x-www-form-urlencoded"],
            "http.request.header.x_request_id": ["r-1"],
        }
    )

    assert "http://127.0.0.1:5000/login" == exchange.url
    assert ("127.0.0.1", 54321) == (exchange.client_address, exchange.client_port)
    assert (
        ("content-type", "application/x-www-form-urlencoded"),
        ("x-request-id", "r-1"),
    ) == exchange.request_headers


def test_stable_names_win_over_old_ones() -> None:
    exchange = exchange_of(
        {
            "http.method": "GET",
            "http.request.method": "POST",
            "http.status_code": 200,
            "http.response.status_code": 503,
            "http.url": "http://old.example.com/",
            "url.full": "http://new.example.com/",
            "client.address": "192.0.2.1",
            "http.client_ip": "192.0.2.2",
            "net.peer.ip": "192.0.2.3",
        }
    )

    assert ("POST", 503, "http://new.example.com/", "192.0.2.1") == (
        exchange.method,
        exchange.status,
        exchange.url,
        exchange.client_address,
    )


def test_a_stable_name_of_no_use_leaves_the_field_to_the_old_one() -> None:
    exchange = exchange_of(
        {"http.method": "GET", "http.response.status_code": "n/a", "http.status_code": "404", "url.full": ""}
    )

    assert 404 == exchange.status


def test_a_method_outside_the_known_ones_keeps_its_name() -> None:
    exchange = exchange_of({"http.request.method": "_OTHER", "http.request.method_original": "PURGE"})

    assert "PURGE" == exchange.method
    assert "_OTHER" == exchange_of({"http.request.method": "_OTHER"}).method


def test_resource_and_scope_are_the_senders() -> None:
    batch = Batch(
        [SpanOf({"http.method": "GET"}), SpanOf({"http.method": "GET"}, span_id=b"\x02" * 8)],
        scope="io.opentelemetry.tomcat",
        resource={"service.name": "shop", "host.cpus": 4},
    )

    first, second = (found.exchange for found in spot(request(batch)).exchanges)

    assert "io.opentelemetry.tomcat" == first.scope
    assert {"service.name": "shop", "host.cpus": 4} == first.resource
    assert first.resource is second.resource
    assert not first.gateway_root
