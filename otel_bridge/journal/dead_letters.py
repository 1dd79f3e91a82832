"""Dead letters: exchanges a destination refused for good, and what was given up, for people to look at.

              add             mark_replay             take_replays
    pipeline ─────▶ held ───────────────────▶ replay ──────────────▶ pipeline ──▶ drop, when delivered
                     ▲                                                  │
                     └──────────────────── put_back ────────────────────┘
    pipeline ─────▶ given up
            give_up

A row in `replay` stays there until it is delivered, so after a crash it is taken again. `drop` works in
every state; age takes what nobody asked to replay.

They lie in the journal's state file and outlive the journal's records. A second process may work on them
beside a running serve.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from pathlib import Path
from typing import Literal, Self

from otel_bridge.journal import database, dead_letter, state
from otel_bridge.journal.dead_letter import DeadLetter, State
from otel_bridge.journal.errors import JournalError, JournalFull
from otel_bridge.journal.state import StateFile

_MARK = "UPDATE dead_letter SET state = 'replay' WHERE id = ? AND state = 'held'"
_MARK_ALL = "UPDATE dead_letter SET state = 'replay' WHERE state = 'held'"
_REPLAYS = "SELECT id, length(otlp) FROM dead_letter WHERE exporter = ? AND state = 'replay' ORDER BY id"
_LAST_GIVEN_UP = """
    SELECT id, first_ns FROM dead_letter
    WHERE exporter = ? AND state = 'given up' AND reason = ? ORDER BY id DESC LIMIT 1
"""
_GROW = """
    UPDATE dead_letter SET at_ns = ?, exchanges = exchanges + ?, last_ns = max(last_ns, ?) WHERE id = ?
