"""Finds the matches of a query in one file, newest first."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import apsw
import orjson
import zstandard

from otel_bridge.inspector.exchange import Exchange, Side, Wire
from otel_bridge.inspector.query import Query, Subject, matcher
from otel_bridge.inspector.store.interface import Period, Stop, never
from otel_bridge.inspector.store.sqlite import hours, rows, schema
from otel_bridge.inspector.store.sqlite.compile import compiled
from otel_bridge.inspector.store.sqlite.content import Packer
from otel_bridge.inspector.store.sqlite.database import DamagedError
from otel_bridge.inspector.store.sqlite.hour_writer import SPILL

_READ_COLUMNS = ", ".join(f"exchange.{name}" for name in (*rows.TEXTS, *rows.NUMBERS))
_NOTHING = Side()


class Scope(NamedTuple):
    """Which rows of a file to look at."""

    hour: int | None
    """None: the file of pinned exchanges, whose rows are positions."""
    period: Period
    before: int | None = None
    """Rows, in this file."""


class Found(NamedTuple):
    row: int
    values: tuple[Any, ...]
    """Of the columns that were asked for."""


class Finder:
    """A compiled query; for one thread."""

    def __init__(self, query: Query, stop: Stop = never) -> None:
        self.query = query
        self.condition = compiled(query)
        self._matches = matcher(query)
        self._packer = Packer()
        self.stop = stop
        self.exact = self.condition.exact

    def find(self, db: apsw.Connection, scope: Scope, columns: str) -> Iterator[Found]:
        """The matches with their *columns*. Raises apsw.InterruptError when it is to stop."""
        if self.exact:
            for row, *values in db.execute(*self._select(db, scope, columns)):
                yield Found(row, tuple(values))
            return
        for row, *values in db.execute(*self._select(db, scope, columns)):
            if self.stop():
                raise apsw.InterruptError
            if self._verified(db, row):
                yield Found(row, tuple(values))

    def _select(self, db: apsw.Connection, scope: Scope, columns: str) -> tuple[str, tuple[object, ...]]:
        query = self.condition
        bounds, values = _bounds(db, scope)
        first: tuple[str, ...]
        if query.match:
            source = "word CROSS JOIN exchange ON exchange.row = word.rowid"
            conditions = ["word MATCH ?", *(f"word.rowid {bound}" for bound in bounds)]
            order, first = "word.rowid", (query.match,)
        else:
            source, order, first = "exchange", "row", ()
            conditions = [f"row {bound}" for bound in bounds]
        for bound, value in (
            ("started_us >= ?", scope.period.start_us),
            ("started_us < ?", scope.period.end_us),
        ):
            if value is not None:
                conditions.append(bound)
                values = (*values, value)
        where = " AND ".join((*conditions, f"({query.where})"))
        sql = f"SELECT exchange.row, {columns} FROM {source} WHERE {where} ORDER BY {order} DESC"
        return sql, (*first, *values, *query.values)

    def _verified(self, db: apsw.Connection, row: int) -> bool:
        found = read_light(db, row) if self.condition.light else read(db, row, self._packer)
        return found is not None and self._matches(Subject(found[0], pinned=found[1]))


def read(db: apsw.Connection, row: int, packer: Packer) -> tuple[Exchange, bool] | None:
    """An exchange whole, and whether it is pinned."""
    sql = (
        f"SELECT id, pinned, detail, bodies, {_READ_COLUMNS} "
        "FROM exchange JOIN content USING (row) WHERE exchange.row = ?"
    )
    found: Any = db.execute(sql, (row,)).get
    if found is None:
        return None
    identity, pinned, detail, bodies, *values = found
    columns = dict(zip((*rows.TEXTS, *rows.NUMBERS), values, strict=True))
    try:
        return packer.unpack(identity.hex(), columns, detail, bodies), bool(pinned)
    except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
        raise DamagedError(f"an exchange in {db.filename} is damaged: {error}") from error


def read_light(db: apsw.Connection, row: int) -> tuple[Exchange, bool] | None:
    """As `read`, with no more than the columns tell."""
    sql = (
        f"SELECT id, pinned, flags, request_size, response_size, {_READ_COLUMNS} FROM exchange WHERE row = ?"
    )
    found: Any = db.execute(sql, (row,)).get
    return None if found is None else (light(*found), bool(found[1]))


def light(
    identity: bytes, _: int, flags: int, request_size: int | None, response_size: int | None, *values: Any
) -> Exchange:
    return Exchange(
        id=identity.hex(),
        wire=Wire.GALILEO,
        arrived_us=0,
        url="",
        reason="",
        request=_light_side(request_size, flags & rows.Flags.REQUEST_BODY, flags),
        response=_light_side(response_size, flags & rows.Flags.RESPONSE_BODY, flags),
        upstream_port=None,
        upstream_status=None,
        request_id="",
        trace_id="?" if flags & rows.Flags.TRACE else "",
        span_id="",
        send_us=None,
        wait_us=None,
        receive_us=None,
        captured=bool(flags & rows.Flags.CAPTURED),
        not_captured="",
        masked=bool(flags & rows.Flags.MASKED),
        spans=({},) if flags & rows.Flags.SPANS else (),
        resource={},
        **dict(zip((*rows.TEXTS, *rows.NUMBERS), values, strict=True)),
    )


def _light_side(size: int | None, has_body: int, flags: int) -> Side:
    # `decoded`: the body that stands here for the real one says nothing about its size.
    return _NOTHING._replace(
        body=b"?" if has_body else None,
        body_size=size,
        truncated=bool(flags & rows.Flags.TRUNCATED),
        decoded=True,
    )


def _bounds(db: apsw.Connection, scope: Scope) -> tuple[list[str], tuple[int, ...]]:
    """The rows that can be meant, as comparisons and their values."""
    bounds: list[tuple[str, int]] = []
    if scope.before is not None:
        bounds.append(("< ?", scope.before))
    if scope.hour is not None:
        if scope.period.start_us is not None:
            bounds.append((">= ?", hours.row_at(scope.period.start_us, scope.hour)))
        end_us = scope.period.end_us
        if end_us is not None and hours.hour_of(end_us) <= scope.hour:
            behind = hours.row_at(end_us, scope.hour) + hours.SLOTS + schema.state(db, SPILL)
            bounds.append(("< ?", behind))
    return [bound for bound, _ in bounds], tuple(value for _, value in bounds)
