"""A click on a value narrows the query."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from otel_bridge.inspector.exchange import Side
from otel_bridge.inspector.query import QuerySyntaxError, Subject, matcher, parse
from otel_bridge.inspector.query.edit import with_term
from otel_bridge.inspector.query.hints import hints
from tests.inspector.strategies import NAMES, PATIENT, an_exchange, query_texts, texts


@pytest.mark.parametrize(
    ("text", "field", "value", "options", "expected"),
    [
        ("", "service", "orders", {}, "service:orders"),
        ("x", "service", "my orders", {}, 'x service:"my orders"'),
        ("a OR b", "status", 503, {}, "(a OR b) status:503"),
        ("service:a", "service", "a", {}, "service:a"),
        ("-service:a x", "service", "a", {}, "x service:a"),
        ("service:a", "service", "a", {"exclude": True}, "-service:a"),
        ("service:a", "service", "b", {"exclude": True}, "service:a -service:b"),
        ("status:200 x", "status", 503, {}, "x status:503"),
        ("status:5xx", "status", 503, {}, "status:5xx status:503"),
        ("", "duration", 43_000, {}, "duration:43ms"),
        ("", "path", "/v1/*/", {}, 'path:"/v1/*/"'),
        ("", "req.header", "curl (x)", {"argument": "User-Agent"}, 'req.header.user-agent:"curl (x)"'),
        ("", "req.query", "1", {"argument": "a:b"}, 'req.query["a:b"]:1'),
        ("", "resp.json", True, {"argument": ["a.b", 0, "c"]}, 'resp.json["a.b"][0].c:true'),
        ("", "resp.json", None, {"argument": ["a"]}, "resp.json.a:null"),
        ("", "resp.json", 1.5, {"argument": ["a"]}, "resp.json.a:1.5"),
        ("", "resp.xml", "x", {"argument": "/a/@id"}, "resp.xml./a/@id:x"),
        ("", "is", "error", {}, "is:error"),
    ],
)
def test_a_click_on_a_value(
    text: str, field: str, value: Any, options: dict[str, Any], expected: str
) -> None:
    assert expected == with_term(text, field, value, **options)


@pytest.mark.parametrize(
    ("field", "value", "options"),
    [
        ("statsu", "500", {}),
        ("status", "x", {}),
        ("is", "x", {}),
        ("req.header", "x", {}),
        ("resp.xml", "x", {"argument": "a b"}),
    ],
)
def test_what_would_be_no_term_is_refused(field: str, value: str, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        with_term("", field, value, **options)


def test_a_broken_query_is_not_edited() -> None:
    with pytest.raises(QuerySyntaxError):
        with_term("(", "service", "orders")


@PATIENT
@given(texts(), texts().filter(bool), st.sampled_from(NAMES), query_texts())
def test_the_exchange_that_was_clicked_is_found_and_excluded(
    service: str, header: str, name: str, text: str
) -> None:
    assume(service)
    clicked = Subject(an_exchange(service=service, request=Side(headers=((name, header),))))
    for field, value, argument in (("service", service, ""), ("req.header", header, name)):
        kept = with_term("", field, value, argument=argument)
        left = with_term(kept, field, value, argument=argument, exclude=True)

        assert matcher(parse(kept))(clicked)
        assert not matcher(parse(left))(clicked)
        parse(with_term(text, field, value, argument=argument))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("statsu:500", ["statsu:500"]),
        ("-(servce:a OR x)", ["servce:a"]),
        ("resp.heder.x:1", ["resp.heder.x:1"]),
        ("http://api.example.com localhost:8080 note:x 12:30 status:500 x", []),
        ('"statsu:500"', []),
        ("", []),
    ],
)
def test_a_near_miss_of_a_fields_name_is_pointed_out(text: str, expected: list[str]) -> None:
    assert expected == [hint.text for hint in hints(parse(text))]


def test_a_hint_names_the_field_that_was_meant() -> None:
    assert "did you mean status, as in status:5xx ?" in hints(parse("statsu:500"))[0].message
