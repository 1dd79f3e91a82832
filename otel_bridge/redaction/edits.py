"""Replacing parts of a text and nothing else."""

from __future__ import annotations

from collections.abc import Iterable
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
    """*text* with all *edits* made, and how many values that changed.

    Where edits overlap, one that covers them is made, written as the first of them would be.
    """
    pieces: list[bytes] = []
    reached = count = 0
    for start, end, _, quote in sorted(edits, key=_outer_first):
        if start >= end or text[start:end] == REDACTED:
            continue
        if start < reached:
            reached = max(reached, end)
            continue
        mark = text[slice(*quote)] if quote else b""
        pieces += text[reached:start], mark, REDACTED, mark
        reached = end
        count += 1
    pieces.append(text[reached:])
    return b"".join(pieces), count


def _outer_first(edit: Edit) -> tuple[int, int]:
    return edit.start, -edit.end
