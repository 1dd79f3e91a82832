"""Values of named parts in multipart/form-data."""

from __future__ import annotations

import re
from collections.abc import Iterator

from otel_bridge.redaction.edits import Edit
from otel_bridge.redaction.names import INNER, compiled

# A part's headers are a few lines; what is longer is something else.
_HEADERS = 4096

_BLANK_LINE = re.compile(rb"\r?\n\r?\n")

_BEHIND_DELIMITER = (b"\r", b"\n", b"-", b"")


class Multipart:
    """Finds the contents of parts named by *names* (an alternation)."""

    def __init__(self, names: str) -> None:
        self._name = compiled(rf"\bname=\"?{INNER}{names}\]*[\"\s;]", groups=False)

    def find(self, text: bytes) -> Iterator[Edit]:
        if b"--" not in text:
            return
        position = 0
        while match := self._name.search(text, position):
            position = match.end()
            delimiter = _delimiter(text, match.start())
            # From one byte back: an unquoted name takes the line's end with it.
            blank = _BLANK_LINE.search(text, position - 1, position + _HEADERS)
            if delimiter and blank:
                position = _end(text, blank.end(), delimiter)
                yield Edit(blank.end(), position, (match.start(), blank.end()))


def _delimiter(text: bytes, before: int) -> bytes:
    """The newline and boundary that end the part whose headers are at *before*; empty if there is none."""
    start = text.rfind(b"\n--", max(0, before - _HEADERS), before) + 1
    if start == 0 and not text.startswith(b"--"):
        return b""
    end = text.find(b"\n", start, before)
    if end < 0:
        return b""
    line = text[start:end]
    return b"\r\n" + line[:-1] if line.endswith(b"\r") else b"\n" + line


def _end(text: bytes, start: int, delimiter: bytes) -> int:
    """Where the content that begins at *start* ends; at the end of the text if it was cut."""
    # An empty part ends with the very newline that ended its headers.
    end = text.find(delimiter, start - 2)
    while end >= 0:
        if text[end + len(delimiter) : end + len(delimiter) + 1] in _BEHIND_DELIMITER:
            return max(end, start)
        end = text.find(delimiter, end + 1)
    return len(text)
