"""Adds exchanges to one file: rows, contents, index and roll-ups in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import apsw

from otel_bridge.inspector import databases
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.store.interface import Appended
from otel_bridge.inspector.store.sqlite import database, hours, rollups, rows, schema
from otel_bridge.inspector.store.sqlite.content import Packer
from otel_bridge.inspector.store.sqlite.index import indexed_text
from otel_bridge.inspector.store.sqlite.tally import Names, tally

BODIES_GONE = "bodies gone"
"""State: nothing in the file has a body that retention would take."""
SPILL = "spill"
"""State: how many rows behind its millisecond's first one an exchange may stand."""

_WORTH_REPLACING = rows.Flags.REQUEST_BODY | rows.Flags.RESPONSE_BODY | rows.Flags.CAPTURED
_INSERT = (
    f"INSERT INTO exchange (row, pinned, {', '.join(rows.COLUMNS)}) VALUES (?, ?{', ?' * len(rows.COLUMNS)})"
)
_LAST_OF_MILLISECOND = f"SELECT max(row) FROM exchange WHERE row >= ? AND row < ? + {hours.SLOTS}"


class HourWriter:
    """One connection; calls must not overlap."""

    def __init__(self, path: Path, hour: int) -> None:
        """Make the file *path* where it is missing. Raises StoreError."""
        self.path = path
        self._hour = hour
        if not path.exists():
            database.create(path)
        self.db = database.connect(path, writes=True)
        with database.translated(path):
            rollups.prepare(self.db)
            self._names = Names(self.db)

    def add(self, exchanges: Sequence[Exchange], packer: Packer) -> Appended:
        """All of one hour. Raises StoreError."""
        with database.translated(self.path):
            try:
                with databases.transaction(self.db):
                    new, fuller = self._sorted(exchanges)
                    if new:
                        self._insert(new, packer)
                    self._replace(fuller, packer)
                    if (new or fuller) and schema.state(self.db, BODIES_GONE):
                        schema.set_state(self.db, BODIES_GONE, 0)
            except BaseException:
                # The names that were to be added are not there.
                self._names = Names(self.db)
                raise
        return Appended(len(new), len(exchanges) - len(new))

    def close(self) -> None:
        """Leave nothing in the WAL, if nobody is in the way; its space is given back."""
        try:
            self.db.set_busy_timeout(0)
            self.db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        finally:
            self.db.close()

    def _sorted(self, exchanges: Sequence[Exchange]) -> tuple[dict[bytes, Exchange], dict[int, Exchange]]:
        """Those that are new by id, and by row those that tell more than what is there."""
        new: dict[bytes, Exchange] = {}
        fuller: dict[int, Exchange] = {}
        for exchange in exchanges:
            identity = bytes.fromhex(exchange.id)
            if identity in new:
                if _tells_more(exchange, rows.flags(new[identity])):
                    new[identity] = rows.storable(exchange)
                continue
            known: Any = self.db.execute("SELECT row, flags FROM exchange WHERE id = ?", (identity,)).get
            if known is None:
                new[identity] = rows.storable(exchange)
            elif _tells_more(exchange, known[1]):
                fuller[known[0]] = rows.storable(exchange)
        return new, fuller

    def _replace(self, fuller: dict[int, Exchange], packer: Packer) -> None:
        """Roll-ups stay: they count exchanges, and none came."""
        for row, exchange in fuller.items():
            pinned: Any = self.db.execute("SELECT pinned FROM exchange WHERE row = ?", (row,)).get
            remove_rows(self.db, [row])
            insert(self.db, [row], [exchange], packer, pinned=bool(pinned))

    def _insert(self, new: dict[bytes, Exchange], packer: Packer) -> None:
        exchanges = list(new.values())
        insert(self.db, self._free_rows(exchanges), exchanges, packer)
        rollups.save(self.db, tally(exchanges, self._names))

    def _free_rows(self, exchanges: Sequence[Exchange]) -> list[int]:
        free: dict[int, int] = {}
        start: dict[int, int] = {}
        spill = 0
        found = []
        for exchange in exchanges:
            first = hours.row_at(exchange.started_us, self._hour)
            place = start.get(first, first)
            while (row := self._next_row(place, free)) >= place + hours.SLOTS:
                place += hours.SLOTS
            start[first] = place
            free[place] = row + 1
            spill = max(spill, place - first)
            found.append(row)
        if spill > schema.state(self.db, SPILL):
            schema.set_state(self.db, SPILL, spill)
        return found

    def _next_row(self, place: int, free: dict[int, int]) -> int:
        if place not in free:
            last: Any = self.db.execute(_LAST_OF_MILLISECOND, (place, place)).get
            free[place] = place if last is None else last + 1
        return free[place]


def _tells_more(exchange: Exchange, known: int) -> bool:
    """Whether the repeat *exchange* has what the kept one, with the flags *known*, is without.

    One exporter may send an exchange with its bodies and another one without.
    """
    return bool(rows.flags(exchange) & _WORTH_REPLACING & ~known)


def insert(
    db: apsw.Connection,
    places: Sequence[int],
    exchanges: Sequence[Exchange],
    packer: Packer,
    *,
    pinned: bool = False,
) -> None:
    """Put *exchanges* into these rows, within the caller's transaction; not into roll-ups."""
    placed = list(zip(places, exchanges, strict=True))
    db.executemany(_INSERT, ((row, int(pinned), *rows.values_of(each)) for row, each in placed))
    db.executemany(
        "INSERT INTO content VALUES (?, ?, ?)", ((row, *packer.pack(each)) for row, each in placed)
    )
    db.executemany(
        "INSERT INTO word (rowid, text) VALUES (?, ?)", ((row, indexed_text(each)) for row, each in placed)
    )


def remove_rows(db: apsw.Connection, gone: Sequence[int]) -> None:
    """Take *gone* out of rows, contents and index, within the caller's transaction; not out of roll-ups."""
    for table in ("exchange WHERE row", "content WHERE row", "word WHERE rowid"):
        db.executemany(f"DELETE FROM {table} = ?", ((row,) for row in gone))
