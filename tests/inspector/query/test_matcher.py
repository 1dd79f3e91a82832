"""What each kind of term finds, and what it leaves."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import brotli
import pytest
import zstandard

from otel_bridge.inspector.exchange import Exchange, Headers, Side
from otel_bridge.inspector.query import Subject, matcher, parse
from tests.inspector.strategies import an_exchange

JSON = b"""{"total": 1, "big": 12345678901234567890123, "ok": true, "none": null, "price": 1.10,
"name": "Zo\\u00eb", "items": [{"sku": "A-1", "n": 1}, {"sku": "B-2", "n": "2"}],
"tags": ["red", "Blue"], "a.b": {"c": "deep"}, "e": ""}"""
XML = b"""<?xml version="1.0"?><s:Envelope xmlns:s="urn:s"><s:Body><order id="7">
 <sku>A-1</sku><sku>B-2</sku><note>gift <b>card</b></note></order></s:Body></s:Envelope>"""


def finds(query: str, exchange: Exchange, *, pinned: bool = False) -> bool:
    found = matcher(parse(query))(Subject(exchange, pinned=pinned))
    assert found is not matcher(parse(f"-({query})"))(Subject(exchange, pinned=pinned))
    return found


def asked(body: bytes | None = None, headers: Headers = (), **rest: Any) -> Exchange:
    return an_exchange(request=Side(headers=headers, body=body), **rest)


def answered(body: bytes | None = None, headers: Headers = (), **rest: Any) -> Exchange:
    return an_exchange(response=Side(headers=headers, body=body, **rest))


@pytest.mark.parametrize(
    ("query", "changes", "expected"),
    [
        ("status:200", {}, True),
        ("status:2xx", {"status": 204}, True),
        ("status:2xx", {"status": 300}, False),
        ("status:0", {"status": 0}, True),
        ("status:(404 OR >=500)", {"status": 500}, True),
        ("method:get", {}, True),
        ("method:(POST OR PUT)", {}, False),
        ("host:*.COM", {"host": "api.example.com"}, True),
        ("host:*.com", {"host": "example.org"}, False),
        ("path:/v1/*", {}, True),
        ("path:/v1/", {}, False),
        ("path:/v1/", {"path": "/v1/"}, True),
        ("path:/^\\/v\\d\\/o/", {}, True),
        ("path:*ab*ab", {"path": "xab"}, False),
        ("path:*ab*ab", {"path": "xabab"}, True),
        ("url:/page=\\d+$/", {}, True),
        ("service:*", {}, False),
        ("service:*", {"service": "orders"}, True),
        ("service:ORDERS", {"service": "orders"}, True),
        ("service:/ORDERS/", {"service": "orders"}, False),
        ('service:"Zoë"', {"service": "zoë"}, True),
        ('service:"ZOË"', {"service": "zoë"}, False),
        ("route:/v1/{id}", {"route": "/v1/{id}"}, True),
        ("api:orders/create", {"service": "orders", "route": "create"}, True),
        ("api:/v1/{id}", {"route_template": "/v1/{id}"}, True),
        ("api:example.com", {}, True),
        ("ip:10.1.2.3", {}, True),
        ("ip:10.0.0.0/8", {}, True),
        ("ip:10.0.0.0/8", {"client_address": "11.0.0.1"}, False),
        ("ip:10.0.0.0/8", {"client_address": "::ffff:10.0.0.1"}, True),
        ("ip:2001:db8::/32", {"client_address": "[2001:db8::1]"}, True),
        ("ip:10.0.0.0/8", {"client_address": "nowhere"}, False),
        ("trace:4BF92F3577B34DA6A3CE929D0E0E4736", {}, True),
        ("id:019ab8e3-a0d5-0102-0304-05060708090a", {"id": "019ab8e3a0d50102030405060708090a"}, True),
        ("id:2b4fd32af24c6f3a4b4d5f6a7b8c9d0e", {}, True),
        ("id:2b4fd32af24c6f3a4b4d5f6a7b8c9d0e", {"request_id": "2b4fd32a-f24c-6f3a-4b4d-5f6a7b8c9d0e"}, True),
        ("id:*", {"request_id": ""}, True),
        ("duration:43ms", {}, True),
        ("duration:43", {}, True),
        ("duration:>43ms", {}, False),
        ("duration:>42.999ms", {}, True),
        ("duration:1ms..1s", {}, True),
        ("duration:<1h", {"duration_us": None}, False),
        ("kong:3ms", {}, True),
        ("upstream:>=15ms", {}, True),
        ("size:>1kb", {"response": Side(body_size=1001)}, True),
        ("size:>=1kib", {"response": Side(body_size=1001)}, False),
        ("size:3", {"response": Side(body=b"abc")}, True),
        ("size:*", {"response": Side(body=b"abc", truncated=True)}, False),
        ("client.port:>=49152", {}, True),
        ("upstream.address:10.9.*", {}, True),
        ("tls:true", {}, True),
        ("tls:false", {"scheme": "http"}, True),
        ("tls:*", {"scheme": ""}, False),
        ("http.version:1.1", {}, True),
        ("http.version:HTTP/2", {"http_version": "HTTP/2"}, True),
        ("req.query.page:2", {}, True),
        ("req.query.page:>1", {}, True),
        ("req.query.Page:2", {}, False),
        ("req.query.q:*", {"query": "q="}, True),
        ('req.query["a b"]:"c d"', {"query": "a+b=c%20d"}, True),
        ("is:error", {"status": 0}, True),
        ("is:error", {"status": 499}, False),
        ("is:error", {"status": 503}, True),
        ("is:captured", {}, True),
        ("is:masked", {"masked": True}, True),
        ("is:truncated", {"request": Side(truncated=True)}, True),
        ("has:trace", {"trace_id": ""}, False),
        ("has:spans", {"spans": ({"name": "kong.router"},)}, True),
        ("has:body", {"request": Side(body=b"x")}, True),
        ("has:req.body", {"request": Side(body=b"")}, False),
        ("has:consumer has:upstream", {"consumer": "acme"}, True),
    ],
)
def test_attributes(query: str, changes: dict[str, Any], expected: bool) -> None:
    assert expected is finds(query, an_exchange(**changes))


def test_the_empty_query_is_everything() -> None:
    assert matcher(parse(" \n"))(Subject(an_exchange()))


def test_what_is_pinned_only_the_store_knows() -> None:
    assert finds("is:pinned", an_exchange(), pinned=True)
    assert not finds("is:pinned", an_exchange())


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("req.header.x-MODE:Fast", True),
        ("req.header.x-mode:slow", True),
        ("req.header.x-mode:*", True),
        ("req.header.x-mode:medium", False),
        ("req.header.other:*", False),
        ("req.header.content-length:>100", True),
        ("req.header.content-length:100..200", True),
        ("req.header.x-mode:>1", False),
        ("req.header.x-mode:/^slow$/", True),
        ("resp.header.x-mode:*", False),
    ],
)
def test_headers(query: str, expected: bool) -> None:
    headers = (("X-Mode", "fast"), ("x-mode", "slow"), ("Content-Length", "120"))

    assert expected is finds(query, asked(headers=headers))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("total:1", True),
        ("total:>0", True),
        ("total:0..0.5", False),
        ("big:12345678901234567890123", True),
        ("big:12345678901234567890124", False),
        ("ok:true", True),
        ("ok:1", False),
        ("ok:>0", False),
        ("none:null", True),
        ("none:*", True),
        ("nothing:*", False),
        ("price:1.1", True),
        ("price:1.10", True),
        ("name:zoë", True),
        ("items[1].sku:b-2", True),
        ("items[2].sku:*", False),
        ("items.sku:A*", True),
        ("items.n:2", True),
        ("items.n:>1", False),
        ("items:*", True),
        ("items:A-1", False),
        ("tags:blue", True),
        ("tags[0]:blue", False),
        ("tags:/^r/", True),
        ('["a.b"].c:deep', True),
        ('e:""', True),
        ("total.x:*", False),
    ],
)
def test_json(query: str, expected: bool) -> None:
    dot = "" if query.startswith("[") else "."

    assert expected is finds(f"resp.json{dot}{query}", answered(JSON))
    assert expected is finds(f"req.json{dot}{query}", asked(JSON))
    assert not finds(f"req.json{dot}{query}", answered(JSON))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("/Envelope/Body/order/@id:7", True),
        ("/Envelope/Body/order/@id:>6", True),
        ("/Envelope/Body/order/sku:b-2", True),
        ("/Envelope/Body/order/sku[1]:b-2", False),
        ("/Envelope/Body/order/sku[2]:b-2", True),
        ("/Envelope/*/order/sku:A-1", True),
        ("//sku:A-1", True),
        ("//order/note:gift*", True),
        ('//note:"gift card"', True),
        ("//@id:7", True),
        ("/Body:*", False),
        ("//sku/@id:*", False),
    ],
)
def test_xml(query: str, expected: bool) -> None:
    assert expected is finds(f"resp.xml.{query}", answered(XML))
    assert not finds(f"resp.xml.{query}", answered(JSON))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("total", True),
        ("TOTAL sku", True),
        ("tota", False),
        ("*tota*", True),
        ('"total": 1', True),
        (r'"\"total\":1"', True),
        (r'"\"total\":  1,"', True),
        (r'"\"total\": 2"', False),
        ('"otal"', False),
        ('"a-1"', True),
        ("Zoë", True),
        ("u00eb", True),
        ('*":*', True),
        ("resp.body:total", True),
        ("req.body:total", False),
        ('resp.body:"sku\\": \\"A"', True),
        ("resp.body:/A-\\d/", True),
        ("resp.body:*A-*", True),
        ("resp.body:*", True),
        ("req.body:*", False),
        ("page GET example.com", True),
        ("application/json", True),
        ('"content-type: application"', True),
        ('"json total"', False),
    ],
)
def test_text(query: str, expected: bool) -> None:
    assert expected is finds(query, answered(JSON, (("Content-Type", "application/json"),)))


@pytest.mark.parametrize("body", [b'{"total":1}', b'{"total": 1}', b'{ "total"\n:\t1 }'])
@pytest.mark.parametrize("query", [r'"\"total\":1"', r'"\"total\": 1"', r'resp.body:"{ \"total\" : 1"'])
def test_white_space_that_is_layout_does_not_count(query: str, body: bytes) -> None:
    assert finds(query, answered(body))


def test_text_in_a_url_or_a_form_is_found_as_a_person_reads_it() -> None:
    form = (("Content-Type", "application/x-www-form-urlencoded"),)

    assert finds("Jürgen", an_exchange(url="https://example.com/?name=J%C3%BCrgen"))
    assert finds('"gift card" gift%20card', an_exchange(url="https://example.com/gift%20card"))
    assert finds('"Jürgen M"', asked(b"name=J%C3%BCrgen+M", form))


@pytest.mark.parametrize(
    ("coding", "coded"),
    [
        ("gzip", gzip.compress(JSON)),
        ("deflate", zlib.compress(JSON)),
        ("br", brotli.compress(JSON)),
        ("zstd", zstandard.compress(JSON)),
    ],
)
def test_encoded_bodies_are_looked_into(coding: str, coded: bytes) -> None:
    exchange = answered(coded, (("Content-Encoding", coding),))

    assert finds("sku resp.json.total:1 resp.body:Zoë", exchange)
    assert finds("resp.json.total:1", answered(JSON, (("Content-Encoding", coding),), decoded=True))
    assert not finds("sku", answered(b"sku", (("Content-Encoding", coding),)))
