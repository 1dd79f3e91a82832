"""A query as SQL.

Two things are made of it: a condition on the columns of `exchange`, and words that every match has
(`match`), by which the index narrows the search. Both are implied by the query; `exact` says that the
condition implies the query as well. What is not exact is verified with the matcher on each exchange found.
Every value is a bound parameter.
"""

from __future__ import annotations

from typing import NamedTuple

from otel_bridge.inspector.query import And, Not, Or, Query, Term
from otel_bridge.inspector.query.conditions import Words
from otel_bridge.inspector.query.fields import ANYWHERE
from otel_bridge.inspector.query.tree import terms
from otel_bridge.inspector.query.words import words
from otel_bridge.inspector.store.sqlite import columns, narrowing
from otel_bridge.inspector.store.sqlite.columns import Condition

_TRUE = Condition("1", (), exact=False)


class Compiled(NamedTuple):
    where: str
    values: tuple[object, ...]
    exact: bool
    light: bool
    """What has to be verified can be, without the content."""
    match: str
    """In FTS5's language; "": nothing to narrow by."""


def compiled(query: Query) -> Compiled:
    parts = query.parts if isinstance(query, And) else (query,)
    # What `match` says in full need not be said again.
    rest = [part for part in parts if not (isinstance(part, Term) and _searches_words(part))]
    condition = _joined(" AND ", [_condition(part) for part in rest])
    return Compiled(
        where=condition.sql or "1",
        values=condition.values,
        exact=condition.exact,
        light=all(columns.has(term.field) for term in terms(query)),
        match=narrowing.expression(query),
    )


def _condition(query: Query) -> Condition:
    match query:
        case Term():
            return _term(query)
        case Not(part):
            inner = _condition(part)
            return Condition(f"NOT ({inner.sql})", inner.values, exact=True) if inner.exact else _TRUE
        case And(parts):
            return _joined(" AND ", [_condition(part) for part in parts])
        case Or(parts):
            return _joined(" OR ", [_condition(part) for part in parts])
        case _:
            return Condition("1", (), exact=True)


def _joined(operator: str, conditions: list[Condition]) -> Condition:
    return Condition(
        operator.join(f"({condition.sql})" for condition in conditions),
        tuple(value for condition in conditions for value in condition.values),
        exact=all(condition.exact for condition in conditions),
    )


def _term(term: Term) -> Condition:
    if _searches_words(term):
        sql = "row IN (SELECT rowid FROM word WHERE word MATCH ?)"
        return Condition(sql, (narrowing.expression(term),), exact=True)
    return columns.condition(term) or _TRUE


def _searches_words(term: Term) -> bool:
    """Whether the index alone can answer."""
    if term.field is not ANYWHERE or not isinstance(term.condition, Words):
        return False
    return all(narrowing.is_plain(word) for word in words(term.condition.text))
