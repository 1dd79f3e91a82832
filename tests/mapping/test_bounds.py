"""Spans over a bound: their exchange holds less, that is counted, and the neighbours hold all."""

from __future__ import annotations

import pytest

from otel_bridge.mapping import HttpExchange, spot
from otel_bridge.mapping.bounds import LONGEST, LONGEST_NAME, LONGEST_OBJECT, MOST_ATTRIBUTES, MOST_EVENTS
from otel_bridge.otlp.values import Value
from tests.mapping.spans import GET, Attributes, Batch, SpanOf, kong, request

MANY = 5000
URL = "http.url"
HEADER = "http.request.header.x-list"
NEIGHBOUR = SpanOf({**GET, URL: "http://neighbour/"}, span_id=b"neighbor")


def exchange_and_cut(
    attributes: Attributes, *, events: tuple[Attributes, ...] = ()
) -> tuple[HttpExchange, dict[str, int]]:
    """The exchange of one span beside a neighbour, and what was left out of it."""
    spotted = spot(request(Batch([SpanOf({**GET, **attributes}, events=events), NEIGHBOUR])))
    first, second = (found.exchange for found in spotted.exchanges)

    assert "http://neighbour/" == second.url
    return first, spotted.cut


def nested(depth: int) -> Value:
    value: Value = "x"
    for _ in range(depth):
        value = [value]
    return value


def test_a_span_within_all_bounds_is_whole() -> None:
    headers: Attributes = {f"http.request.header.x-{n}": ["v" * 100] for n in range(200)}
    exchange, cut = exchange_and_cut({**headers, "other": "x" * 1000})

    assert {} == cut
    assert 200 == len(exchange.request_headers)


def test_attributes_past_the_bound_are_not_read() -> None:
    exchange, cut = exchange_and_cut({f"http.request.header.x-{n:04}": ["v"] for n in range(MANY)})

    assert {"attributes": 1} == cut
    assert MOST_ATTRIBUTES - 1 == len(exchange.request_headers)


@pytest.mark.parametrize("value", ["http://host/" + "x" * MANY * 100, "http://host/" + "ü" * MANY * 100])
def test_a_text_past_the_bound_is_cut(value: str) -> None:
    exchange, cut = exchange_and_cut({URL: value})

    assert {"length": 1} == cut
    assert value[:LONGEST] == exchange.url


def test_a_header_of_very_many_values_is_cut() -> None:
    exchange, cut = exchange_and_cut({HEADER: ["value"] * 100_000})

    assert {"length": 1} == cut
    assert 0 < len(exchange.request_headers) < 1000


def test_a_name_past_the_bound_is_left_out() -> None:
    exchange, cut = exchange_and_cut({"http.request.header." + "x" * LONGEST: ["v"], "k" * LONGEST: "v"})

    assert {"length": 2} == cut
    assert () == exchange.request_headers


@pytest.mark.parametrize(
    "value", ['{"x-a": "%s"}' % ("v" * LONGEST_OBJECT), {"x-a": "v" * LONGEST_OBJECT}], ids=["text", "map"]
)
def test_an_object_of_headers_past_the_bound_is_left_out(value: Value) -> None:
    exchange, cut = exchange_and_cut({"http.request.headers": value})

    assert {"length": 1} == cut
    assert () == exchange.request_headers


def test_a_body_has_no_bound_of_its_own() -> None:
    exchange, cut = exchange_and_cut({"http.request.body.content": "x" * 3_000_000})

    assert {} == cut
    assert b"x" * 3_000_000 == exchange.request_body.content


def test_events_past_the_bound_are_not_looked_at() -> None:
    told: Attributes = {"http.request.body.content": "told"}
    late, cut = exchange_and_cut({}, events=(*[{}] * MANY, told))
    early, _ = exchange_and_cut({}, events=(told, *[{}] * (MOST_EVENTS - 1)))

    assert {"events": 1} == cut
    assert (None, b"told") == (late.request_body.content, early.request_body.content)


def test_ids_past_their_length_are_cut() -> None:
    spans = SpanOf(GET, name="kong", span_id=b"s" * MANY, trace_id=b"t" * MANY, parent=b"p" * MANY)
    (found,) = spot(request(kong(spans))).exchanges
    exchange = found.exchange

    assert (b"t" * 16, b"s" * 8, b"p" * 8) == (exchange.trace_id, exchange.span_id, exchange.parent_span_id)


def test_helper_spans_senders_and_scopes_are_bounded_too() -> None:
    huge: Attributes = {"k" * MANY: "v" * 100_000, **{f"a{n}": "v" for n in range(MANY)}}
    root = SpanOf(GET, name="kong", span_id=b"root-one")
    helper = SpanOf(huge, name="kong." + "x" * 100_000, kind=1, span_id=b"helper-1", parent=b"root-one")
    (found,) = spot(request(Batch([root, helper], "kong-internal", huge))).exchanges
    (below,) = found.exchange.helpers

    for attributes in (below.attributes, found.exchange.resource):
        assert MOST_ATTRIBUTES == len(attributes)
        assert LONGEST == len(str(attributes["k" * LONGEST_NAME]))
    assert LONGEST_NAME == len(below.name)


@pytest.mark.parametrize("name", [URL, HEADER, "http.request.body.content", "other"])
def test_values_nested_as_deep_as_a_record_can_hold(name: str) -> None:
    exchange, _ = exchange_and_cut({name: nested(40)})

    assert "GET" == exchange.method
