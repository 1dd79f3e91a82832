"""A dead letter, and its row in the state file."""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from typing import Any, NamedTuple

LIST = """
    SELECT id, at_ns, exporter, api, reason, answer, exchanges, first_ns, last_ns, state,
           coalesce(length(otlp), 0), NULL
    FROM dead_letter ORDER BY id
"""
WHOLE = """
    SELECT id, at_ns, exporter, api, reason, answer, exchanges, first_ns, last_ns, state, otlp
    FROM dead_letter WHERE id = ?
"""
KEEP = """
    INSERT INTO dead_letter
        (id, at_ns, exporter, api, reason, answer, exchanges, first_ns, last_ns, state, otlp)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
"""
_TYPES: tuple[type | tuple[type, ...], ...] = (
    *(int, int, str, str, str, str, int, int, int, str),
    (bytes, type(None)),
)


class State(StrEnum):
    HELD = "held"
    REPLAY = "replay"
    GIVEN_UP = "given up"
    """Never read by its exporter: there is nothing to replay."""


class DeadLetter(NamedTuple):
    id: int
    at_ns: int
    """When it was added, or put back, or last grew; Unix time as all times here."""
    exporter: str
    api: str
    reason: str
    answer: str
    """What the destination said; "" where it wasn't asked."""
    exchanges: int
    first_ns: int
    last_ns: int
    state: State
    size: int
    """Bytes of `otlp`."""
    otlp: bytes | None
    """The exchanges as a redacted ExportTraceServiceRequest; None where they were given up, and in what
    `list` returns.
    """


def insert(db: sqlite3.Connection, *values: object) -> int:
    """Add a row of all columns but the id, which is returned."""
    added = db.execute(KEEP, (None, *values)).lastrowid
    assert added is not None
    return added


def get(db: sqlite3.Connection, number: int) -> DeadLetter | None:
    row = db.execute(WHOLE, (number,)).fetchone()
    return letter((*row[:10], len(row[10] or b""), row[10])) if row else None


def letter(row: tuple[Any, ...]) -> DeadLetter:
    """A row of LIST."""
    return DeadLetter._make((*row[:9], State(row[9]), *row[10:]))


def is_sound(row: tuple[Any, ...]) -> bool:
    """Whether what came out of a damaged file can be a row of WHOLE."""
    fits = all(isinstance(value, kind) for value, kind in zip(row, _TYPES, strict=True))
    return fits and row[9] in set(State)
