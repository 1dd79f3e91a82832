"""A query as a function of an exchange.

Laws: a matcher never raises, whatever is in the exchange; NOT is the complement; a missing value meets no
condition. Terms over plain attributes cost a microsecond; what has to be decoded is decoded once for each
`Subject`, however many matchers look at it.
"""

from __future__ import annotations

from collections.abc import Callable

from otel_bridge.inspector.query import json_path, xml_path
from otel_bridge.inspector.query.conditions import Equals, Exists
from otel_bridge.inspector.query.fields import ANYWHERE
from otel_bridge.inspector.query.kinds import Attribute, Field, Kind
from otel_bridge.inspector.query.subject import Subject
from otel_bridge.inspector.query.testers import (
    NumberTest,
    TextTest,
    json_tester,
    number_tester,
    text_tester,
    within_tester,
)
from otel_bridge.inspector.query.tree import All, And, Not, Or, Query, Term

Matcher = Callable[[Subject], bool]


def matcher(query: Query) -> Matcher:
    """Whether a subject meets *query*."""
    match query:
        case All():
            return _everything
        case Term():
            return _term(query)
        case Not(part):
            return _not(matcher(part))
        case And(parts):
            return _and(tuple(map(matcher, parts)))
        case Or(parts):
            return _or(tuple(map(matcher, parts)))


def _everything(_: Subject) -> bool:
    return True


def _not(part: Matcher) -> Matcher:
    return lambda subject: not part(subject)


def _and(parts: tuple[Matcher, ...]) -> Matcher:
    if len(parts) == 2:
        left, right = parts
        return lambda subject: left(subject) and right(subject)

    def match(subject: Subject) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs twice as much
            if not part(subject):
                return False
        return True

    return match


def _or(parts: tuple[Matcher, ...]) -> Matcher:
    def match(subject: Subject) -> bool:
        for part in parts:  # noqa: SIM110 - a generator costs twice as much
            if part(subject):
                return True
        return False

    return match


def _term(term: Term) -> Matcher:
    field = term.field
    if field is ANYWHERE:
        within = within_tester(term.condition)
        return lambda subject: within(subject.text())
    if field.attribute is not None:
        return _attribute(field, field.attribute, term)
    return _DECODED[field.kind](field, term)


def _attribute(field: Field, read: Attribute, term: Term) -> Matcher:
    if field.kind in (Kind.TEXT, Kind.ADDRESS):
        return _text(read, text_tester(term.condition))
    return _number(read, number_tester(term.condition))


def _text(read: Attribute, test: TextTest) -> Matcher:
    def match(subject: Subject) -> bool:
        value = read(subject.exchange)
        return value != "" and test(value)

    return match


def _number(read: Attribute, test: NumberTest) -> Matcher:
    def match(subject: Subject) -> bool:
        value = read(subject.exchange)
        return value is not None and test(value)

    return match


def _several(field: Field, term: Term) -> Matcher:
    read, test = field.several, text_tester(term.condition)
    assert read is not None
    return lambda subject: any(value != "" and test(value) for value in read(subject.exchange))


def _keyed(field: Field, term: Term) -> Matcher:
    read, name, test = field.keyed, term.argument, text_tester(term.condition)
    assert read is not None
    return lambda subject: any(map(test, read(subject, name)))


def _json(field: Field, term: Term) -> Matcher:
    side, path, test = field.content, json_path.read(term.argument), json_tester(term.condition)
    assert side is not None
    return lambda subject: any(map(test, side(subject).json(path)))


def _xml(field: Field, term: Term) -> Matcher:
    side, path, test = field.content, xml_path.read(term.argument), text_tester(term.condition)
    assert side is not None
    return lambda subject: any(map(test, side(subject).xml(path)))


def _body(field: Field, term: Term) -> Matcher:
    side = field.content
    assert side is not None
    if isinstance(term.condition, Exists):
        return lambda subject: side(subject).text().text != ""
    within = within_tester(term.condition)
    return lambda subject: within(side(subject).text())


def _flag(field: Field, term: Term) -> Matcher:
    assert field.flags is not None
    assert isinstance(term.condition, Equals)
    return field.flags[term.condition.text][1]


_DECODED: dict[Kind, Callable[[Field, Term], Matcher]] = {
    Kind.TEXT: _several,
    Kind.KEYED: _keyed,
    Kind.JSON: _json,
    Kind.XML: _xml,
    Kind.BODY: _body,
    Kind.FLAG: _flag,
}
