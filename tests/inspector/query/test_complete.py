"""What is offered at the cursor (`|` in these tables), and what it replaces."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.query import FIELDS, parse
from otel_bridge.inspector.query.complete import Completions, complete, spelled_value
from otel_bridge.inspector.query.fields import BY_NAME
from tests.inspector.strategies import PATIENT, query_texts, texts


def at(text: str) -> Completions:
    return complete(text.replace("|", ""), text.index("|"))


def accepted(text: str) -> list[str]:
    """*text* with each completion in its place."""
    found, bare = at(text), text.replace("|", "")
    return [bare[: found.start] + item.text + bare[found.end :] for item in found.items]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sta|", ["status:"]),
        ("status:5xx me|x service:a", ["status:5xx method: service:a",
                                       "status:5xx consumer: service:a",
                                       "status:5xx environment: service:a"]),
        ("-meth|", ["-method:"]),
        ("(meth|", ["(method:"]),
        ("a OR meth|", ["a OR method:"]),
        ("req.h|", ["req.header."]),
        ("is:e|", ["is:error"]),
        ("is:(error OR m|)", ["is:(error OR masked)"]),
        ("source:|", ["source:service", "source:exit", "source:error"]),
        ("source:ex|service", ["source:exit"]),
        ("zzz|", []),
        ('"sta|', []),
        ("duration:>5|", []),
    ],
)  # fmt: skip
def test_completions(text: str, expected: list[str]) -> None:
    assert expected == accepted(text)


@pytest.mark.parametrize("text", ["|", "-|", "service:a |", "service:(a OR b) |", "not |"])
def test_where_a_term_may_begin_every_field_is_offered_with_its_help(text: str) -> None:
    items = at(text).items

    assert len(FIELDS) == len(items)
    assert all(item.help for item in items)


@pytest.mark.parametrize(
    ("text", "field", "typed", "replaced"),
    [
        ("service:|", "service", "", ""),
        ("service:or|", "service", "or", "or"),
        ("service:(a OR or|ders) x", "service", "or", "orders"),
        ("service:(a OR |", "service", "", ""),
        ('service:"my s|', "service", "my s", '"my s'),
        ('service:"my s|ervice" x', "service", "my s", '"my service"'),
        ("-status:|", "status", "", ""),
    ],
)
def test_values_that_the_store_knows_are_asked_of_it(
    text: str, field: str, typed: str, replaced: str
) -> None:
    found = at(text)

    assert BY_NAME[field] is found.values_of
    assert typed == found.typed
    assert replaced == text.replace("|", "")[found.start : found.end]


@pytest.mark.parametrize("value", ["orders", "a b", 'a"b', "OR", "*", "(", "", "/x/", ">5", "é", "-x"])
def test_an_offered_value_is_inserted_so_that_it_means_itself(value: str) -> None:
    field = BY_NAME["service"]
    text = f"service:{spelled_value(field, value)}"

    assert text == str(parse(text))
    assert parse(text) != parse("service:*")


@PATIENT
@given(st.one_of(query_texts(), texts()), st.integers(-1, 60))
def test_anything_can_be_completed_anywhere(text: str, cursor: int) -> None:
    found = complete(text, cursor)

    assert 0 <= found.start <= found.end <= len(text)
