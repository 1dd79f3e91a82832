"""What becomes of a state file that is of another version, or damaged.

An older one is migrated in place. A damaged one is set aside, and a new one takes over the dead letters
that can still be read. Its cursors are not taken over: what may be wrong must not let a record go
unsent.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import structlog

from otel_bridge import database_files
from otel_bridge.journal import database, dead_letter, state
from otel_bridge.journal.sqlite_errors import is_damage, is_unreadable

log = structlog.get_logger(__name__)

Fill = Callable[[sqlite3.Connection], None]


def fault(path: Path) -> str | None:
    """Migrate the state file at *path*; what is wrong with it, None where nothing is.

    Raises JournalTooNew, and sqlite3.Error or OSError about the moment.
    """
    try:
        database.identify(path, state.FORMAT)
        if database.migrate(path, state.FORMAT):
            log.info("the state file was brought up to this version", file=str(path))
        with closing(database.connect(path)) as db:
            found: str = db.execute("PRAGMA quick_check(1)").fetchone()[0]
    except database.DamagedError as error:
        return str(error)
    except sqlite3.Error as error:
        if not _is_lasting(error):
            raise
        return str(error)
    return None if found == "ok" else " ".join(found.split())


def repair(directory: Path, *, fill: Fill) -> tuple[Path, int]:
    """Put a new file, with what *fill* writes, in the place of a damaged one.

    Returns the name of the old one now, and how many dead letters were saved from it. Raises sqlite3.Error
    or OSError.
    """
    aside = database_files.set_aside(directory / state.FILE, database.QUARANTINED)
    saved = 0

    def fill_all(db: sqlite3.Connection) -> None:
        nonlocal saved
        fill(db)
        for row in _letters(aside):
            db.execute(dead_letter.KEEP, row)
            saved += 1

    state.create(directory, fill_all)
    return aside, saved


def _letters(aside: Path) -> Iterator[tuple[Any, ...]]:
    """The dead letters that can be read, each by itself."""
    with contextlib.suppress(sqlite3.Error), closing(database.connect(aside)) as db:
        for number in _numbers(db):
            with contextlib.suppress(sqlite3.DatabaseError):
                row = db.execute(dead_letter.WHOLE, (number,)).fetchone()
                if row is not None and dead_letter.is_sound(row):
                    yield row


def _numbers(db: sqlite3.Connection) -> list[int]:
    """Of the dead letters before the first damaged page and behind the last."""
    found: set[int] = set()
    for order in ("", "DESC"):
        with contextlib.suppress(sqlite3.DatabaseError):
            for (number,) in db.execute(f"SELECT id FROM dead_letter ORDER BY id {order}"):  # noqa: S608
                if number in found:
                    break
                found.add(number)
    return sorted(found)


def _is_lasting(error: sqlite3.Error) -> bool:
    # What can't be read at start can't be waited for either; it is only renamed.
    return is_damage(error) or is_unreadable(error)
