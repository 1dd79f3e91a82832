"""Paths into JSON: `a.b[0]["odd name"]`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

JsonPath = tuple[str | int, ...]

# A plain name, an index, or any name in quotes.
SEGMENT = r'(?:\.[^\s:().\[\]"]+|\[\d{1,9}\]|\["(?:[^"\\]|\\.)*"\])'

_PLAIN = re.compile(r'[^\s:().\[\]"]+')
_PARTS = re.compile(r'\.?([^\s:().\[\]"]+)|\[(\d{1,9})\]|\["((?:[^"\\]|\\.)*)"\]', re.DOTALL)
_ESCAPE = re.compile(r"\\(.)", re.DOTALL)


def read(text: str) -> JsonPath:
    """*text* as its steps: names and indexes. It has to match `SEGMENT`s; the first dot may be missing."""
    return tuple(_step(match) for match in _PARTS.finditer(text))


def spelled(path: JsonPath) -> str:
    """The text of *path*, without a leading dot."""
    return "".join(map(_segment, path)).removeprefix(".")


def quoted_segment(name: str) -> str:
    """`["name"]`"""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'["{escaped}"]'


def read_name(text: str) -> str:
    """The name in `.name`, whatever is in it, or in `["name"]`."""
    return unescaped(text[2:-2]) if text.startswith("[") else text[1:]


def unescaped(text: str) -> str:
    """The inside of a quoted segment without its backslashes."""
    return _ESCAPE.sub(r"\1", text)


def find(value: Any, path: JsonPath, start: int = 0) -> Iterator[Any]:
    """What is at *path* in *value*. A name asked of a list is asked of each of its elements."""
    for position in range(start, len(path)):
        step = path[position]
        if isinstance(step, str) and isinstance(value, list):
            for element in value:
                if isinstance(element, dict):
                    yield from find(element, path, position)
            return
        if isinstance(step, str):
            if not isinstance(value, dict) or step not in value:
                return
            value = value[step]
        else:
            if not isinstance(value, list) or step >= len(value):
                return
            value = value[step]
    yield value


def _step(match: re.Match[str]) -> str | int:
    plain, index, quoted = match.groups()
    if plain is not None:
        return str(plain)
    return int(index) if index is not None else unescaped(quoted)


def _segment(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if _PLAIN.fullmatch(step) else quoted_segment(step)
