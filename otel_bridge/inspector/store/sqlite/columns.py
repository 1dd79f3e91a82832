"""Terms whose field is a column, or is made of columns."""

from __future__ import annotations

import re
from typing import NamedTuple

from otel_bridge.inspector.query import Term
from otel_bridge.inspector.query.conditions import Compare, Equals, Exists, Glob, Range
from otel_bridge.inspector.query.fields import Field, Kind
from otel_bridge.inspector.store.sqlite.rows import Flags


class Condition(NamedTuple):
    """True or false for every row, never NULL."""

    sql: str
    values: tuple[object, ...]
    exact: bool


_EXPRESSIONS = {
    "status": "status",
    "method": "method",
    "host": "host",
    "path": "path",
    "service": "service",
    "route": "route",
    "consumer": "consumer",
    "api": (
        "CASE WHEN service <> '' AND route <> '' THEN service || '/' || route "
        "WHEN service <> '' THEN service WHEN route <> '' THEN route "
        "WHEN route_template <> '' THEN route_template ELSE host END"
    ),
    "endpoint": "CASE WHEN route_template <> '' THEN route_template ELSE path END",
    "ip": "client_address",
    "duration": "duration_us",
    "kong": "gateway_us",
    "upstream": "upstream_us",
    "size": "response_size",
    "environment": "environment",
    "bucket": "bucket",
    "gateway": "gateway",
    "source": "source",
    "client.port": "client_port",
    "upstream.address": "upstream_address",
    "tls": "CASE lower(scheme) WHEN 'https' THEN 'true' WHEN 'http' THEN 'false' ELSE '' END",
    "http.version": (
        "CASE WHEN substr(http_version, 1, 5) = 'HTTP/' THEN substr(http_version, 6) ELSE http_version END"
    ),
}
_FLAGS = {
    ("is", "error"): "NOT (status > 0 AND status < 500)",
    ("is", "captured"): f"flags & {int(Flags.CAPTURED)} <> 0",
    ("is", "masked"): f"flags & {int(Flags.MASKED)} <> 0",
    ("is", "truncated"): f"flags & {int(Flags.TRUNCATED)} <> 0",
    ("is", "pinned"): "pinned <> 0",
    ("has", "trace"): f"flags & {int(Flags.TRACE)} <> 0",
    ("has", "spans"): f"flags & {int(Flags.SPANS)} <> 0",
    ("has", "body"): f"flags & {int(Flags.REQUEST_BODY | Flags.RESPONSE_BODY)} <> 0",
    ("has", "req.body"): f"flags & {int(Flags.REQUEST_BODY)} <> 0",
    ("has", "resp.body"): f"flags & {int(Flags.RESPONSE_BODY)} <> 0",
    ("has", "consumer"): "consumer <> ''",
    ("has", "upstream"): "upstream_address <> ''",
}
_TEXTS = frozenset({Kind.TEXT, Kind.ADDRESS})
# SQLite's LIKE tries every way to place them, and can't be interrupted meanwhile.
_MOST_STARS = 3
_LONGEST_PATTERN = 10_000


def has(field: Field) -> bool:
    """Whether a row's columns alone tell the field's value."""
    return field.name in _EXPRESSIONS or field.kind is Kind.FLAG or field.name == "req.query"


def condition(term: Term) -> Condition | None:
    """None: SQL can't tell."""
    if term.field.kind is Kind.FLAG and isinstance(term.condition, Equals):
        sql = _FLAGS.get((term.field.name, term.condition.text))
        return Condition(sql, (), exact=True) if sql else None
    expression = _EXPRESSIONS.get(term.field.name)
    if expression is None:
        return None
    if term.field.kind in _TEXTS:
        return _text(f"({expression})", term)
    return _number(expression, term)


def _text(value: str, term: Term) -> Condition | None:
    match term.condition:
        case Exists():
            return Condition(f"{value} <> ''", (), exact=True)
        case Equals(text):
            return Condition(f"{value} <> '' AND {value} = ? COLLATE NOCASE", (text,), exact=True)
        case Glob(pattern) if pattern.count("*") <= _MOST_STARS and len(pattern) <= _LONGEST_PATTERN:
            like = re.sub(r"[\\%_]", r"\\\g<0>", pattern).replace("*", "%")
            return Condition(f"{value} <> '' AND {value} LIKE ? ESCAPE '\\'", (like,), exact="\0" not in like)
    return None


def _number(column: str, term: Term) -> Condition | None:
    match term.condition:
        case Exists():
            return Condition(f"{column} IS NOT NULL", (), exact=True)
        case Compare(operator, number):
            return Condition(f"{column} IS NOT NULL AND {column} {operator} ?", (number,), exact=True)
        case Range(low, high):
            return Condition(f"{column} IS NOT NULL AND {column} BETWEEN ? AND ?", (low, high), exact=True)
    return None
