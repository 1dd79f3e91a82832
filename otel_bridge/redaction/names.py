"""Names of secrets as RE2 patterns.

Names are compared without case. `-`, `_` and `.` are alike, and outside headers they may be missing:
the field `api_key` is also `apiKey`, `API-KEY` and `apikey`. A `*` stands for any characters of a name. In
nested names (`user.password`, `user[password]`) the last part counts.

All patterns here are ASCII and meant for RE2's Latin-1 mode, in which a byte is a character.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import re2

NAME = r"\w$@~\x80-\xff-"
"""The characters of a name, inside a class; `.` and brackets part nested ones."""

INNER = r"(?:[^\"'\\\n&=<>]*[.:/\[@])?"
"""What may stand before the last part of a nested name."""

NESTED = rf"(?:[{NAME}.:/\[]*[.:/\[@])?"
"""The same, before the last part of a key."""

_NEVER = r"[^\x00-\xff]"

# Enough for the states of the large alternations; a starved RE2 falls back to a slower engine.
_MEMORY = 16 << 20


def compiled(pattern: str, *, groups: bool = True) -> Any:
    """*pattern* for bytes, without case; `.` is any byte. RE2 reads each byte once, whatever comes."""
    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.case_sensitive = False
    options.dot_nl = True
    options.never_capture = not groups
    options.max_mem = _MEMORY
    return re2.compile(pattern.encode("ascii"), options)


def alternation(names: Iterable[str]) -> str:
    """One pattern for any of *names*; without names it matches nothing."""
    return _any_of(names, "[-_.]?", rf"[{NAME}.]*")


def endings(names: Iterable[str]) -> str:
    """The same, for a search that nothing in front holds to a place: a leading `*` would only slow it."""
    return alternation(name.lstrip("*") for name in names)


def header_alternation(names: Iterable[str]) -> str:
    """The same for headers, whose names have no dots and are spelt with their separators."""
    return _any_of(names, "[-_]", rf"[{NAME}]*")


def header_endings(names: Iterable[str]) -> str:
    """`endings` for headers."""
    return header_alternation(name.lstrip("*") for name in names)


def check(name: str) -> None:
    """Raise ValueError where *name* can be no name of anything."""
    if not name.strip("*-_. ") or not name.isprintable():
        raise ValueError(f"{name!r} is no name: it has to hold at least one letter or digit")


def _any_of(names: Iterable[str], separator: str, anything: str) -> str:
    whole, behind_anything = dict[str, None](), dict[str, None]()
    for name in names:
        bare = name.lstrip("*")
        pattern = "".join(_piece(byte, separator, anything) for byte in bare.lower().encode())
        (whole if bare == name else behind_anything)[pattern] = None
    # One loop for all that begin with `*`: with one for each, RE2's states would be many and large.
    looped = [f"{anything}(?:{'|'.join(behind_anything)})"] if behind_anything else []
    return f"(?:{'|'.join([*looped, *whole]) or _NEVER})"


def _piece(byte: int, separator: str, anything: str) -> str:
    if byte == ord("*"):
        return anything
    if byte in b"-_.":
        return separator
    return chr(byte) if chr(byte).isascii() and chr(byte).isalnum() else rf"\x{byte:02x}"