"""
_AGED = "SELECT id FROM dead_letter WHERE at_ns < ? AND state <> 'replay'"
_BELIEVE = "UPDATE dead_letter SET at_ns = ? WHERE at_ns < ? OR at_ns > ?"
_MIB = 1024 * 1024
# Deleting locks the file for everybody, serve's cursors included, so it goes in small steps.
_ROWS_AT_ONCE = 100
# What is given up goes on being given up: one row for an hour of it, not one for each record.
_GIVEN_UP_SPAN_NS = 3600 * 10**9
# 2026: a machine that has lost its clock begins in 1970.
_FIRST_NS = 1_767_225_600 * 10**9


class DeadLetters:
    """Thread-safe. Methods raise JournalError; its kinds only where they say so."""

    def __init__(self, file: StateFile, *, max_size: int, max_age_s: float, clock: Callable[[], int]) -> None:
        self._file = file
        self._max_size = max_size
        self._max_age_ns = int(max_age_s * 1e9)
        self._clock = clock
        self._taken: dict[int, str] = {}
        """Replays handed out, and to which exporter."""
        self._aged: frozenset[int] = frozenset()
        """Those that `prune` found too old last time."""

    @classmethod
    def open(
        cls, directory: Path, *, max_size: int, max_age_s: float, clock: Callable[[], int] = time.time_ns
    ) -> Self:
        """The dead letters beside the journal in *directory*, which has to exist.

        *max_size* is in bytes, *clock* gives Unix time in nanoseconds. Raises JournalTooNew or JournalError.
        """
        path = directory / state.FILE
        try:
            if not path.exists():
                state.create(directory)
            file = StateFile(directory)
        except (sqlite3.Error, OSError, database.DamagedError) as error:
            raise JournalError(f"can't open {path}: {error}") from error
        return cls(file, max_size=max_size, max_age_s=max_age_s, clock=clock)

    def close(self) -> None:
        self._file.close()

    def add(
        self,
        *,
        exporter: str,
        api: str,
        reason: str,
        answer: str,
        exchanges: int,
        first_ns: int,
        last_ns: int,
        otlp: bytes,
    ) -> int:
        """Keep refused exchanges; returns the id. Raises JournalFull at `max_size`, or on a full disk.

        The one that reaches `max_size` may pass it, so that none is too large for ever.
        """
        now = self._clock()
        values = (now, exporter, api, reason, answer, exchanges, first_ns, last_ns, State.HELD, otlp)
        with self._file.change() as db:
            if self._size(db) >= self._max_size:
                raise JournalFull(
                    f"the dead letters in {self._file.path} have reached dead_letters.max_size: "
                    "replay or drop some with `otel-bridge dead-letters`"
                )
            return dead_letter.insert(db, *values)

    def give_up(self, *, exporter: str, reason: str, exchanges: int, first_ns: int, last_ns: int) -> int:
        """List a range of *exchanges* as given up unread; returns the id. Never too full for that.

        Going on for the same *reason* makes the last row grow, until that spans an hour.
        """
        now = self._clock()
        with self._file.change() as db:
            last = db.execute(_LAST_GIVEN_UP, (exporter, reason)).fetchone()
            # Either way: a clock that was set back must not stretch one row over years.
            if last is None or abs(last_ns - last[1]) > _GIVEN_UP_SPAN_NS:
                values = (now, exporter, "", reason, "", exchanges, first_ns, last_ns, State.GIVEN_UP, None)
                return dead_letter.insert(db, *values)
            db.execute(_GROW, (now, exchanges, last_ns, last[0]))
            return int(last[0])

    def list(self) -> Sequence[DeadLetter]:
        """All of them, oldest first, without their `otlp`."""
        with self._file.read() as db:
            rows = db.execute(dead_letter.LIST).fetchall()
        return [dead_letter.letter(row) for row in rows]

    def get(self, number: int) -> DeadLetter | None:
        with self._file.read() as db:
            return dead_letter.get(db, number)

    def counts(self) -> dict[str, int]:
        """Rows for each exporter that has any."""
        with self._file.read() as db:
            return dict(db.execute("SELECT exporter, count(*) FROM dead_letter GROUP BY exporter").fetchall())

    def bytes_on_disk(self) -> int:
        with self._file.read() as db:
            return self._size(db)

    def mark_replay(self, ids: Collection[int] | Literal["all"]) -> int:
        """Have those that are held sent again by their exporters' pipelines; returns how many are marked."""
        with self._file.change() as db:
            if ids == "all":
                return db.execute(_MARK_ALL).rowcount
            return db.executemany(_MARK, [(number,) for number in ids]).rowcount

    def take_replays(self, exporter: str, *, limit_bytes: int = 16 * _MIB) -> Sequence[DeadLetter]:
        """The next ones to send again, oldest first: no more than *limit_bytes*, but at least one if any.

        Each is handed out once by this object, until `put_back` or `untake_replays`; after a crash all are
        there again.
        """
        found: list[DeadLetter] = []
        with self._file.read() as db:
            waiting = db.execute(_REPLAYS, (exporter,)).fetchall()
            for number, length in waiting:
                if number in self._taken:
                    continue
                limit_bytes -= length
                if limit_bytes < 0 and found:
                    break
                if (letter := dead_letter.get(db, number)) is not None:
                    found.append(letter)
                    self._taken[number] = exporter
        return found

    def untake_replays(self, exporter: str) -> None:
        """Hand out again what *exporter* took and has not settled: its pipeline begins anew."""
        for number, taker in list(self._taken.items()):
            if taker == exporter:
                self._taken.pop(number, None)

    def put_back(self, number: int, *, reason: str, answer: str) -> None:
        """A replay failed for good: hold it again, unless it was dropped meanwhile."""
        with self._file.change() as db:
            db.execute(
                "UPDATE dead_letter SET state = 'held', at_ns = ?, reason = ?, answer = ? WHERE id = ?",
                (self._clock(), reason, answer, number),
            )
            self._taken.pop(number, None)

    def drop(self, ids: Collection[int] | Literal["all"]) -> int:
        """Delete them; returns how many there were."""
        if ids == "all":
            ids = self._ids("SELECT id FROM dead_letter ORDER BY id")
        total = 0
        for some in _in_steps(list(ids)):
            with self._file.change() as db:
                rows = [(number,) for number in some]
                total += db.executemany("DELETE FROM dead_letter WHERE id = ?", rows).rowcount
                for number in some:
                    self._taken.pop(number, None)
        return total

    def cut(self, number: int, *, otlp: bytes, exchanges: int) -> None:
        """Keep no more of a letter than *otlp*, which holds *exchanges*; not its destination's words either.

        A replay of it that is under way is not called back.
        """
        with self._file.change() as db:
            db.execute(
                "UPDATE dead_letter SET otlp = ?, exchanges = ?, answer = '' WHERE id = ?",
                (otlp, exchanges, number),
            )

    def scrub(self) -> None:
        """Leave nothing on the disk of what was dropped or cut; holds everybody up while it runs."""
        self._file.scrub()

    def prune(self) -> int:
        """Delete what was held longer than `max_age_s`; returns how many, for somebody to say so.

        Only what the call before found too old as well, so a clock that was wrong for a moment costs
        nothing. What says that it is from the future, or older than this program, ages from now on.
        """
        now = self._clock()
        if self._ids("SELECT id FROM dead_letter WHERE at_ns < ? OR at_ns > ?", _FIRST_NS, now):
            with self._file.change() as db:
                db.execute(_BELIEVE, (now, _FIRST_NS, now))
        aged = self._ids(_AGED, now - self._max_age_ns)
        ripe = self._aged.intersection(aged)
        self._aged = frozenset(aged) - ripe
        return self.drop(ripe)

    def _ids(self, sql: str, *values: int) -> Sequence[int]:
        with self._file.read() as db:
            return [row[0] for row in db.execute(sql, values).fetchall()]

    def _size(self, db: sqlite3.Connection) -> int:
        # As auto_vacuum leaves no free pages behind, the file is what lies in it.
        pages: int = db.execute("PRAGMA page_count").fetchone()[0]
        page_size: int = db.execute("PRAGMA page_size").fetchone()[0]
        return pages * page_size


def _in_steps(numbers: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(numbers), _ROWS_AT_ONCE):
        yield numbers[start : start + _ROWS_AT_ONCE]
