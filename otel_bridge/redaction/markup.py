"""Values of named XML elements and attributes, with any namespace prefix, at any depth."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from otel_bridge.redaction.edits import Edit
from otel_bridge.redaction.names import NAME, compiled

# Possessive quantifiers: nothing is tried twice, so hostile text takes no longer than any other.
_TAG = re.compile(
    rb"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)|<(/?+)([^\s<>/!?]++)(?:\s[^<>]*+)?+>",
    re.DOTALL,
)
_ATTRIBUTE_VALUE = compiled(r"=\s*(?:\"([^\"<>]*)|'([^'<>]*))")


class _Open(NamedTuple):
    name: bytes
    tag: tuple[int, int]
    secret: bool

    def content(self, end: int) -> Edit:
        return Edit(self.tag[1], end, self.tag)


class Markup:
    """Finds the contents of elements, and the values of attributes, named by *names* (an alternation)."""

    def __init__(self, names: str) -> None:
        self._element = compiled(rf"<(?:[{NAME}.]+:)?{names}(?:\s[^<>]*)?>", groups=False)
        self._empty = compiled(rf"<(?:[{NAME}.]+:)?{names}(\s[^<>]*)/>")
        self._attribute = compiled(rf"[\s:]{names}\s*=\s*(?:\"([^\"]*)|'([^']*))")
        self._name = compiled(rf"(?:[{NAME}.]+:)?{names}", groups=False)

    def find(self, text: bytes, *, cut: bool) -> Iterator[Edit]:
        """*cut*: the end of the text may be missing, so that an open element reaches to there."""
        if b"=" in text:
            for match in self._attribute.finditer(text):
                yield _quoted(match)
        if b"<" not in text:
            return
        # An element without content has its value in its attributes.
        for element in self._empty.finditer(text):
            for match in _ATTRIBUTE_VALUE.finditer(text, *element.span(1)):
                yield _quoted(match)
        first = self._element.search(text)
        if first is not None:
            yield from self._contents(text, first.start(), cut=cut)

    def _contents(self, text: bytes, start: int, *, cut: bool) -> Iterator[Edit]:
        """What stands between the tags of secret elements.

        An element that is never closed is none where the text is complete: documentation says
        `Bearer <token>`.
        """
        stack: list[_Open] = []
        held: Counter[bytes] = Counter()
        for tag in _TAG.finditer(text, start):
            closing, name = tag.groups()
            if name is None or tag[0].endswith(b"/>"):
                continue
            if not closing:
                stack.append(_Open(name, tag.span(), self._name.fullmatch(name) is not None))
                held[name] += 1
            elif held[name]:
                while True:
                    opened = stack.pop()
                    held[opened.name] -= 1
                    if opened.name == name:
                        break
                if opened.secret:
                    yield opened.content(tag.start())
        if cut:
            yield from (opened.content(len(text)) for opened in stack if opened.secret)


def _quoted(match: re.Match[bytes]) -> Edit:
    start, end = match.span(1 if match[1] is not None else 2)
    return Edit(start, end, (match.start(), start))
