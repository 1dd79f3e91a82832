"""Values as they are written in a query: read into conditions, and spelled again.

Every number is bounded: at most 18 digits, and at most 2**63 - 1 after its unit, which is what SQLite holds.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import re2

from otel_bridge.inspector.query import json_path
from otel_bridge.inspector.query.conditions import (
    Compare,
    Condition,
    Equals,
    Exists,
    Glob,
    Network,
    Number,
    Operator,
    Part,
    Phrase,
    Range,
    Regex,
    Words,
)
from otel_bridge.inspector.query.fields import ANYWHERE, plain_id
from otel_bridge.inspector.query.kinds import Field, Kind
from otel_bridge.inspector.query.words import fold, words

LONGEST_PATTERN = 500
"""Characters of a regular expression."""

_LARGEST = 2**63 - 1
_PATTERN_MEMORY = 1 << 20

_DURATIONS = {"": 1000, "us": 1, "µs": 1, "ms": 1000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}
_SIZES = {
    "": 1,
    "b": 1,
    "kb": 1000,
    "mb": 1000**2,
    "gb": 1000**3,
    "kib": 1 << 10,
    "mib": 1 << 20,
    "gib": 1 << 30,
}
_UNITS: Mapping[Kind, Mapping[str, int]] = {
    Kind.STATUS: {"": 1},
    Kind.NUMBER: {"": 1},
    Kind.DURATION: _DURATIONS,
    Kind.SIZE: _SIZES,
}
# Spelled with the largest of these that leaves at most three decimals.
_SPELLED_UNITS = {Kind.DURATION: ("s", "ms", "us"), Kind.SIZE: ("gb", "mb", "kb", "b")}
_EXAMPLES = {
    Kind.STATUS: "500, 5xx, 200..299 or >=400",
    Kind.NUMBER: "443, 1024..65535 or >=1024",
    Kind.DURATION: "500ms, 1.5s, 200ms..2s or >1s",
    Kind.SIZE: "1mb, 10kb..20kb or >1kb",
}
_MEASURE = re.compile(r"(-?)(\d{1,18})(\.\d{1,18})?([^\W\d]{0,3})")
_PLAIN_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,18})?")
_STATUS_CLASS = re.compile(r"([0-9])xx")
_BARE = re.compile(r'[^\s()"<>][^\s()]*')
_KEYWORDS = frozenset({"AND", "OR", "NOT"})
_PATTERN = re.compile(r"/(?:[^\s/\\]|\\\S)+/")
Pattern = Any
"""A compiled regular expression of RE2, which has no types."""

_WILD = frozenset({Kind.KEYED, Kind.JSON, Kind.XML})
_NUMBERS = frozenset(_UNITS)


class ValueFaultError(ValueError):
    """A value does not fit its field; the message says what would."""


def read_bare(field: Field, text: str) -> Condition:
    """The condition of *text*, written without quotes and after no operator."""
    if re.fullmatch(r"\*+", text) and field is not ANYWHERE and field.kind is not Kind.FLAG:
        return Exists()
    if field.kind is Kind.BODY:
        return _read_text(text)
    if field.kind in _NUMBERS:
        return _read_measure(field.kind, text)
    if field.kind in _WILD and ".." in text:
        low, high = (_plain_number(part) for part in text.split("..", 1))
        if low is not None and high is not None:
            return _range(low, high)
    if "*" in text and field.kind is not Kind.FLAG:
        return Glob(re.sub(r"\*+", "*", text))
    if field.kind is Kind.ADDRESS and "/" in text:
        return _read_network(text)
    return read_literal(field, text)


def read_literal(field: Field, text: str) -> Condition:
    """The condition of *text*, where nothing in it is special: it was quoted."""
    if field.kind is Kind.BODY:
        if not text:
            raise ValueFaultError("there is nothing between the quotes to look for")
        return Phrase(text)
    if field.kind in _NUMBERS:
        return _read_measure(field.kind, text)
    if field.flags is not None:
        return _read_flag(field, text)
    if field.name == "http.version":
        return Equals(re.sub(r"(?i)^http/", "", text))
    if field.name in ("id", "trace"):
        return Equals(plain_id(text))
    return Equals(text)


def read_compared(field: Field, operator: Operator, text: str) -> Condition:
    """The condition of `>text` and its like."""
    if field.kind in _NUMBERS:
        return Compare(operator, _measured(field.kind, text))
    number = _plain_number(text) if field.kind in _WILD else None
    if number is not None:
        return Compare(operator, number)
    if field.kind in _WILD:
        raise ValueFaultError(f"`{operator}` compares numbers: write one like 100 or 0.5, without a unit")
    raise ValueFaultError(f"{field.name or 'text'} has no order: leave `{operator}` out")


def read_pattern(field: Field, pattern: str) -> Condition:
    """The condition of `/pattern/`."""
    if field.kind in _NUMBERS or field.kind is Kind.FLAG:
        raise ValueFaultError(f"{field.name} takes no pattern: write {_wanted(field)}")
    if len(pattern) > LONGEST_PATTERN:
        raise ValueFaultError(f"the pattern is longer than {LONGEST_PATTERN} characters: shorten it")
    compiled(pattern)
    return Regex(pattern)


def compiled(pattern: str) -> Pattern:
    """*pattern* ready to search, in linear time and bounded memory. Raises `ValueFaultError`."""
    options = re2.Options()
    options.max_mem = _PATTERN_MEMORY
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise ValueFaultError(f"not a regular expression for RE2: {_reason(error)}") from error


def is_pattern(field: Field, text: str) -> bool:
    """Whether *text*, all of it, is `/a pattern/` as a value of *field*."""
    if field.slashed and not text.startswith("/^"):
        return False
    return field is not ANYWHERE and _PATTERN.fullmatch(text) is not None


def head(field: Field, argument: str) -> str:
    """`field.argument:`; nothing for bare text."""
    if field is ANYWHERE:
        return ""
    if field.kind is Kind.KEYED and not re.fullmatch(r'[^\s:()"\[\]]+', argument):
        return f"{field.name}{json_path.quoted_segment(argument)}:"
    if not argument or argument.startswith("["):
        return f"{field.name}{argument}:"
    return f"{field.name}.{argument}:"


def spelled(field: Field, condition: Condition) -> str:
    """The text that reads as *condition* after *field*'s colon."""
    match condition:
        case Exists():
            return "*"
        case Equals(text):
            return text if _reads_as(field, text, condition) else quoted(text)
        case Glob(text) | Network(text) | Words(text):
            return text
        case Regex(pattern):
            return f"/{pattern}/"
        case Compare("=", number):
            return _measure(field.kind, number)
        case Compare(operator, number):
            return f"{operator}{_measure(field.kind, number)}"
        case Range(low, high):
            if field.kind is Kind.STATUS and low % 100 == 0 and high == low + 99 and high < 1000:
                return f"{int(low) // 100}xx"
            return f"{_measure(field.kind, low)}..{_measure(field.kind, high)}"
        case Phrase(text):
            return quoted(text)
        case Part(text):
            if _reads_as(field, text, condition):
                return text
            bare = f"*{text}*"
            return bare if _reads_as(field, bare, condition) else f"*{quoted(text)}*"


