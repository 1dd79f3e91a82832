"""The log on disk between the receiver and the pipelines, their cursors, and the dead letters."""

from otel_bridge.journal.backlog import Backlog, Surplus
from otel_bridge.journal.dead_letters import DeadLetter, DeadLetters
from otel_bridge.journal.errors import (
    JournalError,
    JournalFull,
    JournalLocked,
    JournalTooNew,
    JournalUnwritable,
)
from otel_bridge.journal.journal import Journal, JournalStats
from otel_bridge.journal.record import Cursor, Record, Signal

__all__ = [
    "Backlog",
    "Cursor",
    "DeadLetter",
    "DeadLetters",
    "Journal",
    "JournalError",
    "JournalFull",
    "JournalLocked",
    "JournalStats",
    "JournalTooNew",
    "JournalUnwritable",
    "Record",
    "Signal",
    "Surplus",
]
