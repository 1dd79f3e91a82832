"""The laws of the language, over queries and exchanges of every kind."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query import Query, QuerySyntaxError, Subject, matcher, parse
from otel_bridge.inspector.query.tree import All, Part, both, either, negated, terms
from tests.inspector.strategies import PATIENT, exchanges, queries, texts

PIECES = st.sampled_from(["status:", "req.json", "resp.xml./a:", "is:", "OR", "NOT", "(", ")", "-", '"'])


def matches(query: Query, exchange: Exchange) -> bool:
    return matcher(query)(Subject(exchange))


def parts() -> st.SearchStrategy[Part]:
    return queries().filter(lambda query: not isinstance(query, All))  # type: ignore[return-value]


@PATIENT
@given(queries())
def test_a_query_reads_as_it_is_spelled(query: Query) -> None:
    assert query == parse(str(query))


@PATIENT
@given(st.one_of(st.text(), st.lists(st.one_of(texts(), PIECES)).map(" ".join)))
def test_nothing_but_a_syntax_error_comes_of_any_text(text: str) -> None:
    query, fault = None, None
    try:
        query = parse(text)
    except QuerySyntaxError as error:
        fault = error

    if query is not None:
        assert query == parse(str(query))
    elif fault is not None:
        assert 0 <= fault.start <= fault.end <= len(text)


@PATIENT
@given(parts(), exchanges())
def test_not_is_the_complement(part: Part, exchange: Exchange) -> None:
    assert matches(part, exchange) is not matches(negated(part), exchange)


@PATIENT
@given(parts(), parts(), exchanges())
def test_and_is_both_and_or_is_either_in_any_order(one: Part, other: Part, exchange: Exchange) -> None:
    first, second = matches(one, exchange), matches(other, exchange)

    assert (first and second) is matches(both((one, other)), exchange)
    assert (first and second) is matches(both((other, one)), exchange)
    assert (first or second) is matches(either((one, other)), exchange)
    assert (first or second) is matches(either((other, one)), exchange)


@PATIENT
@given(queries(), exchanges())
def test_matchers_that_share_a_subject_say_the_same(query: Query, exchange: Exchange) -> None:
    subject = Subject(exchange)
    for term in terms(query):
        matcher(term)(subject)

    assert matches(query, exchange) is matcher(query)(subject)
