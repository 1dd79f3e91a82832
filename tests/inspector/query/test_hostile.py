"""Exchanges and queries made to hurt: a matcher answers all the same, and soon."""

from __future__ import annotations

import gzip

import pytest

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query import Subject, matcher, parse, text_of
from otel_bridge.inspector.query.searchable import LARGEST
from tests.inspector.strategies import an_exchange

BILLION_LAUGHS = (
    b'<!DOCTYPE a [<!ENTITY l0 "lol">'
    + b"".join(b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10))
    + b"]><a>&l9;</a>"
)
QUADRATIC = b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]><a>' + b"&x;" * 50_000 + b"</a>"
FROM_FILE = b'<!DOCTYPE a [<!ENTITY f SYSTEM "file:///etc/passwd">]><a>&f;</a>'
FROM_NETWORK = b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a>&f;</a>'

BODIES = {
    "deep JSON": b'{"a":' * 200_000,
    "deep whole JSON": b"[" * 100_000 + b"]" * 100_000,
    "deep JSON with a long number": b'[{"a":' * 900 + b"1234567890123456789012" + b"}]" * 900,
    "a number of a million digits": b"1" * 1_000_000,
    "no number": b'{"a": NaN, "b": 1234567890123456789012}',
    "a duplicate key": b'{"a": 1, "a": {"a": 2}}',
    "a lone surrogate": b'{"a": "\\ud800"}',
    "a lone surrogate and a long number": b'{"a": "\\ud800", "b": 1234567890123456789012}',
    "deep XML": b"<a>" * 100_000,
    "deep whole XML": b"<a>" * 100_000 + b"</a>" * 100_000,
    "wide XML": b"<a>" + b"<a/>" * 200_000 + b"</a>",
    "billion laughs": BILLION_LAUGHS,
    "quadratic entities": QUADRATIC,
    "an entity from a file": FROM_FILE,
    "a DTD from the network": FROM_NETWORK,
    "XML in an unknown encoding": b'<?xml version="1.0" encoding="nonsense"?><a/>',
    "invalid UTF-8": b"\xff\xfe\x00\x80{" * 1000,
    "20 MB": b"aA1 " * (5 << 20),
    "20 MB without a space": b"a" * (20 << 20),
    "a gzip bomb": gzip.compress(bytes(50 << 20)),
    "a gzip that is none": b"\x1f\x8b\x08" + b"x" * 100,
}

QUERIES = (
    "missing",
    '"missing phrase"',
    "*missing*",
    "resp.body:/(a+)+$/",
    r"resp.body:/^(a|aa|A1)*\Sx{100}$/",
    "resp.json.a:1",
    "resp.json.a.a.a:>1",
    "resp.json[0][0]:x",
    f"resp.json{'.a' * 64}:x",
    "resp.xml./a:root*",
    "resp.xml.//a:x",
    "resp.xml./a/a[100]:x",
    "resp.header.x:*a*a*a*a*a*a*a*b",
    "req.query.a:x",
    "url:*a*a*a*b",
    "path:/^(a*)*b/",
)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_a_hostile_body_raises_nothing_and_takes_no_time(body: bytes) -> None:
    """What takes more than linear time does not end before the time-out of the tests."""
    exchange = an_exchange(request=Side(body=body), response=Side(body=body))
    subject = Subject(exchange)
    for query in QUERIES:
        matcher(parse(query))(subject)


@pytest.mark.parametrize("body", [BILLION_LAUGHS, QUADRATIC, FROM_FILE, FROM_NETWORK])
def test_entities_stay_shut(body: bytes) -> None:
    exchange = an_exchange(response=Side(body=body))

    for text in ("*lol*", "*xx*", "*root*"):
        assert not matcher(parse(f"resp.xml./a:{text}"))(Subject(exchange))


def test_a_hostile_rest_of_an_exchange_raises_nothing() -> None:
    text = "\ud800\x00a" * 10_000
    headers = (*[(f"h{number}", "a" * 100) for number in range(5000)], (text, text))
    exchange = an_exchange(
        url=text,
        host=text,
        path=text,
        query="a=%ff&" * 50_000,
        service=text,
        client_address=text,
        request_id=text,
        request=Side(headers=headers, body=b"a=%ff"),
        response=Side(headers=(*headers, ("content-encoding", text))),
    )
    subject = Subject(exchange)
    for query in (
        *QUERIES,
        "service:/x/",
        "ip:10.0.0.0/8",
        "id:x",
        'host:"a b"',
        "resp.header.x:/x/",
        "resp.body:*",
    ):
        matcher(parse(query))(subject)
    text_of(exchange)


@pytest.mark.parametrize("field", ["service", "url", "resp.header.a"])
def test_patterns_take_linear_time(field: str) -> None:
    value = "a" * 100_000
    exchange = an_exchange(service=value, url=value, response=Side(headers=(("a", value),)))

    assert not matcher(parse(f"{field}:/^(a+)+$b/"))(Subject(exchange))
    assert not matcher(parse(f"{field}:*{'a*' * 100}b"))(Subject(exchange))


def test_what_is_beyond_the_largest_body_is_not_searched() -> None:
    body = b"first " + b" " * LARGEST + b"last"

    assert matches("first", body)
    assert not matches("last", body)


def matches(query: str, body: bytes) -> bool:
    exchange: Exchange = an_exchange(response=Side(body=body))
    return matcher(parse(query))(Subject(exchange))
