"""Words that every match of a query has in the index, as an expression of FTS5."""

from __future__ import annotations

import re
from collections.abc import Iterable

from otel_bridge.inspector.query import And, Or, Query, Term, json_path
from otel_bridge.inspector.query.conditions import (
    Compare,
    Condition,
    Equals,
    Exists,
    Glob,
    Part,
    Phrase,
    Range,
    Words,
)
from otel_bridge.inspector.query.fields import Kind
from otel_bridge.inspector.query.words import words
from otel_bridge.inspector.store.sqlite import index

# A condition with more possible values than these is no narrowing.
_MOST_STATUSES = 20
_LARGEST = 2**63 - 1
# JSON writes them as a backslash and a letter, which the index takes for part of the word behind.
_ESCAPED = re.compile("[\b\f\n\r\t]")
_NUMERIC = re.compile(r"[-+0-9.eE]*[0-9][-+0-9.eE]*")
_EDGE = re.compile("[0-9A-Za-z\x80-\U0010ffff]")
# Their values are part of the text as they are.
_IN_TEXT = frozenset({"url", "service", "route", "consumer", "environment", "bucket", "gateway", "trace"})


def expression(query: Query) -> str:
    """ "" where there are no such words."""
    match query:
        case Term():
            return _term(query)
        case And(parts):
            found = [each for part in parts if (each := expression(part))]
            return " AND ".join(f"({each})" for each in found)
        case Or(parts):
            any_of = [expression(part) for part in parts]
            return " OR ".join(f"({each})" for each in any_of) if all(any_of) else ""
        case _:
            return ""


def is_plain(word: str) -> bool:
    """Whether the index finds *word*, and nothing else by it."""
    return not word.startswith(index.MARK) and len(word.encode(errors="replace")) < index.LONGEST_WORD


def _term(term: Term) -> str:
    match term.field.kind:
        case Kind.STATUS:
            return _status(term.condition)
        case Kind.DURATION | Kind.SIZE | Kind.NUMBER:
            return _number(term.field.name, term.condition)
        case Kind.TEXT | Kind.ADDRESS:
            return _text(term.field.name, term.condition)
        case Kind.BODY:
            return _body(term.condition)
        case Kind.JSON:
            return _json(term)
        case Kind.KEYED if term.field.name != "req.query":
            return _all(words(term.argument) + _value_words(term.condition))
        case _:
            return ""


def _status(condition: Condition) -> str:
    match condition:
        case Compare("=", number):
            return _any([index.status_mark(int(number))])
        case Range(low, high) if low % 100 == 0 and high == low + 99:
            return _any([index.class_mark(int(low) // 100)])
        case Range(low, high) if high - low < _MOST_STATUSES:
            return _any(index.status_mark(status) for status in range(int(low), int(high) + 1))
    return ""


def _number(name: str, condition: Condition) -> str:
    if name not in index.MARKED_NUMBERS:
        return ""
    match condition:
        case Compare("=", number):
            bounds = (number, number)
        case Compare(">" | ">=", number):
            bounds = (number, _LARGEST)
        case Compare("<" | "<=", number):
            bounds = (0, number)
        case Range(low, high):
            bounds = (low, high)
        case _:
            return ""
    return _any(index.number_marks(name, *bounds))


def _text(name: str, condition: Condition) -> str:
    if isinstance(condition, Equals) and name in index.MARKED_TEXTS:
        return _all([index.mark(name, condition.text)])
    if isinstance(condition, Glob) and name == "path":
        mark = index.prefix_mark(condition.pattern.partition("*")[0])
        return _all([mark]) if mark else ""
    return _all(_value_words(condition)) if name in _IN_TEXT else ""


def _body(condition: Condition) -> str:
    match condition:
        case Words(text) | Phrase(text):
            return _all(words(text))
        case Part(text):
            return _all(_whole_words(f"*{text}*"))
    return ""


def _json(term: Term) -> str:
    names = [step for step in json_path.read(term.argument) if isinstance(step, str)]
    found = [word for name in names if not _ESCAPED.search(name) for word in words(name)]
    match term.condition:
        case Equals(text) if not _ESCAPED.search(text) and not _NUMERIC.fullmatch(text):
            found += words(text)
    return _all(found)


def _value_words(condition: Condition) -> list[str]:
    match condition:
        case Equals(text):
            return words(text)
        case Glob(pattern):
            return _whole_words(pattern)
        case Exists() | Compare() | Range() | _:
            return []


def _whole_words(pattern: str) -> list[str]:
    """Those words of a glob's text that no `*` can make longer."""
    found: list[str] = []
    chunks = pattern.split("*")
    for place, chunk in enumerate(chunks):
        inside = words(chunk)
        if place > 0 and inside and _EDGE.match(chunk):
            del inside[0]
        if place < len(chunks) - 1 and inside and _EDGE.match(chunk[-1]):
            del inside[-1]
        found += inside
    return found


def _all(found: Iterable[str]) -> str:
    return " AND ".join(f'"{word}"' for word in dict.fromkeys(found))


def _any(found: Iterable[str]) -> str:
    return " OR ".join(f'"{word}"' for word in found)
