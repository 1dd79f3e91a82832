"""Exchanges that stay whatever retention says.

A pin is a mark on the row while its hour is there; when the hour goes, pinned ones move to a file of their
own, where rows are positions.
"""

from __future__ import annotations

from typing import Any

import apsw

from otel_bridge.inspector import databases
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.store.interface import Position
from otel_bridge.inspector.store.sqlite import database, finder, hour_writer
from otel_bridge.inspector.store.sqlite.content import Packer
from otel_bridge.inspector.store.sqlite.library import File, Library


def pin(library: Library, file: File, identity: bytes, pinned: bool) -> bool:
    """Whether *file* has the exchange. Raises StoreError."""
    if not file.path.exists():
        return False
    with library.changing, database.translated(file.path):
        db = database.connect(file.path, writes=True)
        try:
            with databases.transaction(db):
                row: int | None = db.execute("SELECT row FROM exchange WHERE id = ?", (identity,)).get
                if row is None:
                    return False
                if file.hour is None and not pinned:
                    hour_writer.remove_rows(db, [row])
                else:
                    db.execute("UPDATE exchange SET pinned = ? WHERE row = ?", (int(pinned), row))
        finally:
            db.close()
    return True


def save(library: Library, file: File) -> None:
    """Copy what is pinned in *file*, which is about to be removed. Raises StoreError."""
    packer = Packer()

    def pinned(db: apsw.Connection) -> list[tuple[Position, Exchange]]:
        found: Any = db.execute("SELECT row FROM exchange WHERE pinned ORDER BY row").fetchall()
        read = ((row, finder.read(db, row, packer)) for (row,) in found)
        return [(file.base + row, each[0]) for row, each in read if each is not None]

    exchanges = library.read(file, pinned)
    if not exchanges:
        return
    target = library.pinned
    if not target.path.exists():
        database.create(target.path)
    with database.translated(target.path):
        db = database.connect(target.path, writes=True)
        try:
            with databases.transaction(db):
                for position, exchange in exchanges:
                    _copy(db, position, exchange, packer)
        finally:
            db.close()


def _copy(db: apsw.Connection, position: Position, exchange: Exchange, packer: Packer) -> None:
    if db.execute("SELECT 1 FROM exchange WHERE id = ?", (bytes.fromhex(exchange.id),)).get:
        return
    # An hour that was removed and began again can give a position twice.
    while db.execute("SELECT 1 FROM exchange WHERE row = ?", (position,)).get:
        position += 1
    hour_writer.insert(db, [position], [exchange], packer, pinned=True)
