"""The checklist that Galileo's and Runscope's own plugins were tested by, item by item.

A case gives an exchange, where to look in its output, and what has to be there. What the originals got
wrong, and what has no meaning outside their Lua, is listed with the reason; nothing is left out.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

import pytest

from otel_bridge import __version__
from otel_bridge.formats import alf, runscope
from otel_bridge.mapping.exchange import HttpExchange, Latencies
from tests.formats.exchanges import an_exchange, answered, asked

ABSENT = object()
TEXT = "hello=world&foo=bar"
BASE64 = "aGVsbG89d29ybGQmZm9vPWJhcg=="
MANY_VALUES = (
    ("accept", "application/json"),
    ("accept", "application/x-www-form-urlencoded"),
    ("host", "example.com"),
)


class Case(NamedTuple):
    number: int
    exchange: HttpExchange
    path: str
    """Names joined by dots."""
    expected: Any
    """A value, ABSENT, a compiled pattern or a type."""
    bodies: bool = True


def _both_sides(case: Case) -> list[Case]:
    """A case on request bodies, and item 28, which says it again for responses."""
    e = case.exchange
    turned = e._replace(
        request_headers=e.response_headers,
        response_headers=e.request_headers,
        request_body=e.response_body,
        response_body=e.request_body,
    )
    path = case.path.replace("request.", "response.").replace("postData", "content")
    return [case, case._replace(number=28, exchange=turned, path=path)]


BODY = [
    Case(14, asked(body=TEXT.encode()), "request.postData.text", BASE64),
    Case(14, asked(body=TEXT.encode()), "request.postData.encoding", "base64"),
    Case(14, asked(body=TEXT.encode()), "request.postData.mimeType", "application/octet-stream"),
    Case(15, asked(body=TEXT.encode()), "request.postData", ABSENT, bodies=False),
    Case(16, asked(("content-length", "38")), "request.bodySize", 38, bodies=False),
    Case(17, asked(("content-length", "3800"), body=b"hello=world"), "request.bodySize", 11),
    Case(18, asked(), "request.bodySize", 0),
    Case(19, asked(), "request.bodySize", 0, bodies=False),
    Case(20, asked(), "request.postData", ABSENT),
    Case(
        21,
        asked(("content-type", "application/json"), body=b"{}"),
        "request.postData.mimeType",
        "application/json",
    ),
    Case(22, asked(), "request.bodyCaptured", False),
    Case(23, asked(("content-length", "38")), "request.bodyCaptured", True),
    Case(24, asked(("transfer-encoding", "chunked")), "request.bodyCaptured", True),
    Case(25, asked(("content-type", "multipart/byteranges")), "request.bodyCaptured", True),
    Case(26, asked(("content-length", "0")), "request.bodyCaptured", False),
    Case(27, asked(("content-length", "0"), ("content-length", "38")), "request.bodyCaptured", True),
    Case(27, asked(("content-length", "0"), ("content-length", "38")), "request.bodySize", 38),
]

ALF = [
    Case(2, an_exchange(), "startedDateTime", re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")),
    Case(3, an_exchange(), "serverIPAddress", "10.10.10.10"),
    Case(3, an_exchange(), "clientIPAddress", "127.0.0.1"),
    Case(4, an_exchange(), "request", dict),
    Case(4, an_exchange(), "response", dict),
    Case(4, an_exchange(), "timings", dict),
    Case(4, an_exchange(), "time", float),
    Case(6, an_exchange(), "request.httpVersion", "HTTP/1.1"),
    Case(6, an_exchange(), "request.method", "GET"),
    Case(6, an_exchange(), "request.url", "https://example.com/request/path"),
    Case(7, an_exchange(), "request.headersSize", int),
    Case(7, an_exchange(), "request.bodySize", int),
    Case(7, an_exchange(), "request.bodyCaptured", bool),
    Case(
        8,
        an_exchange(target="/request/path?hello=world&foobar=baz"),
        "request.queryString",
        [{"name": "hello", "value": "world"}, {"name": "foobar", "value": "baz"}],
    ),
    Case(9, asked(("host", "a")), "request.headers", [{"name": "host", "value": "a"}]),
    Case(9, asked(*MANY_VALUES), "request.headersSize", 118),
    Case(10, asked(*MANY_VALUES), "request.headers", [{"name": n, "value": v} for n, v in MANY_VALUES]),
    Case(11, an_exchange(), "response.status", 200),
    Case(11, an_exchange(), "response.statusText", str),
    Case(11, an_exchange(), "response.httpVersion", "HTTP/1.1"),
    Case(12, answered(("etag", "a")), "response.headers", [{"name": "etag", "value": "a"}]),
    Case(13, answered(*MANY_VALUES), "response.headers", [{"name": n, "value": v} for n, v in MANY_VALUES]),
    *[each for case in BODY for each in _both_sides(case)],
    Case(29, an_exchange(), "time", 43.0),
    Case(29, an_exchange(), "timings", {"send": 3.0, "wait": 15.0, "receive": 25.0}),
    Case(30, an_exchange(latencies=Latencies(internal=0.003, receive=0.025)), "timings.wait", 0.0),
    Case(37, asked(), "request.headers", []),
    Case(37, asked(), "request.queryString", []),
]

# Items about the whole ALF, each a test below.
DOCUMENT = {1, 5, 36, 38, 42, 43}

ORIGINALS_BUGS = {
    12: "response.headersSize was always 0: it is computed (the item's headers are a case)",
    30: "what no timer counted was lost from `time`: it is receiving (the timer that is 0 is a case)",
    35: 'statusText was always "": it is the standard phrase',
}
ELSEWHERE = {
    31: "Lua's missing `entries` table: entries are arguments",
    32: "Lua's check of an argument's type: mypy's",
    33: "Lua's check of an argument's type: mypy's",
    34: "Lua's check of an argument's type: mypy's",
    39: "Lua's check of an argument's type: mypy's",
    40: "Lua's check of an argument's type: mypy's",
    41: "over 20 MiB the original lost the batch: delivery splits it",
    44: "the original's buffer emptied itself: nothing is kept between calls",
}


@pytest.mark.parametrize("case", ALF, ids=lambda case: f"{case.number}-{case.path}")
def test_alf_checklist(case: Case) -> None:
    entry = json.loads(alf.entry(case.exchange, bodies=case.bodies, extension=False))

    _check(case.expected, _look(entry, case.path))


def test_alf_checklist_is_complete() -> None:
    named = {case.number for case in ALF} | DOCUMENT | set(ORIGINALS_BUGS) | set(ELSEWHERE)

    assert set(range(1, 45)) == named


@pytest.mark.parametrize("count", [0, 1, 10])
def test_alf_1_5_42_the_document_has_as_many_entries_as_it_was_given(count: int) -> None:
    entry = alf.entry(an_exchange(), bodies=True, extension=False)
    document = json.loads(alf.document([entry] * count, service_token="token", environment=None))

    assert [json.loads(entry)] * count == document["har"]["log"]["entries"]


def test_alf_36_document() -> None:
    document = json.loads(alf.document([], service_token="token", environment="live"))

    assert {
        "version": "1.1.0",
        "serviceToken": "token",
        "environment": "live",
        "har": {"log": {"creator": {"name": "otel-bridge", "version": __version__}, "entries": []}},
    } == document


def test_alf_38_no_environment_is_no_member() -> None:
    assert "environment" not in json.loads(alf.document([], service_token="token", environment=None))


def test_alf_43_slashes_are_not_escaped() -> None:
    assert b"https://example.com/request/path" in alf.entry(an_exchange(), bodies=True, extension=False)


RUNSCOPE = [
    Case(1, an_exchange(), "request.url", "https://example.com:443/request/path"),
    Case(
        1,
        an_exchange(port=8443, url="https://example.com:8443/a", target="/a"),
        "request.url",
        "https://example.com:8443/a",
    ),
    Case(
        2,
        asked(("Accept", "a"), ("Accept", "b"), ("Host", "c")),
        "request.headers",
        {"accept": ["a", "b"], "host": "c"},
    ),
    Case(2, answered(("ETag", "a")), "response.headers", {"etag": "a"}),
    Case(3, an_exchange(), "request.timestamp", 1795298514.101),
    Case(3, an_exchange(), "response.timestamp", 1795298514.144),
    Case(3, an_exchange(), "response.response_time", 0.043),
    Case(4, answered(body=b"hello"), "response.size_bytes", 5),
    Case(5, asked(body=b"hello"), "request.body", "", bodies=False),
    Case(5, answered(body=b"hello"), "response.body", "", bodies=False),
    Case(5, asked(body=b"hello"), "request.body", "hello"),
    Case(5, answered(body=b"hello"), "response.body", "hello"),
    Case(5, asked(), "request.body", ABSENT),
    Case(6, an_exchange(), "request.form", {}),
    Case(
        6,
        asked(("content-type", "application/x-www-form-urlencoded"), body=b"a=1&b=x&b=y+%C3%A9&c"),
        "request.form",
        {"a": "1", "b": ["x", "y é"], "c": ""},
    ),
    Case(7, an_exchange(), "response.reason", "OK"),
    Case(7, an_exchange(), "unique_identifier", "000102030405060708090a0b0c0d0e0f-0001020304050607"),
    Case(7, asked(body=b"\xff\xfe"), "request.body_encoding", "base64"),
    Case(7, asked(body=b"\xff\xfe"), "request.body", "//4="),
    Case(7, asked(body=b"plain"), "request.body_encoding", ABSENT),
]


@pytest.mark.parametrize("case", RUNSCOPE, ids=lambda case: f"{case.number}-{case.path}")
def test_runscope_checklist(case: Case) -> None:
    """4: a number where the original had text; 6: "" where it had `true`; 7: what it did not have."""
    message = json.loads(runscope.message(case.exchange, bodies=case.bodies, extension=False))

    _check(case.expected, _look(message, case.path))


def test_runscope_checklist_is_complete() -> None:
    assert set(range(1, 8)) == {case.number for case in RUNSCOPE}


def _look(found: Any, path: str) -> Any:
    for name in path.split("."):
        if name not in found:
            return ABSENT
        found = found[name]
    return found


def _check(expected: Any, found: Any) -> None:
    if isinstance(expected, re.Pattern):
        assert expected.fullmatch(found)
    elif isinstance(expected, type):
        assert expected is type(found)
    else:
        assert expected == found
