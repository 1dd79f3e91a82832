"""The log on disk between the receiver and the pipelines, their cursors, and the dead letters."""

from otel_bridge.journal.backlog import Backlog, Surplus
from otel_bridge.journal.dead_letter import DeadLetter, State
from otel_bridge.journal.dead_letters import DeadLetters
from otel_bridge.journal.errors import (
    JournalError,
    JournalFull,
    JournalLocked,
    JournalTooNew,
    JournalUnwritable,
)
from otel_bridge.journal.journal import Journal
from otel_bridge.journal.record import Cursor, Record, Signal
from otel_bridge.journal.stats import JournalStats

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
    "State",
    "Surplus",
]
