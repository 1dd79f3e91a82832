from __future__ import annotations

import pytest

from otel_bridge.mapping.url import split_authority
from tests.mapping.spans import Attributes, exchange_of, kong_exchange_of

HOST = "http.request.header.host"
KONG: Attributes = {
    "http.url": "http://api.example.com/a?b=1",
    "http.host": "api.example.com",
    "http.scheme": "http",
    "server.port": 8000.0,
}


@pytest.mark.parametrize(
    ("attributes", "url"),
    [
        ({"url.full": "https://a.example/x?y#z"}, "https://a.example/x?y"),
        ({"http.url": "HTTP://a.example"}, "http://a.example/"),
        ({"http.url": "http://a.example?q=1"}, "http://a.example/?q=1"),
        ({"http.url": "http://user:pw@a.example:80/"}, "http://user:pw@a.example/"),
        ({"http.url": "https://[2001:db8::1]:8443/x"}, "https://[2001:db8::1]:8443/x"),
        ({"http.url": "/only/path?q", "http.host": "a.example:81"}, "http://a.example:81/only/path?q"),
        ({"http.target": "http://b.example/abs", "http.host": "a.example"}, "http://b.example/abs"),
        ({"http.target": "*", "http.host": "a.example"}, "http://a.example*"),
        ({"http.target": "/t?q=%2F", "url.path": "/other", "http.host": "a"}, "http://a/t?q=%2F"),
        ({"url.path": "no-slash", "server.address": "a"}, "http://a/no-slash"),
        ({"url.path": "/p", "url.query": "?q=1", "server.address": "a"}, "http://a/p?q=1"),
        (
            {"url.path": "/p", "server.address": "2001:db8::1", "server.port": "81"},
            "http://[2001:db8::1]:81/p",
        ),
        ({"url.path": "/p", "server.address": "a", "server.port": 443}, "https://a/p"),
        ({"url.path": "/p", "url.scheme": "https", "server.address": "a", "server.port": 443}, "https://a/p"),
        ({"url.path": "/p", "server.address": "a", "server.port": 99999}, "http://a/p"),
        ({"url.path": "/p", HOST: ["b.example:82"], "server.address": "a"}, "http://b.example:82/p"),
        ({"url.path": "/p", HOST: ["b.example"], "server.port": 8080}, "http://b.example/p"),
        ({}, "http://unknown/"),
    ],
)
def test_url_of_whatever_pieces_there_are(attributes: Attributes, url: str) -> None:
    exchange = exchange_of(attributes)

    assert url == exchange.url
    assert exchange.url.endswith(exchange.target)


@pytest.mark.parametrize(
    ("more", "url", "port"),
    [
        ({}, "http://api.example.com/a?b=1", 8000),
        ({HOST: ["api.example.com:8000"]}, "http://api.example.com:8000/a?b=1", 8000),
        ({HOST: ["API.example.com:8000"]}, "http://api.example.com:8000/a?b=1", 8000),
        ({HOST: "api.example.com:8000"}, "http://api.example.com:8000/a?b=1", 8000),
        # The client asked for the scheme's own port, wherever that was mapped to.
        ({HOST: ["api.example.com"]}, "http://api.example.com/a?b=1", 8000),
        ({HOST: ["api.example.com:80"]}, "http://api.example.com/a?b=1", 80),
        # An absolute-form target: the Host header names another host.
        ({HOST: ["other.example.com:9"]}, "http://api.example.com/a?b=1", 8000),
        # Kong 3.0 and 3.1.
        ({"http.url": "/a?b=1", HOST: "api.example.com:8000"}, "http://api.example.com:8000/a?b=1", 8000),
    ],
)
def test_kong_loses_the_port_and_the_host_header_knows_it(more: Attributes, url: str, port: int) -> None:
    exchange = kong_exchange_of({**KONG, **more})

    assert url == exchange.url
    assert port == exchange.port
    assert "/a?b=1" == exchange.target


def test_kong_without_capture_knows_no_port() -> None:
    exchange = kong_exchange_of({name: value for name, value in KONG.items() if name != "server.port"})

    assert ("http://api.example.com/a?b=1", None) == (exchange.url, exchange.port)


def test_bytes_of_a_url_that_are_not_utf8_are_percent_encoded() -> None:
    exchange = kong_exchange_of({**KONG, "http.url": b"http://api.example.com/caf\xe9?x=\xff\xfe&y=%20"})

    assert "http://api.example.com/caf%E9?x=%FF%FE&y=%20" == exchange.url
    assert "/caf%E9?x=%FF%FE&y=%20" == exchange.target


def test_text_of_a_url_stays_as_it_was_sent() -> None:
    exchange = kong_exchange_of({**KONG, "http.url": "http://api.example.com/grüße//../%2e?q=日本&&="})

    assert "/grüße//../%2e?q=日本&&=" == exchange.target


@pytest.mark.parametrize(
    ("authority", "parts"),
    [
        ("a", ("a", None)),
        ("a:1", ("a", 1)),
        ("a:", ("a", None)),
        ("a:0", ("a", None)),
        ("a:65536", ("a", None)),
        ("a:x", ("a", None)),
        ("[::1]", ("[::1]", None)),
        ("[::1]:8000", ("[::1]", 8000)),
        ("::1", ("[::1]", None)),
        ("", ("", None)),
    ],
)
def test_authority(authority: str, parts: tuple[str, int | None]) -> None:
    assert parts == split_authority(authority)
