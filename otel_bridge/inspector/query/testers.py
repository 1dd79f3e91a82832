"""Conditions as functions of a value. None of them raises, and each is linear in the value's length."""

from __future__ import annotations

import functools
import ipaddress
import json
import operator
import re
from collections.abc import Callable
from typing import Any

from otel_bridge.inspector.query import values
from otel_bridge.inspector.query.conditions import (
    Compare,
    Condition,
    Equals,
    Exists,
    Glob,
    Network,
    Number,
    Part,
    Phrase,
    Range,
    Regex,
    Words,
)
from otel_bridge.inspector.query.subject import Text
from otel_bridge.inspector.query.words import fold, squeezed, words

Test = Callable[[Any], bool]
TextTest = Callable[[str], bool]
NumberTest = Callable[[Number], bool]

_OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_PLAIN_NUMBER = re.compile(r"-?\d{1,18}(?:\.\d{1,18})?", re.ASCII)
# ipaddress takes 2 µs, and the same few clients call again and again.
_ADDRESSES = 4096


def number_tester(condition: Condition) -> NumberTest:
    """For numbers."""
    match condition:
        case Compare(name, bound):
            compare = _OPERATORS[name]
            return lambda value: compare(value, bound)
        case Range(low, high):
            return lambda value: low <= value <= high
        case Exists():
            return _anything
    raise TypeError(condition)


def text_tester(condition: Condition) -> TextTest:
    """For texts."""
    match condition:
        case Equals(text):
            wanted = fold(text)
            length = len(text)
            # Folding keeps the length, and most values differ in it.
            return lambda value: len(value) == length and fold(value) == wanted
        case Glob(pattern):
            return glob(pattern)
        case Regex(pattern):
            return regex(pattern)
        case Network(cidr):
            return _network(cidr)
        case Exists():
            return _anything
    return _numeric_text(number_tester(condition))


def json_tester(condition: Condition) -> Test:
    """For what JSON has: any element of a list will do; objects are only there or not."""
    scalar = _scalar_tester(condition)
    if isinstance(condition, Exists):
        return _anything
    return lambda value: any(map(scalar, value)) if isinstance(value, list) else scalar(value)


def within_tester(condition: Condition) -> Callable[[Text], bool]:
    """For what may stand within a text."""
    match condition:
        case Words(text):
            return _words(frozenset(words(text)))
        case Phrase(text):
            return _phrase(text)
        case Part(text):
            part = fold(text)
            return lambda value: part in value.folded
        case Regex(pattern):
            search = regex(pattern)
            return lambda value: search(value.text)
    raise TypeError(condition)


def glob(pattern: str) -> TextTest:
    """The whole text matches *pattern*; folded. Each piece is looked for once, left to right."""
    first, *middle, last = fold(pattern).split("*")

    def match(value: str) -> bool:
        text = fold(value)
        end = len(text) - len(last)
        if end < len(first) or not text.startswith(first) or not text.endswith(last):
            return False
        position = len(first)
        for piece in middle:
            position = text.find(piece, position, end)
            if position < 0:
                return False
            position += len(piece)
        return True

    return match


def regex(pattern: str) -> TextTest:
    """RE2 finds *pattern* somewhere."""
    search = values.compiled(pattern).search
    # RE2 takes a pattern of text over bytes of UTF-8, and so need not translate positions.
    return lambda value: search(value.encode(errors="replace")) is not None


def _anything(_: object) -> bool:
    return True


def _network(cidr: str) -> TextTest:
    network = ipaddress.ip_network(cidr)

    def match(value: str) -> bool:
        address = _address(value)
        return address is not None and address in network

    return match


@functools.lru_cache(maxsize=_ADDRESSES)
def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(text.strip("[]"))
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return mapped or address


def _numeric_text(test: NumberTest) -> TextTest:
    def match(value: str) -> bool:
        number = _number(value)
        return number is not None and test(number)

    return match


def _number(text: str) -> Number | None:
    if not _PLAIN_NUMBER.fullmatch(text):
        return None
    return float(text) if "." in text else int(text)


def _scalar_tester(condition: Condition) -> Test:
    if isinstance(condition, Compare | Range):
        test = number_tester(condition)
        return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and test(value)
    as_text = text_tester(condition)
    number = _number(condition.text) if isinstance(condition, Equals) else None

    def match(value: Any) -> bool:
        if isinstance(value, str):
            return as_text(value)
        if isinstance(value, dict | list):
            return False
        if number is not None and not isinstance(value, bool) and value == number:
            return True
        return as_text(json.dumps(value))

    return match


def _words(wanted: frozenset[str]) -> Callable[[Text], bool]:
    def match(value: Text) -> bool:
        # Most texts lack the words, and looking for a piece is cheaper than cutting all words.
        folded = value.folded
        for word in wanted:
            if word not in folded:
                return False
        return wanted <= value.words

    return match


def _phrase(text: str) -> Callable[[Text], bool]:
    has_words = _words(frozenset(words(text)))
    exact, loose = fold(text), squeezed(fold(text))

    def match(value: Text) -> bool:
        if not has_words(value):
            return False
        return exact in value.folded or (loose != "" and loose in value.squeezed)

    return match
