"""What can be wrong with a configuration file, as values.

No message ever holds a value of the file: any of them may be a secret, or come from one through a
`${env:...}` reference. The path and the line say which value is meant.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple


class Fault(NamedTuple):
    """One thing that is wrong, or (in a `Report`'s warnings) worth a thought."""

    path: str
    """Keys joined by dots, list positions in brackets: `redaction.patterns[2]`; "" is the whole file."""
    line: int | None
    """Counted from 1; None where the file has no line for it."""
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class Report(NamedTuple):
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]


class ConfigError(Exception):
    """The configuration can't be used; holds every fault found, in the order of the file."""

    def __init__(self, faults: Iterable[Fault], file: Path | None = None) -> None:
        self.faults = tuple(faults)
        self.file = file
        super().__init__("\n".join(describe(fault, file) for fault in self.faults))


def describe(fault: Fault, file: Path | None) -> str:
    """*fault* as one line, `FILE:LINE: path: message`."""
    place = [str(part) for part in (file, fault.line) if part is not None]
    return ": ".join([":".join(place), str(fault)]) if place else str(fault)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint at the nearest right name, or at all of them if none is near."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    return f"known are {', '.join(names)}" if names else "nothing can be set here"
