"""The text of a query as a tree.

    query := and ("OR" and)*          and := not (["AND"] not)*
    not   := ["-" | "NOT"] ( "(" query ")" | term | text )
    term  := field ":" value  |  field ":(" value ("OR" value)* ")"
    value := word | "quoted" | 5xx | 200..299 | glob* | >500ms | /re2/

A colon binds only after a field's name, so `http://api` and `localhost:8080` are text.
Laws: `parse` raises nothing but `QuerySyntaxError`; `parse(str(query)) == query`.
"""

from __future__ import annotations

from typing import cast

from otel_bridge.inspector.query import values
from otel_bridge.inspector.query.conditions import Condition, Operator, Part
from otel_bridge.inspector.query.errors import QuerySyntaxError
from otel_bridge.inspector.query.fields import ANYWHERE
from otel_bridge.inspector.query.kinds import Field, Kind
from otel_bridge.inspector.query.lexer import Lexer, Mark, Token
from otel_bridge.inspector.query.tree import All, Query, Term, both, either, negated
from otel_bridge.inspector.query.tree import Part as Branch

LONGEST = 4096
"""Characters."""
MOST_TERMS = 200
DEEPEST = 32
"""Brackets within brackets."""

_BEGINNINGS = frozenset(
    {Mark.OPEN, Mark.MINUS, Mark.NOT, Mark.FIELD, Mark.BARE, Mark.QUOTED, Mark.PART, Mark.PATTERN}
)


def parse(text: str) -> Query:
    """The query in *text*; `All` where there is nothing but white space. Raises `QuerySyntaxError`."""
    if len(text) > LONGEST:
        raise QuerySyntaxError(f"the query is longer than {LONGEST} characters", LONGEST, len(text))
    return _Parser(text).parse()


class _Parser:
    def __init__(self, text: str) -> None:
        self._lexer = Lexer(text)
        self._terms = 0
        self._depth = 0
        self._next = self._lexer.token()

    def parse(self) -> Query:
        if self._next.mark is Mark.END:
            return All()
        query = self._either()
        if self._next.mark is Mark.CLOSE:
            raise _fault(self._next, "no bracket is open here: leave this ) out, or put it between quotes")
        return query

    def _either(self) -> Branch:
        parts = [self._both()]
        while self._next.mark is Mark.OR:
            self._advance()
            parts.append(self._both())
        return either(parts)

    def _both(self) -> Branch:
        parts = [self._not()]
        while self._next.mark in _BEGINNINGS or self._next.mark is Mark.AND:
            if self._next.mark is Mark.AND:
                self._advance()
            parts.append(self._not())
        return both(parts)

    def _not(self) -> Branch:
        negative = False
        while self._next.mark in (Mark.MINUS, Mark.NOT):
            negative = not negative
            self._advance()
        part = self._single()
        return negated(part) if negative else part

    def _single(self) -> Branch:
        token = self._next
        if token.mark is Mark.OPEN:
            return self._bracket()
        if token.mark not in _BEGINNINGS:
            raise _fault(token, _missing(token))
        self._count(token)
        if token.mark is Mark.FIELD:
            return self._term(token)
        term = _term(token, _condition(ANYWHERE, token))
        self._advance()
        return term

    def _bracket(self) -> Branch:
        opening = self._next
        self._depth += 1
        if self._depth > DEEPEST:
            raise _fault(opening, f"more than {DEEPEST} brackets within brackets: write it flatter")
        self._advance()
        query = self._either()
        if self._next.mark is not Mark.CLOSE:
            raise _fault(opening, "the bracket that opens here is never closed: add )")
        self._depth -= 1
        self._advance()
        return query

    def _term(self, head: Token) -> Branch:
        value = self._lexer.value(head.field)
        if value.mark is Mark.OPEN:
            return self._group(head, value)
        term = _term(head, self._value(head, value))
        self._advance()
        return term

    def _group(self, head: Token, opening: Token) -> Branch:
        parts: list[Branch] = []
        while True:
            self._lexer.skip_space()
            value = self._lexer.value(head.field)
            parts.append(_term(head, self._value(head, value)))
            between = self._lexer.token()
            if between.mark is Mark.CLOSE:
                break
            if between.mark is Mark.END:
                raise _fault(opening, "the bracket that opens here is never closed: add )")
            if between.mark is not Mark.OR:
                raise _fault(between, f"between values write OR: {head.field.name}:(this OR that)")
            self._count(between)
        self._advance()
        return either(parts)

    def _value(self, head: Token, token: Token) -> Condition:
        field = head.field
        if token.mark is not Mark.OPERATOR:
            return _condition(field, token, head)
        number = self._lexer.value(field)
        if number.mark not in (Mark.BARE, Mark.QUOTED):
            raise _fault(token, f"`{token.text}` needs a number right after it")
        try:
            return values.read_compared(field, cast(Operator, token.text), number.text)
        except values.ValueFaultError as error:
            raise QuerySyntaxError(str(error), token.start, number.end) from error

    def _count(self, token: Token) -> None:
        self._terms += 1
        if self._terms > MOST_TERMS:
            raise _fault(token, f"more than {MOST_TERMS} terms: leave some out")

    def _advance(self) -> None:
        self._next = self._lexer.token()


def _condition(field: Field, token: Token, head: Token | None = None) -> Condition:
    """What *token*, a value of *field*, asks for."""
    try:
        match token.mark:
            case Mark.QUOTED:
                return values.read_literal(field, token.text)
            case Mark.PATTERN:
                return values.read_pattern(field, token.text)
            case Mark.PART if field.kind is Kind.BODY:
                return Part(token.text)
            case Mark.BARE:
                return values.read_bare(field, token.text)
    except values.ValueFaultError as error:
        raise QuerySyntaxError(str(error), token.start, token.end) from error
    if token.mark in (Mark.END, Mark.CLOSE) and head is not None:
        raise QuerySyntaxError(
            f"{field.name} needs a value right after the colon, such as {field.example}", head.start, head.end
        )
    if token.mark is Mark.PART:
        raise _fault(token, f"stars go inside a value here: {values.head(field, '')}*part*")
    raise _fault(token, f'put this between quotes to look for it: "{token.text or "("}"')


def _term(head: Token, condition: Condition) -> Term:
    argument = head.text if head.mark is Mark.FIELD else ""
    return Term(head.field, argument, condition)


def _missing(token: Token) -> str:
    match token.mark:
        case Mark.AND | Mark.OR:
            return f'{token.text} stands between two terms: add one before it, or look for "{token.text}"'
        case Mark.CLOSE:
            return "something is missing before this bracket: add a term, or leave the brackets out"
    return "something is missing at the end: add a term"


def _fault(token: Token, message: str) -> QuerySyntaxError:
    return QuerySyntaxError(message, token.start, token.end)
