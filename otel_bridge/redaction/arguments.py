"""Values of named arguments: `name=value` in URLs, forms, cookies and lines of text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

from otel_bridge.redaction.edits import Edit
from otel_bridge.redaction.names import INNER, NAME, compiled

# Where a value ends depends on what the text is. A form holds nothing but arguments, a URL may have
# anything up to its fragment, and inside other text the text's own quotes and blanks end it.
IN_FORM = re.compile(rb"[&\r\n]")
IN_URL = re.compile(rb"[&#]")
IN_TEXT = re.compile(rb"[&#\s\"<>\\]")

_FORM = re.compile(rb"[^\s{}<>\"'&=?#]++=")
_QUOTES = (b'"', b"'")


def is_form(text: bytes) -> bool:
    """Whether *text* begins as a form does."""
    return _FORM.match(text) is not None


class Arguments:
    """Finds `name=value`, for names that match *anywhere* behind all that is no part of a name, for
    those that match *in_urls* behind `?`, `&`, `;` or `#`. Both are alternations.
    """

    def __init__(self, anywhere: str, in_urls: str) -> None:
        nested = rf"(?:[{NAME}]*[.:/\[@])?"
        begins = rf"\A(?:{anywhere}|{in_urls})"
        embedded = rf"(?:[^{NAME}]{anywhere}|[?&;#]{nested}{in_urls})"
        self._plain = compiled(rf"(?:{begins}|{embedded})\]*=", groups=False)
        self._embedded = compiled(rf"{embedded}\]*=", groups=False)
        self._escaped = compiled(r"(?:\A|[?&;#\s\"'<>])([^?&;#\s\"'<>=]*%[^?&;#\s\"'<>=]*)=")
        self._name = compiled(rf"{INNER}(?:{anywhere}|{in_urls})\]*", groups=False)

    def find(self, text: bytes, end: re.Pattern[bytes], *, from_start: bool = True) -> Iterator[Edit]:
        """*end* is one of the three; *from_start*: an argument may begin the text."""
        if b"=" not in text:
            return
        expression = self._plain if from_start else self._embedded
        position = 0
        while match := expression.search(text, position):
            position = match.end()
            # A quoted value is an attribute's, which is the business of `markup.py`.
            if end is IN_FORM or text[position : position + 1] not in _QUOTES:
                edit = _value(text, match.span(), end)
                yield edit
                position = max(position, edit.end)
        if b"%" in text:
            yield from self._with_escaped_names(text, end)

    def _with_escaped_names(self, text: bytes, end: re.Pattern[bytes]) -> Iterator[Edit]:
        for match in self._escaped.finditer(text):
            if self._name.fullmatch(unquote_to_bytes(match[1])):
                yield _value(text, match.span(), end)


def _value(text: bytes, head: tuple[int, int], end: re.Pattern[bytes]) -> Edit:
    stop = end.search(text, head[1])
    return Edit(head[1], stop.start() if stop else len(text), head)


_USER_INFO = compiled(r":(?:\\*/){2}([^/?#\s\"'<>\x00-\x20]*)@")


def user_info(text: bytes) -> Iterator[Edit]:
    """Who a URL says is asking: what stands between `://` and `@`."""
    if b"@" in text:
        for match in _USER_INFO.finditer(text):
            start, end = match.span(1)
            yield Edit(start, end, match.span())
