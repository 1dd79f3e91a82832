"""Exporter settings from environment variables, and what is wrong with them.

SettingsError      one setting or variable, named in the message, can't be used
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, fields
from typing import Any, ClassVar, Protocol, TypeVar

Reader = Callable[[str], Any]
"""Makes a value of a variable's text; raises ValueError with what it has to be."""

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


class SettingsError(ValueError):
    def __init__(self, setting: str, problem: str) -> None:
        super().__init__(f"{setting} {problem}")
        self.setting = setting
        self.problem = problem


class Settings(Protocol):
    """A dataclass whose fields are read from the variables that `VARIABLES` knows by their names."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


S = TypeVar("S", bound=Settings)


def read(
    cls: type[S],
    prefix: str,
    readers: Mapping[str, Reader],
    environ: Mapping[str, str],
    given: Mapping[str, Any],
) -> S:
    """A *cls* of what is *given*, and for its other fields of variables named *prefix* and the field.

    An empty variable counts as unset.
    """
    values = dict(given)
    for name, reader in readers.items():
        variable = prefix + name.upper()
        if name in given or not environ.get(variable):
            continue
        try:
            values[name] = reader(environ[variable])
        except ValueError as error:
            raise SettingsError(variable, str(error)) from None
    for field in fields(cls):
        if field.default is MISSING and field.name not in values:
            raise SettingsError(prefix + field.name.upper(), "is not set, and the exporter needs it")
    try:
        return cls(**values)
    except SettingsError as error:
        if error.setting in given or error.setting not in readers:
            raise
        raise SettingsError(prefix + error.setting.upper(), error.problem) from None


def flag(text: str) -> bool:
    if text.strip().lower() in _YES:
        return True
    if text.strip().lower() in _NO:
        return False
    raise ValueError("has to be true or false")


def bodies(text: str) -> bool:
    """As `flag`, and in the words of Galileo's agents."""
    if text.strip().lower() in ("all", "none"):
        return text.strip().lower() == "all"
    try:
        return flag(text)
    except ValueError:
        raise ValueError("has to be true or false (or all, or none)") from None


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("has to be a whole number") from None


def seconds(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise ValueError("has to be a number of seconds")
    return number


def milliseconds(text: str) -> float:
    """Read in milliseconds, given in seconds."""
    try:
        return seconds(text) / 1000
    except ValueError:
        raise ValueError("has to be a number of milliseconds") from None


def check_secret(name: str, value: str) -> None:
    """Raise SettingsError unless *value* can stand in a header and in a document; never quotes it."""
    if not value:
        raise SettingsError(name, "is empty")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise SettingsError(name, "holds characters that a token can't have (is there a line end in it?)")


def check_range(name: str, value: float, low: float, high: float) -> None:
    """Raise SettingsError unless *low* <= *value* <= *high*."""
    if not low <= value <= high:
        raise SettingsError(name, f"has to be between {low:g} and {high:g}")
