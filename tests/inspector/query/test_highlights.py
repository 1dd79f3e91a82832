"""What of a query is marked in bodies."""

from __future__ import annotations

import pytest

from otel_bridge.inspector.query import parse
from otel_bridge.inspector.query.highlights import Highlight, highlights


def whole(*texts: str) -> tuple[Highlight, ...]:
    return tuple(Highlight(text, whole=True) for text in texts)


@pytest.mark.parametrize(
    "query", ["", "status:500", "-card", "-(card declined)", "-resp.body:card", "path:/card", "has:body"]
)
def test_nothing_is_marked(query: str) -> None:
    assert ((), ()) == tuple(highlights(parse(query)))


@pytest.mark.parametrize(
    ("query", "marked"),
    [
        ("card declined", whole("card", "declined")),
        ("card card", whole("card")),
        ('"card  declined"', whole("card  declined")),
        ("*eclin*", (Highlight("eclin", whole=False),)),
        ("status:500 (card OR bank)", whole("card", "bank")),
    ],
)
def test_bare_text_is_marked_on_both_sides(query: str, marked: tuple[Highlight, ...]) -> None:
    assert (marked, marked) == tuple(highlights(parse(query)))


def test_what_is_asked_of_a_side_is_marked_there() -> None:
    found = highlights(parse("req.json.a:one resp.xml./b:two resp.body:three req.body:*four*"))

    assert (*whole("one"), Highlight("four", whole=False)) == found.request
    assert whole("two", "three") == found.response


def test_a_single_sign_is_everywhere_and_not_marked() -> None:
    assert ((), whole("12")) == tuple(highlights(parse("resp.json.a:1 resp.json.b:12")))
