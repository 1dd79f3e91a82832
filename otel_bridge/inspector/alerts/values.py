"""Readers for the values of a rule, as those of `documents/values.py` are for the configuration.

Each takes what YAML or JSON gave, and returns the value that a `Rule` has, or raises ValueError with a
message that goes behind the key's name: `is out of range: ...`.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple
from urllib.parse import urlsplit

from pydantic import ValidationInfo

from otel_bridge.documents.faults import did_you_mean
from otel_bridge.documents.values import duration, required_text
from otel_bridge.inspector.alerts.grouping import GroupingError, grouping, is_clean
from otel_bridge.inspector.alerts.rule import MOST_CHARACTERS
from otel_bridge.inspector.query import QuerySyntaxError, parse

LONGEST_NOTE = 2_000
LONGEST_URL = 500

_SHARE = "is not a share: give text such as 5%, or a number above 0 and up to 1"
_read_duration = duration(1.0)


class Channels(NamedTuple):
    """The context of a validation that is to look whether channels exist."""

    known: Collection[str]


def name(value: object) -> str:
    return _at_most(MOST_CHARACTERS, _one_line(required_text(value)))


def query(value: object) -> str:
    """As it was written, but for blanks around it; "" is everything."""
    text = _text(value)
    try:
        parse(text)
    except QuerySyntaxError as error:
        raise ValueError(f"is not a query, {error.placed}") from error
    return text.strip()


def per(value: object) -> str:
    text = _at_most(MOST_CHARACTERS, _text(value).strip())
    try:
        grouping(text)
    except GroupingError as error:
        raise ValueError(str(error)) from error
    return text


def share(value: object) -> float:
    """Above 0, at most 1."""
    text = str(value).strip()
    try:
        number = float(text[:-1]) / 100 if text.endswith("%") else float(text)
    except ValueError:
        raise ValueError(_SHARE) from None
    if not 0 < number <= 1:
        raise ValueError(_SHARE)
    return number


def seconds(value: object) -> int:
    number = _read_duration(value)
    if not number.is_integer():
        raise ValueError("has to be whole seconds")
    return int(number)


def channel(value: object, info: ValidationInfo) -> str:
    text = _one_line(required_text(value))
    if isinstance(info.context, Channels) and text not in info.context.known:
        known = info.context.known
        hint = did_you_mean(text, known) if known else "there are none"
        raise ValueError(f"is not configured under inspector.alerts.channels; {hint}")
    return text


def listed(value: object) -> object:
    """One name, or a list of them."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else value


def once(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def note(value: object) -> str:
    return _at_most(LONGEST_NOTE, _text(value).strip())


def url(value: object) -> str:
    """An http or https URL of whatever kind, or ""."""
    text = _at_most(LONGEST_URL, _one_line(_text(value).strip()))
    if not text:
        return ""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        raise ValueError("is not a URL: its host or port makes no sense") from None
    if not usable or any(character.isspace() for character in text):
        raise ValueError("is not a URL: give http://host/... or https://host/...")
    if parts.username is not None:
        raise ValueError("names a user: whoever is notified would see that")
    return text


def _text(value: object) -> str:
    """Text of any number of lines."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError("is not text: put it in quotes")  # noqa: TRY004 - what pydantic takes
    if not is_clean(value, lines=True):
        raise ValueError("holds control characters")
    return value


def _one_line(text: str) -> str:
    if not is_clean(text):
        raise ValueError("holds control characters or line breaks")
    return text


def _at_most(characters: int, text: str) -> str:
    if len(text) > characters:
        raise ValueError(f"is too long: {characters} characters at most")
    return text
