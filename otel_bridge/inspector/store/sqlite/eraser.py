"""Takes exchanges out of a file so that nothing of them stays in it.

Rows, contents and index entries are deleted and the roll-ups counted anew in one transaction; then the index
is merged and the file rewritten, because SQLite leaves deleted bytes where they were.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import apsw

from otel_bridge.inspector import databases
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query import Query
from otel_bridge.inspector.store.interface import Period, Receipt
from otel_bridge.inspector.store.sqlite import database, finder, rollups, rows
from otel_bridge.inspector.store.sqlite.finder import Finder, Scope
from otel_bridge.inspector.store.sqlite.hour_writer import remove_rows
from otel_bridge.inspector.store.sqlite.library import File, Library
from otel_bridge.inspector.store.sqlite.tally import Names, tally

_LIGHT = ", ".join(("id", "pinned", "flags", "request_size", "response_size", *rows.TEXTS, *rows.NUMBERS))


def drop(library: Library, query: Query, period: Period, *, dry_run: bool) -> Receipt:
    """As the store's. Raises StoreError; what was erased until then stays erased."""
    total = Receipt(0, 0, 0, None, None, 0)
    for file in (*library.hours(period), library.pinned):
        receipt = _drop(library, file, query, period, dry_run=dry_run)
        total = total if receipt is None else _sum(total, receipt)
    return total


def rewrite(db: apsw.Connection) -> None:
    """Leave in the file only what is used."""
    db.execute("INSERT INTO word (word) VALUES ('optimize')")
    db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def count_anew(db: apsw.Connection) -> None:
    """Make the roll-ups of the exchanges that are there, within the caller's transaction."""
    db.execute("DELETE FROM rollup")
    rollups.save(db, tally(_light(db), Names(db)))


def _drop(library: Library, file: File, query: Query, period: Period, *, dry_run: bool) -> Receipt | None:
    found = library.read(file, lambda db: _find(db, file, query, period))
    if not found:
        return None
    freed = 0
    if not dry_run:
        before = database.size_on_disk(file.path)
        db = database.connect(file.path, writes=True)
        try:
            with database.translated(file.path):
                # Again, because more may have come meanwhile.
                found = _erase(db, file, query, period)
        finally:
            db.close()
        freed = max(before - database.size_on_disk(file.path), 0)
    started = [started_us for _, started_us, _ in found]
    return Receipt(
        exchanges=len(found),
        pinned=sum(bool(pinned) for *_, pinned in found),
        files=1,
        oldest_us=min(started, default=None),
        newest_us=max(started, default=None),
        bytes=freed,
    )


def _erase(db: apsw.Connection, file: File, query: Query, period: Period) -> list[tuple[Any, ...]]:
    rollups.prepare(db)
    with databases.transaction(db):
        found = _find(db, file, query, period)
        remove_rows(db, [row for row, *_ in found])
        count_anew(db)
    rewrite(db)
    return found


def _find(db: apsw.Connection, file: File, query: Query, period: Period) -> list[tuple[Any, ...]]:
    matches = Finder(query).find(db, Scope(file.hour, period), "started_us, pinned")
    return [(match.row, *match.values) for match in matches]


def _light(db: apsw.Connection) -> Iterator[Exchange]:
    for found in db.execute(f"SELECT {_LIGHT} FROM exchange"):
        yield finder.light(*found)


def _sum(one: Receipt, other: Receipt) -> Receipt:
    return Receipt(
        exchanges=one.exchanges + other.exchanges,
        pinned=one.pinned + other.pinned,
        files=one.files + other.files,
        oldest_us=_known(min, one.oldest_us, other.oldest_us),
        newest_us=_known(max, one.newest_us, other.newest_us),
        bytes=one.bytes + other.bytes,
    )


def _known(choose: Any, *instants: int | None) -> int | None:
    known: Sequence[int] = [instant for instant in instants if instant is not None]
    return choose(known) if known else None
