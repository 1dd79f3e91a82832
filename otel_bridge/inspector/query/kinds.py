"""What a field of the query language is made of; `fields.py` has them all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query.subject import Content, Subject

Attribute = Callable[[Exchange], Any]


class Kind(StrEnum):
    """What a field's values are, and so how they are written and compared."""

    TEXT = "text"
    """Equal (letter case of ASCII aside), `*` globs, `/patterns/`, `*` alone: it is there."""
    STATUS = "status"
    """Integers, ranges, `5xx`."""
    NUMBER = "number"
    DURATION = "duration"
    """Kept in µs; written with us, ms, s, m or h, ms if nothing is said."""
    SIZE = "size"
    """Bytes; written with b, kb, mb, gb (thousands) or kib, mib, gib."""
    ADDRESS = "address"
    """Text that is an IP address; networks as `10.0.0.0/8`."""
    KEYED = "keyed"
    """`field.NAME`: texts, compared as numbers where the query asks for a number's range."""
    JSON = "json"
    """`field.PATH`: values of JSON."""
    XML = "xml"
    """`field.PATH`: texts of XML."""
    BODY = "body"
    """Words, phrases, parts and patterns within a text."""
    FLAG = "flag"
    """One of a few words, each of them true or false."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Field:
    """Equal only to itself."""

    name: str
    """Also the store's key for it."""
    kind: Kind
    help: str
    example: str
    """A whole query."""
    attribute: Attribute | None = None
    """TEXT, STATUS, NUMBER, DURATION, SIZE, ADDRESS: the value; None and "" where it is missing."""
    several: Callable[[Exchange], tuple[str, ...]] | None = None
    """TEXT instead of `attribute`: any of these values will do."""
    content: Callable[[Subject], Content] | None = None
    """JSON, XML, BODY: the side it is about."""
    keyed: Callable[[Subject, str], list[str]] | None = None
    """KEYED: the values under a name."""
    flags: dict[str, tuple[str, Callable[[Subject], bool]]] | None = None
    """FLAG: for each word its meaning and its test."""
    values: tuple[str, ...] = ()
    """What it usually holds, to be offered."""
    suggested: bool = False
    """Its values in the store are worth offering, with counts."""
    slashed: bool = False
    """Its values begin with a slash, so `/v1/` is no pattern there, but `/^\\/v1/` is."""

    def __repr__(self) -> str:
        return f"<Field {self.name}>"
