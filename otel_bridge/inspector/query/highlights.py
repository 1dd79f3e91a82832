"""What of a query a reader wants to see marked in a body. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from otel_bridge.inspector.query.conditions import Condition, Equals, Glob, Part, Phrase, Words
from otel_bridge.inspector.query.kinds import Kind
from otel_bridge.inspector.query.tree import And, Or, Query, Term
from otel_bridge.inspector.query.words import words

_SIDES = ("req", "resp")


class Highlight(NamedTuple):
    """A text to be marked wherever it is, letter case and the amount of white space aside."""

    text: str
    whole: bool
    """Not inside of words."""


class Highlights(NamedTuple):
    request: tuple[Highlight, ...]
    response: tuple[Highlight, ...]


def highlights(query: Query) -> Highlights:
    """Bare text, and what is asked of bodies; nothing of what must not be there."""
    found: dict[str, dict[Highlight, None]] = {side: {} for side in _SIDES}
    for term in _wanted(query):
        side = term.field.name.partition(".")[0]
        for each in (side,) if side in _SIDES else _SIDES:
            found[each].update(dict.fromkeys(_texts(term)))
    return Highlights(*map(tuple, found.values()))


def _wanted(query: Query) -> Iterator[Term]:
    """Terms that are not denied."""
    if isinstance(query, Term):
        yield query
    elif isinstance(query, And | Or):
        for part in query.parts:
            yield from _wanted(part)


def _texts(term: Term) -> Iterator[Highlight]:
    if term.field.kind is Kind.BODY:
        yield from _of_body(term.condition)
    elif term.field.kind in (Kind.JSON, Kind.XML):
        yield from (each for each in _of_value(term.condition) if len(each.text) > 1)


def _of_body(condition: Condition) -> Iterator[Highlight]:
    if isinstance(condition, Words):
        yield from (Highlight(word, whole=True) for word in words(condition.text))
    elif isinstance(condition, Phrase | Part):
        yield Highlight(condition.text, whole=isinstance(condition, Phrase))


def _of_value(condition: Condition) -> Iterator[Highlight]:
    if isinstance(condition, Equals):
        yield Highlight(condition.text, whole=True)
    elif isinstance(condition, Glob):
        yield from (Highlight(piece, whole=False) for piece in condition.pattern.split("*"))
