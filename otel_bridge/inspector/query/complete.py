"""What could be typed at the cursor.

Names of fields, and values where they are few and known. Where a field's values are worth offering but only
the store knows them, `values_of` says so.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from otel_bridge.inspector.query import values
from otel_bridge.inspector.query.conditions import Equals
from otel_bridge.inspector.query.errors import QuerySyntaxError
from otel_bridge.inspector.query.fields import ANYWHERE, FIELDS
from otel_bridge.inspector.query.kinds import Field, Kind
from otel_bridge.inspector.query.lexer import Lexer, Mark, Token
from otel_bridge.inspector.query.words import fold

_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
_REST = re.compile(r"[^\s()]*")
_WITH_ARGUMENT = frozenset({Kind.KEYED, Kind.JSON, Kind.XML})


class Completion(NamedTuple):
    text: str
    """What takes the place of the range."""
    label: str
    help: str


class Completions(NamedTuple):
    start: int
    """With *end* the range of the text that a completion replaces, in code points."""
    end: int
    typed: str
    """What stands in the range before the cursor, a value without its quotes: to find values by."""
    items: tuple[Completion, ...]
    values_of: Field | None = None
    """Ask the store for the values of this field that begin with *typed*; insert them by `spelled_value`."""


class _Spot(NamedTuple):
    """The value that the cursor is in, or the bare text where *field* is ANYWHERE."""

    start: int
    typed: str
    field: Field = ANYWHERE
    is_open: bool = True
    """Something can be completed here."""


def complete(text: str, cursor: int) -> Completions:
    """What could stand at *cursor*, a position in *text* in code points. Raises nothing."""
    cursor = max(0, min(cursor, len(text)))
    spot = _spot(text[:cursor])
    if not spot.is_open:
        return Completions(cursor, cursor, "", ())
    end = _end(text, spot.start, cursor)
    if spot.field is ANYWHERE:
        return Completions(spot.start, end, spot.typed, tuple(_names(spot.typed)))
    asked = spot.field if spot.field.suggested else None
    return Completions(spot.start, end, spot.typed, tuple(_values(spot.field, spot.typed)), asked)


def spelled_value(field: Field, value: str) -> str:
    """*value* as it is inserted after *field*'s colon."""
    if field.kind in (Kind.STATUS, Kind.NUMBER):
        return value
    return values.spelled(field, Equals(value))


def _end(text: str, start: int, cursor: int) -> int:
    """Where the token ends that begins at *start* and that the cursor is in."""
    match = _QUOTED.match(text, start) or _REST.match(text, cursor)
    assert match is not None
    return match.end()


def _names(typed: str) -> Iterable[Completion]:
    """Fields whose names begin with *typed*, then those that have it inside."""
    wanted = fold(typed)
    found = [field for field in FIELDS if wanted in field.name]
    found.sort(key=lambda field: not field.name.startswith(wanted))
    for field in found:
        colon = "." if field.kind in _WITH_ARGUMENT else ":"
        yield Completion(field.name + colon, field.name, field.help)


def _values(field: Field, typed: str) -> Iterable[Completion]:
    wanted = fold(typed)
    flags = field.flags or {}
    known = [(value, meaning) for value, (meaning, _) in flags.items()] or [
        (each, "") for each in field.values
    ]
    for value, meaning in known:
        if value.startswith(wanted):
            yield Completion(value, f"{field.name}:{value}", meaning)


def _spot(text: str) -> _Spot:
    """What the end of *text* is in."""
    lexer = Lexer(text)
    try:
        while True:
            token = lexer.token()
            if token.mark is Mark.FIELD:
                spot = _in_values(lexer, token.field)
                if spot is not None:
                    return spot
            elif token.mark is Mark.END:
                return _Spot(token.start, "")
            elif token.end == len(text) and token.mark in (Mark.BARE, Mark.AND, Mark.OR, Mark.NOT):
                return _Spot(token.start, token.text)
            elif token.end == len(text) and token.mark not in (Mark.OPEN, Mark.MINUS):
                return _Spot(token.end, "", is_open=False)
    except QuerySyntaxError as error:
        lone_minus = text[error.start :] == "-"
        return _Spot(error.start + 1 if lone_minus else len(text), "", is_open=lone_minus)


def _in_values(lexer: Lexer, field: Field) -> _Spot | None:
    """The value of *field* that the text ends in; None where it goes on after all of them."""
    grouped = False
    while True:
        if grouped:
            lexer.skip_space()
        start = lexer.position
        try:
            token = lexer.value(field)
        except QuerySyntaxError:
            return _Spot(start, lexer.text[start + 1 :], field)
        if token.mark is Mark.OPEN and not grouped:
            grouped = True
        elif token.mark is not Mark.OPERATOR:
            if _is_last(token, lexer):
                return _Spot(token.start, token.text, field)
            if not grouped or token.mark is Mark.CLOSE:
                return None


def _is_last(token: Token, lexer: Lexer) -> bool:
    return token.end == len(lexer.text) and token.mark in (Mark.END, Mark.BARE, Mark.QUOTED, Mark.OR)
