"""A value that was clicked, as a term of the query: so no page needs to know how to quote."""

from __future__ import annotations

import json
from collections.abc import Sequence

from otel_bridge.inspector.query import json_path, values
from otel_bridge.inspector.query.conditions import Compare, Condition, Equals
from otel_bridge.inspector.query.fields import BY_NAME
from otel_bridge.inspector.query.kinds import Field, Kind
from otel_bridge.inspector.query.parser import parse
from otel_bridge.inspector.query.tree import All, And, Part, Query, Term, both, negated
from otel_bridge.inspector.query.words import fold

Value = str | int | float | bool | None
Argument = str | Sequence[str | int]


def with_term(text: str, field: str, value: Value, *, argument: Argument = "", exclude: bool = False) -> str:
    """The query *text* narrowed to exchanges whose *field* is *value*, or is not.

    *argument* is the name for req.header and its like, the steps (`["items", 0, "sku"]`) for JSON, the path
    for XML. A number for a field of times or sizes is in µs or bytes. What says the opposite is taken out,
    and so is another plain value of a field that has but one. Raises `QuerySyntaxError` where *text* is no
    query, ValueError where the term would be none.
    """
    term = term_of(field, value, argument)
    return str(_narrowed(parse(text), negated(term) if exclude else term))


def term_of(field: str, value: Value, argument: Argument = "") -> Term:
    """`field.argument:value`. Raises ValueError."""
    known = BY_NAME.get(field)
    if known is None:
        raise ValueError(f"{field} is no field")
    term = Term(known, _argument(known, argument), _condition(known, value))
    if parse(str(term)) != term:
        raise ValueError(f"{field} can't be asked for this")
    return term


def _argument(field: Field, argument: Argument) -> str:
    if (field.kind in (Kind.KEYED, Kind.JSON, Kind.XML)) != bool(argument):
        raise ValueError(f"{field.name} goes {'without' if argument else 'with'} a name or a path")
    if not isinstance(argument, str):
        return json_path.spelled(tuple(argument))
    return fold(argument) if field.kind is Kind.KEYED and field.name != "req.query" else argument


def _condition(field: Field, value: Value) -> Condition:
    if isinstance(value, str):
        return values.read_literal(field, value)
    if field.kind in (Kind.STATUS, Kind.NUMBER, Kind.DURATION, Kind.SIZE) and isinstance(value, int):
        return Compare("=", value)
    return Equals(json.dumps(value))


def _narrowed(query: Query, added: Part) -> Query:
    if isinstance(query, All):
        return added
    parts = query.parts if isinstance(query, And) else (query,)
    if added in parts:
        return query
    return both([*(part for part in parts if not _contradicts(part, added)), added])


def _contradicts(part: Part, added: Part) -> bool:
    if part == negated(added):
        return True
    if not isinstance(part, Term) or not isinstance(added, Term) or part.field is not added.field:
        return False
    return part.field.attribute is not None and _is_plain(part.condition) and _is_plain(added.condition)


def _is_plain(condition: Condition) -> bool:
    return isinstance(condition, Equals) or (isinstance(condition, Compare) and condition.operator == "=")
