r"""A text with one kind of escaping taken off, and the way back.

JSON in a JSON string, a URL in a query argument, XML in an XML element: what is inside is escaped
once more, and the same rules hold for it once that is undone. A view is the text without one layer;
what a rule finds in it is translated to where it stands in the original:

    {"data": "{\"password\": \"x\"}"}    the body; no rule matches `\"password\"`
    {"data": "{"password": "x"}"}        its JSON view; the rule for fields finds x

Only what is needed to find things is undone, by scanners that look at each byte once.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import NamedTuple

from otel_bridge.redaction.edits import Edit

LARGEST = 2 << 20
"""Bytes; of a larger text no views are made."""

# Layers inside layers; more than this nobody writes by accident.
_MOST = 8


class _Escape(NamedTuple):
    marker: bytes
    expression: re.Pattern[bytes]
    decode: Callable[[re.Match[bytes]], bytes]


class _Place(NamedTuple):
    """One escape: where it stands in the parent, and what became of it in the view."""

    start: int
    end: int
    view_start: int
    view_end: int


class View:
    """One reading of a text; `text` is what the rules look at."""

    def __init__(self, text: bytes, parent: View | None = None, escape: _Escape | None = None) -> None:
        self.text = text
        self._parent = parent
        self._escape = escape

    def original(self, edits: Iterable[Edit]) -> list[Edit]:
        """*edits* of this view as those of the text that all views come from.

        Only what no view with fewer layers shows: each layer must have been taken off some part of an
        edit's head. Otherwise it was found without that layer, and reached to where it really ends.
        """
        found = list(edits)
        view = self
        while found and view._parent is not None:
            places = list(view._places())
            found = [_translated(edit, places) for edit in found if _is_escaped(edit.head, places)]
            view = view._parent
        return found

    def children(self) -> Iterator[View]:
        for escape in _ESCAPES:
            if escape.marker in self.text:
                text = escape.expression.sub(escape.decode, self.text)
                if text != self.text:
                    yield View(text, self, escape)

    def _places(self) -> Iterator[_Place]:
        assert self._parent is not None
        assert self._escape is not None
        shrunk = 0
        for match in self._escape.expression.finditer(self._parent.text):
            start, end = match.span()
            view_start = start - shrunk
            view_end = view_start + len(self._escape.decode(match))
            shrunk = end - view_end
            yield _Place(start, end, view_start, view_end)


def views(text: bytes) -> Iterator[View]:
    """*text* itself, then what is behind its escapes, layer by layer."""
    queue = [View(text)]
    for view in queue:
        yield view
        if len(queue) < _MOST:
            queue.extend(view.children())


def _is_escaped(head: tuple[int, int], places: list[_Place]) -> bool:
    start, end = head
    index = bisect_right(places, start, key=_view_end)
    return index < len(places) and places[index].view_start < end


def _translated(edit: Edit, places: list[_Place]) -> Edit:
    def back(part: tuple[int, int]) -> tuple[int, int]:
        return _start(part[0], places), _end(part[1], places)

    return Edit(*back((edit.start, edit.end)), back(edit.head), edit.quote and back(edit.quote))


def _start(offset: int, places: list[_Place]) -> int:
    """Where the byte at *offset* of a view begins in its parent."""
    index = bisect_right(places, offset, key=_view_start)
    if index == 0:
        return offset
    place = places[index - 1]
    return place.start if offset < place.view_end else place.end + offset - place.view_end


def _end(offset: int, places: list[_Place]) -> int:
    """Where the byte before *offset* of a view ends in its parent."""
    index = bisect_right(places, offset - 1, key=_view_start)
    if index == 0:
        return offset
    place = places[index - 1]
    return place.end if offset <= place.view_end else place.end + offset - place.view_end


_view_start = attrgetter("view_start")
_view_end = attrgetter("view_end")


def _json(match: re.Match[bytes]) -> bytes:
    digits, character = match.groups()
    if digits is None:
        return _CONTROLS.get(character, character)
    return chr(int(digits, 16)).encode(errors="replace")


def _percent(match: re.Match[bytes]) -> bytes:
    return bytes.fromhex(match[1].decode())


def _entity(match: re.Match[bytes]) -> bytes:
    return _ENTITIES[match[1].lower()]


_CONTROLS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b" ", b"f": b" "}

# Only what markup and quotes are made of: no name needs an entity.
_ENTITIES = {
    b"quot": b'"', b"#34": b'"', b"#x22": b'"',
    b"apos": b"'", b"#39": b"'", b"#x27": b"'",
    b"lt": b"<", b"#60": b"<", b"#x3c": b"<",
    b"gt": b">", b"#62": b">", b"#x3e": b">",
    b"amp": b"&", b"#38": b"&", b"#x26": b"&",
}  # fmt: skip

_ESCAPES = (
    _Escape(b"\\", re.compile(rb"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL), _json),
    _Escape(b"%", re.compile(rb"%([0-9a-fA-F]{2})"), _percent),
    _Escape(b"&", re.compile(b"&(" + b"|".join(_ENTITIES) + b");", re.IGNORECASE), _entity),
)

MARKERS = tuple(escape.marker for escape in _ESCAPES)
"""A text with none of these has no escapes."""
