"""A query as a tree of frozen values.

Law: `parse(str(query)) == query` for what `parse` made. `both`, `either` and `negated` keep trees in the one
shape that `parse` gives: no And in an And, no Or in an Or, no Not in a Not, no parts without company.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from otel_bridge.inspector.query import values
from otel_bridge.inspector.query.conditions import Condition
from otel_bridge.inspector.query.kinds import Field


@dataclass(frozen=True, slots=True)
class All:
    """The empty query: every exchange."""

    def __str__(self) -> str:
        return ""


@dataclass(frozen=True, slots=True)
class Term:
    """A field's value meets a condition. A missing value meets none."""

    field: Field
    argument: str
    """KEYED: the name (a header's folded); JSON: `a.b[0]`; XML: `/a/b`; else ""."""
    condition: Condition

    def __str__(self) -> str:
        return self.head + values.spelled(self.field, self.condition)

    @property
    def head(self) -> str:
        """`field.argument:`"""
        return values.head(self.field, self.argument)


@dataclass(frozen=True, slots=True)
class Not:
    part: Part

    def __str__(self) -> str:
        return f"-({self.part})" if isinstance(self.part, And) or _is_open(self.part) else f"-{self.part}"


@dataclass(frozen=True, slots=True)
class And:
    """At least two parts."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        return " ".join(f"({part})" if _is_open(part) else str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Or:
    """At least two parts."""

    parts: tuple[Part, ...]

    def __str__(self) -> str:
        head = _common_head(self)
        if head:
            return f"{head}({' OR '.join(str(part).removeprefix(head) for part in self.parts)})"
        return " OR ".join(map(str, self.parts))


Part = Term | Not | And | Or
Query = All | Part


def both(parts: Iterable[Part]) -> Part:
    """All of *parts*, of which there is at least one."""
    flat = tuple(each for part in parts for each in (part.parts if isinstance(part, And) else (part,)))
    return And(flat) if len(flat) > 1 else flat[0]


def either(parts: Iterable[Part]) -> Part:
    """Any of *parts*, of which there is at least one."""
    flat = tuple(each for part in parts for each in (part.parts if isinstance(part, Or) else (part,)))
    return Or(flat) if len(flat) > 1 else flat[0]


def negated(part: Part) -> Part:
    return part.part if isinstance(part, Not) else Not(part)


def terms(query: Query) -> Iterator[Term]:
    """Each term, left to right."""
    if isinstance(query, Term):
        yield query
    elif isinstance(query, Not):
        yield from terms(query.part)
    elif isinstance(query, And | Or):
        for part in query.parts:
            yield from terms(part)


def _is_open(part: Part) -> bool:
    """Whether *part* needs brackets among others."""
    return isinstance(part, Or) and not _common_head(part)


def _common_head(query: Or) -> str:
    """The `field:` that all parts share; "" if they don't, or are bare text."""
    first = query.parts[0]
    if not isinstance(first, Term) or not first.field.name:
        return ""
    same = all(
        isinstance(part, Term) and (part.field, part.argument) == (first.field, first.argument)
        for part in query.parts
    )
    return first.head if same else ""
