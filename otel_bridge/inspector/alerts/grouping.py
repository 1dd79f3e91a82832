"""What a rule counts by: `consumer`, `req.header.x-tenant`, `resp.json.error.code`.

Names and arguments are those of the query language. Law: reading a group never raises, whatever is in the
exchange, and what comes out is short, of one line, and can be stored, sent and shown as it is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from otel_bridge.documents.faults import did_you_mean
from otel_bridge.inspector.alerts.rule import MOST_CHARACTERS
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query import All, Field, Kind, QuerySyntaxError, Subject, Term, json_path, parse
from otel_bridge.inspector.query.conditions import Exists

PLAIN = (
    "service", "route", "consumer", "host", "path", "endpoint", "status", "method", "api", "ip",
    "environment", "bucket", "gateway", "source", "upstream.address",
)  # fmt: skip
"""Fields that are their own groups."""
NAMED = {
    "req.header": "req.header.NAME",
    "resp.header": "resp.header.NAME",
    "req.query": "req.query.NAME",
    "req.json": "req.json.PATH",
    "resp.json": "resp.json.PATH",
}
"""Fields that want a name or a path, and how that is written."""

Group = Callable[[Subject], str]

# Control characters, line and paragraph separators, what turns the direction of text, halves of characters.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


class GroupingError(ValueError):
    """Nothing can be grouped so; the message is for the person who wrote it."""


def grouping(per: str) -> Group:
    """The group that an exchange belongs to; "" where it has no such value, and for *per* "".

    The first of several values, cleaned; scalars of JSON as JSON writes them (texts without their quotes),
    "" for lists and objects. Raises GroupingError.
    """
    if not per:
        return _everything
    field, argument = field_of(per)
    if field.attribute is not None:
        return _attribute(field.attribute)
    return _keyed(field, argument) if field.kind is Kind.KEYED else _json(field, argument)


def field_of(per: str) -> tuple[Field, str]:
    """The field that *per* names, and its argument. Raises GroupingError."""
    try:
        term = parse(f"{per}:*")
    except QuerySyntaxError:
        term = All()
    if (
        not isinstance(term, Term)
        or term.condition != Exists()
        or term.field.name not in (*PLAIN, *NAMED)
        or per != per.strip()
    ):
        raise _refusal(per)
    return term.field, term.argument


def cleaned(value: str) -> str:
    """*value* cut to `MOST_CHARACTERS`, with U+FFFD for what a line of text can't hold."""
    short = value[:MOST_CHARACTERS]
    return short if short.isprintable() else _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", short)


def is_clean(text: str, *, lines: bool = False) -> bool:
    """Whether `cleaned` would replace nothing of *text*; with *lines*, line breaks and tabs are fine."""
    return _UNSAFE.search(text.translate({10: " ", 13: " ", 9: " "}) if lines else text) is None


def _refusal(per: str) -> GroupingError:
    for name, example in NAMED.items():
        if per == name or per.startswith((f"{name}.", f"{name}[")):
            return GroupingError(f'is not readable: write {example}, odd names as {name}["odd name"]')
    return GroupingError(f"is nothing to group by; {did_you_mean(per, (*PLAIN, *NAMED.values()))}")


def _everything(_: Subject) -> str:
    return ""


def _attribute(read: Callable[[Exchange], Any]) -> Group:
    return lambda subject: cleaned(str(read(subject.exchange)))


def _keyed(field: Field, name: str) -> Group:
    read = field.keyed
    assert read is not None

    def group(subject: Subject) -> str:
        values = read(subject, name)
        return cleaned(values[0]) if values else ""

    return group


def _json(field: Field, argument: str) -> Group:
    side, path = field.content, json_path.read(argument)
    assert side is not None
    return lambda subject: _json_text(next(side(subject).json(path), ""))


def _json_text(value: Any) -> str:
    if isinstance(value, list | dict):
        return ""
    return cleaned(value if isinstance(value, str) else json.dumps(value))