def quoted(text: str) -> str:
    """*text* between quotes."""
    return '"{}"'.format(re.sub(r'\\(?=["\\]|\Z)|"', r"\\\g<0>", text))


def unquoted(text: str) -> str:
    """What stands between the quotes, without its backslashes: `\\"` is a quote, `\\\\` a backslash."""
    return re.sub(r'\\(["\\])', r"\1", text)


def _reads_as(field: Field, text: str, condition: Condition) -> bool:
    """Whether *text* without quotes is read as *condition*."""
    if not _BARE.fullmatch(text) or text in _KEYWORDS or is_pattern(field, text):
        return False
    if text.startswith("-" if field is ANYWHERE else "/^"):
        return False
    try:
        return read_bare(field, text) == condition
    except ValueFaultError:
        return False


def _read_text(text: str) -> Condition:
    inside = text[1:-1]
    if text.startswith("*") and text.endswith("*") and inside and "*" not in inside:
        return Part(inside)
    if "*" in text:
        raise ValueFaultError(
            "in text, * stands on both sides, as in *part*, and finds parts of words: write it so, "
            "or put the text between quotes"
        )
    return Words(text) if words(text) else Part(text)


def _read_flag(field: Field, text: str) -> Condition:
    assert field.flags is not None
    if fold(text) not in field.flags:
        raise ValueFaultError(f"{field.name}:{text} is unknown: write {_wanted(field)}")
    return Equals(fold(text))


def _wanted(field: Field) -> str:
    if field.flags is not None:
        return "one of " + ", ".join(f"{field.name}:{value}" for value in field.flags)
    return f"{field.name}:{_EXAMPLES[field.kind].replace(' or ', f' or {field.name}:')}"


def _read_network(text: str) -> Condition:
    try:
        return Network(str(ipaddress.ip_network(text, strict=False)))
    except ValueError as error:
        raise ValueFaultError(
            f"{text} is not a network: write one like 10.0.0.0/8 or 2001:db8::/32"
        ) from error


def _read_measure(kind: Kind, text: str) -> Condition:
    if kind is Kind.STATUS and (match := _STATUS_CLASS.fullmatch(fold(text))):
        return Range(int(match[1]) * 100, int(match[1]) * 100 + 99)
    if ".." in text:
        low, _, high = text.partition("..")
        return _range(_measured(kind, low), _measured(kind, high))
    return Compare("=", _measured(kind, text))


def _range(low: Number, high: Number) -> Range:
    if low > high:
        raise ValueFaultError("the range ends before it begins: write the smaller value first")
    return Range(low, high)


def _measured(kind: Kind, text: str) -> int:
    """The number in the field's own unit. Raises `ValueFaultError`."""
    match = _MEASURE.fullmatch(fold(text))
    scale = _UNITS[kind].get(match[4]) if match else None
    if match is None or scale is None or match[1] or (match[3] and scale == 1):
        raise ValueFaultError(f"{text or 'nothing'} is no {kind}: write {_EXAMPLES[kind]}")
    number = round(Decimal(match[2] + (match[3] or "")) * scale)
    if number > _LARGEST:
        raise ValueFaultError(f"{text} is too large: write a smaller one")
    return number


def _measure(kind: Kind, number: Number) -> str:
    for unit in _SPELLED_UNITS.get(kind, ()):
        scale = _UNITS[kind][unit]
        if number >= scale and number * 1000 % scale == 0:
            return f"{(Decimal(number) / scale).normalize():f}{unit}"
    return _plain(number)


def _plain(number: Number) -> str:
    """Without an exponent, which the language has not."""
    if isinstance(number, int):
        return str(number)
    spelled_number = f"{Decimal(repr(number)):f}"
    return spelled_number if "." in spelled_number else f"{spelled_number}.0"


def _plain_number(text: str) -> Number | None:
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    return float(text) if "." in text else int(text)


def _reason(error: Exception) -> str:
    first = error.args[0] if error.args else ""
    return first.decode(errors="replace") if isinstance(first, bytes) else str(first)
