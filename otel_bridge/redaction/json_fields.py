"""Values of named members in JSON text, also in text that is cut off or only resembles JSON."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from otel_bridge.redaction.edits import Edit
from otel_bridge.redaction.names import INNER, NAME, compiled

# Possessive quantifiers: nothing is tried twice, so hostile text takes no longer than any other.
_STRINGS = {
    b'"': re.compile(rb'(?:[^"\\]++|\\.)*+', re.DOTALL),
    b"'": re.compile(rb"(?:[^'\\]++|\\.)*+", re.DOTALL),
}
_PARTS = re.compile(rb'"(?:[^"\\]++|\\.)*+"?|[\[{]++|[\]}]', re.DOTALL)
_LITERAL = re.compile(rb"[^\s,}\]\"']*+")
_ESCAPE = re.compile(rb"\\u00([0-9a-fA-F]{2})|\\(.)", re.DOTALL)
_OPENING = (b"{", b"[")


class JsonFields:
    """Finds `"name": value` for names that match *names* (an alternation), and `name: "value"`."""

    def __init__(self, names: str) -> None:
        self._quoted = compiled(rf"[\"']{INNER}{names}\]*([\"'])\s*:\s*")
        self._bare = compiled(rf"(?:\A|[^{NAME}.]){names}\s*:\s*([\"'])")
        # Letters, digits and separators written as \u00XX; nobody's serialiser does that on its own.
        self._escaped = compiled(
            r"\"([^\"\\]*(?:\\.[^\"\\]*)*\\u00(?:2[de]|3\d|[4-7][\da-f])[^\"\\]*(?:\\.[^\"\\]*)*)(\")\s*:\s*"
        )
        self._name = compiled(rf"{INNER}{names}\]*", groups=False)

    def find(self, text: bytes) -> Iterator[Edit]:
        if b":" not in text:
            return
        yield from self._members(text, self._quoted, 1)
        yield from self._bare_members(text)
        if b"\\u00" in text:
            yield from self._escaped_members(text)

    def _members(self, text: bytes, expression: Any, group: int) -> Iterator[Edit]:
        position = 0
        while match := expression.search(text, position):
            edit = _value(text, match.start(), match.end(), match.span(group))
            yield edit
            position = max(edit.end, match.end())

    def _bare_members(self, text: bytes) -> Iterator[Edit]:
        position = 0
        while match := self._bare.search(text, position):
            end = _string_end(text, match.end(), match[1])
            yield Edit(match.end(), end, match.span())
            position = max(end, match.end())

    def _escaped_members(self, text: bytes) -> Iterator[Edit]:
        position = 0
        while match := self._escaped.search(text, position):
            position = match.end()
            if self._name.fullmatch(_ESCAPE.sub(_unescape, match[1])):
                yield _value(text, match.start(), match.end(), match.span(2))


def _value(text: bytes, name: int, start: int, quote: tuple[int, int]) -> Edit:
    """The value from *start* on of the member that begins at *name*, without quotes if it is a string."""
    first = text[start : start + 1]
    head = (name, start + len(first))
    if first in _STRINGS:
        return Edit(start + 1, _string_end(text, start + 1, first), head)
    if first in _OPENING:
        return Edit(start, _closing(text, start), head, quote)
    literal = _LITERAL.match(text, start)
    assert literal is not None
    return Edit(start, literal.end(), head, quote)


def _string_end(text: bytes, start: int, quote: bytes) -> int:
    content = _STRINGS[quote].match(text, start)
    assert content is not None
    # A lone backslash ends a text that was cut off.
    return content.end() if text[content.end() : content.end() + 1] == quote else len(text)


def _closing(text: bytes, start: int) -> int:
    """Where the object or array that begins at *start* ends; at the end of the text if it was cut."""
    depth = 0
    for part in _PARTS.finditer(text, start):
        first = text[part.start()]
        if first in b"[{":
            depth += part.end() - part.start()
        elif first in b"]}":
            depth -= 1
            if depth == 0:
                return part.end()
    return len(text)


def _unescape(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode()) if match[1] else match[2]
