"""Replacing parts of a text and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

REDACTED = b"REDACTED"


class Edit(NamedTuple):
    """The part of a text that a rule wants replaced."""

    start: int
    end: int
    head: tuple[int, int] = (0, 0)
    """What in front of it makes it one, such as a name and an equals sign; see `views.py`."""
    quote: tuple[int, int] | None = None
    """Where a quote stands that has to go around the replacement, as the text writes it there: a
    number or an object becomes a string."""


def applied(text: bytes, edits: Iterable[Edit]) -> tuple[bytes, int]:
    """*text* with all *edits* made, and how many values that changed."""
    pieces: list[bytes] = []
    position = count = 0
    for edit in _merged(edit for edit in edits if text[edit.start : edit.end] != REDACTED):
        quote = text[slice(*edit.quote)] if edit.quote else b""
        pieces += text[position : edit.start], quote, REDACTED, quote
        position = edit.end
        count += 1
    pieces.append(text[position:])
    return b"".join(pieces), count


def _merged(edits: Iterable[Edit]) -> Sequence[Edit]:
    """In order and without overlaps; what overlaps becomes one, written as its first would be."""
    result: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if edit.start >= edit.end:
            continue
        if result and edit.start < result[-1].end:
            last = result[-1]
            result[-1] = last._replace(end=max(last.end, edit.end))
        else:
            result.append(edit)
    return result
