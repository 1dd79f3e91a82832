"""HTTP calls as an SDK's server spans tell them, and what of each has to arrive at the destinations.

One table for the SDKs of all languages: each test sends `CALLS` in its own way and calls `check`.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tests.bridge import eventually
from tests.end_to_end.conftest import Wired, entries, messages

MILLISECOND = 1_000_000
_SECOND = 1_000_000_000

Value = str | int | Sequence[str]


class Call(NamedTuple):
    name: str
    attributes: Mapping[str, Value]
    method: str
    url: str
    status: int
    client: str
    milliseconds: int
    request_headers: Sequence[tuple[str, str]] = ()
    response_headers: Sequence[tuple[str, str]] = ()
    sizes: tuple[int, int] = (0, 0)

    @property
    def duration_ns(self) -> int:
        return self.milliseconds * MILLISECOND


CALLS = (
    Call(
        name="GET /orders/{id}",
        attributes={
            "http.request.method": "GET",
            "url.scheme": "https",
            "url.path": "/orders/7",
            "url.query": "fields=name&fields=size&q=gr%C3%BC%C3%9Fe",
            "http.route": "/orders/{id}",
            "http.response.status_code": 200,
            "network.protocol.version": "2",
            "server.address": "shop.example.com",
            "server.port": 8443,
            "client.address": "198.51.100.7",
            "user_agent.original": "agent/1",
            "http.request.header.x-tag": ("one", "two"),
            "http.response.header.x-words": ("grüße",),
        },
        method="GET",
        url="https://shop.example.com:8443/orders/7?fields=name&fields=size&q=gr%C3%BC%C3%9Fe",
        status=200,
        client="198.51.100.7",
        milliseconds=125,
        request_headers=[("user-agent", "agent/1"), ("x-tag", "one"), ("x-tag", "two")],
        response_headers=[("x-words", "grüße")],
    ),
    Call(
        name="POST /orders",
        attributes={
            "http.request.method": "POST",
            "url.scheme": "http",
            "url.path": "/orders",
            "http.route": "/orders",
            "http.response.status_code": 201,
            "http.request.body.size": 512,
            "http.response.body.size": 64,
            "network.protocol.version": "1.1",
            "server.address": "shop.example.com",
            "server.port": 80,
            "network.peer.address": "2001:db8::7",
        },
        method="POST",
        url="http://shop.example.com/orders",
        status=201,
        client="2001:db8::7",
        milliseconds=40,
        sizes=(512, 64),
    ),
    Call(
        name="DELETE",
        attributes={  # the conventions' names before 2023
            "http.method": "DELETE",
            "http.scheme": "http",
            "http.target": "/orders/8?force",
            "http.flavor": "1.1",
            "http.status_code": 404,
            "net.host.name": "old.example.com",
            "net.host.port": 8080,
            "net.peer.ip": "203.0.113.9",
        },
        method="DELETE",
        url="http://old.example.com:8080/orders/8?force",
        status=404,
        client="203.0.113.9",
        milliseconds=7,
    ),
)


def start_of_first() -> int:
    """When the calls of a test begin, in ns: so lately that nothing is too old, and a new time each."""
    return time.time_ns() // MILLISECOND * MILLISECOND - _SECOND


def split(ns: int) -> tuple[int, int]:
    """Seconds and nanoseconds: a whole Unix time in ns is more than a JSON number holds."""
    return divmod(ns, _SECOND)


def check(wired: Wired, identifiers: Sequence[str]) -> None:
    """All `CALLS` arrive at both destinations, once and true; *identifiers* are theirs, in their order."""
    eventually(
        lambda: len(entries(wired.galileo)) >= len(CALLS) and len(messages(wired.runscope)) >= len(CALLS),
        f"{len(CALLS)} exchanges at both destinations",
    )
    arrived = {
        f"{each['_otel']['traceId']}-{each['_otel']['spanId']}": each for each in entries(wired.galileo)
    }
    told = {message["unique_identifier"]: message for message in messages(wired.runscope)}

    assert len(CALLS) == len(entries(wired.galileo)) == len(messages(wired.runscope))
    assert set(identifiers) == arrived.keys() == told.keys()
    for call, identifier in zip(CALLS, identifiers, strict=True):
        _check_entry(call, arrived[identifier])
        _check_message(call, told[identifier])


def _check_entry(call: Call, entry: Mapping[str, Any]) -> None:
    request, response = entry["request"], entry["response"]

    assert (call.method, call.url) == (request["method"], request["url"])
    assert call.status == response["status"]
    assert call.client == entry["clientIPAddress"]
    assert call.milliseconds == entry["time"]
    assert call.sizes == (request["bodySize"], response["bodySize"])
    for headers, part in ((call.request_headers, request), (call.response_headers, response)):
        assert list(headers) == [(item["name"], item["value"]) for item in part["headers"]]


def _check_message(call: Call, message: Mapping[str, Any]) -> None:
    request, response = message["request"], message["response"]

    assert (call.method, call.status) == (request["method"], response["status"])
    assert call.milliseconds / 1000 == response["response_time"]
    assert {name for name, _ in call.request_headers} == set(request["headers"])
    assert {name for name, _ in call.response_headers} == set(response["headers"])
