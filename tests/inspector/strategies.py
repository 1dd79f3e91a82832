"""Exchanges and queries for property tests, and a plain exchange for those by hand."""

from __future__ import annotations

from typing import Any

import orjson
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query import parse
from otel_bridge.inspector.query.errors import QuerySyntaxError
from otel_bridge.inspector.query.tree import All, Query
from otel_bridge.inspector.query.values import quoted
from tests.inspector import exchanges as exchanges_by_hand

STARTED_US = exchanges_by_hand.STARTED_US

PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""For tests that must not fail because the machine is slow."""

# Few words, so that queries and exchanges meet.
WORDS = ("orders", "Orders", "billing", "card", "declined", "total", "1", "42", "500", "é", "x-y", "ad_min")
NAMES = ("a", "b", "Content-Type", "content-type", "x.y", "odd name", "total")
_SPICE = (
    '"',
    "\\",
    "*",
    "/",
    "(",
    ")",
    ":",
    "-",
    ">",
    "..",
    " ",
    "\t",
    "\n",
    "%41",
    "+",
    "\x00",
    "\x01",
    "\u017f",
)


def an_exchange(**changes: Any) -> Exchange:
    """A captured GET through Kong, with all that a gateway tells, and *changes*."""
    told: dict[str, Any] = {
        "url": "https://example.com/v1/orders?page=2",
        "path": "/v1/orders",
        "query": "page=2",
        "response": Side(headers=(("Content-Type", "application/json"),), body_size=0),
        "gateway": "kong-1",
        "source": "service",
        "client_address": "10.1.2.3",
        "client_port": 51234,
        "upstream_address": "10.9.9.9",
        "upstream_port": 8080,
        "upstream_status": 200,
        "request_id": "2b4fd32af24c6f3a4b4d5f6a7b8c9d0e",
        "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736",
        "gateway_us": 3_000,
        "upstream_us": 15_000,
    }
    return exchanges_by_hand.an_exchange(**{**told, **changes})


def texts() -> st.SearchStrategy[str]:
    """Words in company of what is special somewhere, and sometimes anything at all."""
    pieces = st.lists(st.sampled_from(WORDS + _SPICE), max_size=6).map("".join)
    return st.one_of(st.sampled_from(WORDS), pieces, st.text(max_size=12))


def documents() -> st.SearchStrategy[Any]:
    """Values of JSON."""
    numbers = st.one_of(st.sampled_from([0, 1, 42, 1.5]), st.integers(-(2**70), 2**70))
    scalars = st.one_of(st.none(), st.booleans(), numbers, texts())
    return st.recursive(
        scalars,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(NAMES), inner, max_size=3)
        ),
        max_leaves=6,
    )


def bodies() -> st.SearchStrategy[bytes | None]:
    """JSON, XML, plain text, forms, garbage, nothing."""
    as_json = documents().map(_json)
    as_text = texts().map(lambda text: text.encode(errors="replace"))
    as_xml = texts().map(lambda text: f'<a><b id="1">{text}</b><b>42</b></a>'.encode(errors="replace"))
    return st.one_of(st.none(), as_json, as_text, as_xml, st.binary(max_size=30))


def sides() -> st.SearchStrategy[Side]:
    headers = st.lists(st.tuples(st.sampled_from(NAMES), texts()), max_size=3).map(tuple)
    return st.builds(
        Side,
        headers=headers,
        body=bodies(),
        body_size=_sizes(),
        truncated=st.booleans(),
        masked=st.booleans(),
    )


def exchanges() -> st.SearchStrategy[Exchange]:
    """Exchanges with anything in them that a sender can say."""
    small = st.one_of(st.just(""), st.sampled_from(WORDS), texts())
    address = st.sampled_from(["", "10.1.2.3", "192.168.0.1", "[2001:db8::1]", "::ffff:10.1.2.3", "nonsense"])
    hex_id = st.sampled_from(["", "4bf92f3577b34da6a3ce929d0e0e4736", "2b4fd32af24c6f3a4b4d5f6a7b8c9d0e"])
    changes = st.fixed_dictionaries(
        {
            "id": st.uuids().map(lambda each: each.hex),
            "started_us": st.integers(STARTED_US - 10_000_000, STARTED_US),
            "request": sides(),
            "response": sides(),
            "status": st.sampled_from([0, 200, 201, 404, 499, 500, 503, 599]),
        },
        optional={
            "method": st.sampled_from(["GET", "get", "POST", "orders"]),
            "url": small,
            "scheme": st.sampled_from(["http", "https", ""]),
            "host": small,
            "path": st.one_of(st.sampled_from(["/v1/orders", "/v1/", "/health", "*"]), small),
            "query": st.one_of(st.sampled_from(["a=1&b=orders", "a=%41&&=", "total=42"]), small),
            "http_version": st.sampled_from(["", "HTTP/1.1", "HTTP/2"]),
            "service": small,
            "route": small,
            "consumer": small,
            "route_template": small,
            "environment": small,
            "bucket": small,
            "gateway": small,
            "source": st.sampled_from(["", "service", "exit", "error"]),
            "client_address": address,
            "upstream_address": address,
            "client_port": st.sampled_from([None, 1, 42, 65535]),
            "request_id": hex_id,
            "trace_id": hex_id,
            "duration_us": _sizes(),
            "gateway_us": _sizes(),
            "upstream_us": _sizes(),
            "captured": st.booleans(),
            "masked": st.booleans(),
        },
    )
    return changes.map(lambda each: an_exchange(**each))


def query_texts() -> st.SearchStrategy[str]:
    """Texts that are queries."""
    return st.recursive(_terms(), _combined, max_leaves=5)


def queries() -> st.SearchStrategy[Query]:
    return query_texts().map(parse)


def _combined(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    pair = st.tuples(inner, inner)
    return st.one_of(
        pair.map(lambda each: f"({each[0]}) ({each[1]})"),
        pair.map(lambda each: f"({each[0]} OR {each[1]})"),
        inner.map(lambda each: f"-({each})"),
    )


def _terms() -> st.SearchStrategy[str]:
    return st.one_of(
        _text_terms(), _number_terms(), _decoded_terms(), _bare(), st.sampled_from(_FLAGS)
    ).filter(_is_query)


_TEXT_FIELDS = (
    "method", "host", "path", "url", "service", "route", "consumer", "api", "ip", "trace", "id",
    "environment", "bucket", "gateway", "source", "upstream.address", "tls", "http.version",
)  # fmt: skip
_NUMBER_FIELDS = ("status", "client.port", "duration", "kong", "upstream", "size")
_DECODED_FIELDS = (
    "req.header.content-type", "resp.header.a", 'resp.header["odd name"]', "req.query.a", "req.query.total",
    "req.json.a", "req.json.a.b[0]", 'resp.json["odd name"]', "resp.json[0]",
    "resp.xml./a/b", "resp.xml.//b/@id",
)  # fmt: skip
_FLAGS = (
    "is:error", "is:captured", "is:masked", "is:truncated", "has:trace", "has:body", "has:req.body",
    "has:resp.body", "has:consumer", "has:upstream", "has:spans",
)  # fmt: skip
_TEXT_VALUES = (
    "*", "GET", "orders", "ORDERS", "*rd*", "/v1/*", "o*s", "/^o/", '"x-y"', "(orders OR billing)",
    "10.0.0.0/8", "10.1.2.3", "example.com", "true", "1.1", "service", "exit",
    "4bf92f3577b34da6a3ce929d0e0e4736", '"é"',
)  # fmt: skip
_NUMBER_VALUES = ("*", "0", "42", "500", "400..599", ">=404", "<500", ">42", "<=0", "(200 OR 503)")
_DECODED_VALUES = ("*", "1", "42", "orders", "o*", "/d$/", ">1", "0..42", "true", "null", '"a b"', "<=1.5")


def _text_terms() -> st.SearchStrategy[str]:
    value = st.one_of(st.sampled_from(_TEXT_VALUES), texts().map(quoted))
    return st.tuples(st.sampled_from(_TEXT_FIELDS), value).map(":".join)


def _number_terms() -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(_NUMBER_FIELDS), st.sampled_from(_NUMBER_VALUES)).map(":".join)


def _decoded_terms() -> st.SearchStrategy[str]:
    return st.tuples(st.sampled_from(_DECODED_FIELDS), st.sampled_from(_DECODED_VALUES)).map(":".join)


def _bare() -> st.SearchStrategy[str]:
    field = st.sampled_from(["", "", "req.body:", "resp.body:"])
    word = st.sampled_from(WORDS)
    value = st.one_of(word, word.map(lambda each: f"*{each[:2]}*"), texts().map(quoted), texts())
    return st.tuples(field, value).map("".join)


def _sizes() -> st.SearchStrategy[int | None]:
    return st.one_of(st.none(), st.sampled_from([0, 1, 42, 43_000, 500_000, 10**9]))


def _json(value: Any) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        return b"12345678901234567890123"


def _is_query(text: str) -> bool:
    try:
        return not isinstance(parse(text), All)
    except QuerySyntaxError:
        return False
