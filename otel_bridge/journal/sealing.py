"""How another process has the journal's owner begin a new segment: by a file in its directory.

Only its owner writes to the segment being written, and nobody to a sealed one; so whoever wants to rewrite
what the journal holds has it sealed first.

    other: asks (the file is there) ──▶ owner: seals ──▶ owner: answers (it is gone)
"""

from __future__ import annotations

from pathlib import Path

_REQUEST = "seal"


def ask(directory: Path) -> None:
    """Raises OSError."""
    (directory / _REQUEST).touch(mode=0o600)


def is_asked(directory: Path) -> bool:
    return (directory / _REQUEST).exists()


def answer(directory: Path) -> None:
    """Also withdraws a question that nobody answered. Raises OSError."""
    (directory / _REQUEST).unlink(missing_ok=True)
