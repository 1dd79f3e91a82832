"""One thing `kong check` has to say."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    message: str
    """What is so, and what it costs."""
    remedy: str
    """What to do about it."""
    wrong: bool = True
    """False: worth knowing, nothing is lost by it."""


def note(message: str, remedy: str) -> Finding:
    return Finding(message, remedy, wrong=False)
