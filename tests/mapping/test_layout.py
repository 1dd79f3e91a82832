"""Picking an exchange's parts by their places, whatever the order of attributes."""

from __future__ import annotations

import random

import pytest

from otel_bridge.mapping.attributes import OTHERS
from otel_bridge.mapping.layout import LAYOUTS, Layout, values_of
from otel_bridge.otlp.messages import PackedRequest
from otel_bridge.otlp.values import Value
from tests.mapping.spans import GET, Attributes, Batch, SpanOf, exchange_of, request

HEADER = "http.request.header.x-a"
FULL: Attributes = {
    **GET,
    "http.url": "http://a.example/x?y=1",
    "http.status_code": 200,
    "http.request.header.host": ["a.example:81"],
    "http.request.header.accept": ["*/*"],
    "http.response.header.set-cookie": ["a=1", "b=2"],
    "http.response.header.via": ["1.1 kong"],
    "http.request.body.content": "asked",
    "http.response.body.content": "answered",
    "http.response.body.truncated": True,
    "app.unknown": "whatever",
}


def layout_of(*attributes: Attributes) -> tuple[Layout, tuple[Value, ...]]:
    """The layout of a span with the attributes of all of these, one after the other, and their values."""
    spans = PackedRequest.FromString(request(Batch([SpanOf(each) for each in attributes])))
    items = [item for span in spans.resource_spans[0].scope_spans[0].spans for item in span.attributes]
    said = OTHERS.read(items, [])
    return Layout(tuple(said)), values_of(said)


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_attributes_changes_nothing(seed: int) -> None:
    shuffled = list(FULL.items())
    random.Random(seed).shuffle(shuffled)

    assert exchange_of(FULL) == exchange_of(dict(shuffled))


@pytest.mark.parametrize("gone", FULL)
def test_an_attribute_that_is_missing_moves_no_other(gone: str) -> None:
    fewer = {name: value for name, value in FULL.items() if name != gone}
    (layout, values), (whole, all_values) = layout_of(fewer), layout_of(FULL)
    differing = [
        (before, after)
        for before, after in zip(whole.fields(all_values), layout.fields(values), strict=True)
        if before != after
    ]

    assert len(differing) <= 1


@pytest.mark.parametrize(
    ("values", "expected", "masked"),
    [
        (["1", "REDACTED"], (("x-a", "REDACTED"),), True),
        (["REDACTED", "1"], (("x-a", "1"),), False),
        (["REDACTED", ["1", "2"], "3"], (("x-a", "3"),), False),
        (["1", ["1", "REDACTED"]], (("x-a", "1"), ("x-a", "REDACTED")), True),
        (["1", ["1", "2"], "1"], (("x-a", "1"),), False),
    ],
)
def test_of_a_repeated_header_the_last_one_counts_masked_or_not(
    values: list[Value], expected: tuple[tuple[str, str], ...], masked: bool
) -> None:
    layout, found = layout_of(*({HEADER: value} for value in values))

    assert expected == layout.requested(found)
    assert masked == layout.masked


def test_layouts_without_end_are_not_kept() -> None:
    for number in range(2000):
        exchange_of({**GET, f"http.request.header.x-{number}": "1"})

    assert len(LAYOUTS) <= 512


def test_a_layout_of_very_long_names_is_not_kept() -> None:
    before = len(LAYOUTS)
    exchange_of({**GET, **{f"http.request.header.x-{number}-{'n' * 900}": "1" for number in range(20)}})

    assert before == len(LAYOUTS)
