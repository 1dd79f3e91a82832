"""Figures of an hour and its minutes, kept beside the exchanges in the same transaction.

A cell counts the exchanges that have a few things in common, by its kind:

    MINUTE             service, status
    HOUR               service, route, status
    ENDPOINT           service, route, method and path, status
    CONSUMER, CLIENT   service and name
    HOST               name
    ALL_ENDPOINT       service, method and path
    ALL_...            as those without ALL_, whatever the service and route
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import IntEnum
from typing import Any, NamedTuple

import apsw

from otel_bridge.inspector.store.interface import OTHER
from otel_bridge.inspector.store.sqlite import latency
from otel_bridge.inspector.store.sqlite.cells import Cell

WHOLE_HOUR = -1
"""The minute of cells that are not about one."""

_SAVE = """
INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    count = count + excluded.count,
    errors = errors + excluded.errors,
    duration_us = duration_us + excluded.duration_us,
    split = split + excluded.split,
    gateway_us = gateway_us + excluded.gateway_us,
    upstream_us = upstream_us + excluded.upstream_us,
    request_bytes = request_bytes + excluded.request_bytes,
    response_bytes = response_bytes + excluded.response_bytes,
    latency = merged_latency(latency, excluded.latency)
"""

# Under the names of the columns of an exchange, so that a query's condition holds for both.
_CELLS = """
FROM (
    SELECT *, substr(name, 1, instr(name, ' ') - 1) AS method, substr(name, instr(name, ' ') + 1) AS path,
           '' AS route_template
    FROM rollup
)
WHERE kind = ? AND minute >= ? AND minute < ? AND ({})
"""
_KEY = "SELECT ? + max(minute, 0) * 60000000, name, service, route, status, "
_READ_COUNTS = f"{_KEY} count, errors {_CELLS}"
_READ_MEASURES = f"""
{_KEY}
    count, errors, duration_us, split, gateway_us, upstream_us, request_bytes, response_bytes, latency
{_CELLS}
"""


class Kind(IntEnum):
    MINUTE = 0
    HOUR = 1
    """All but MINUTE and ALL_MINUTE are of the whole hour."""
    ENDPOINT = 2
    CONSUMER = 3
    CLIENT = 4
    HOST = 5
    ALL_MINUTE = 6
    ALL_HOUR = 7
    ALL_CONSUMER = 8
    ALL_CLIENT = 9
    ALL_ENDPOINT = 10


PARTIES = frozenset({Kind.CONSUMER, Kind.CLIENT, Kind.ALL_CONSUMER, Kind.ALL_CLIENT, Kind.HOST})
"""Kinds that have no measures but the numbers of exchanges and errors."""


Counted = tuple[int, str, str, str, int, int, int]
"""How many exchanges have something in common: when they began, name, service, route, status (those that they
don't share are "" and 0); how many they are, and how many of them are errors. They began in the minute or
the hour that begins then; one alone began exactly then."""

Measured = tuple[int, str, str, str, int, Cell]
"""As `Counted`, with all their measures."""


class Key(NamedTuple):
    kind: Kind
    minute: int
    service: str
    route: str
    name: str
    status: int


class Select(NamedTuple):
    """Which cells of a file."""

    begin_us: int
    """Where its hour begins."""
    minutes: range | None
    """None: those of the whole hour."""
    where: str
    """A condition on columns of an exchange, as far as the kind has them."""
    values: tuple[object, ...]

    def bindings(self, kind: Kind) -> tuple[object, ...]:
        first, behind = (WHOLE_HOUR, 0) if self.minutes is None else (self.minutes.start, self.minutes.stop)
        return (self.begin_us, int(kind), first, behind, *self.values)


def prepare(db: apsw.Connection) -> None:
    """Needed once by a connection that is to `save`."""
    merged: Any = latency.merged
    db.create_scalar_function("merged_latency", merged, 2, deterministic=True)


def save(db: apsw.Connection, cells: Mapping[Key, Cell]) -> None:
    """Add *cells* to what is there, within the caller's transaction."""
    db.executemany(_SAVE, ((*key, *cell.values()) for key, cell in cells.items()))


def endpoint(method: str, route_template: str, path: str) -> str:
    """What a cell of the kind is called. It is taken apart at its space, so a method must not have one."""
    return OTHER if " " in method else f"{method} {route_template or path}"


def counts(db: apsw.Connection, kind: Kind, select: Select) -> Iterator[Counted]:
    rows: Any = db.execute(_READ_COUNTS.format(select.where), select.bindings(kind))
    return iter(rows)


def measures(db: apsw.Connection, kind: Kind, select: Select) -> Iterator[Measured]:
    """For any but `PARTIES`."""
    for start_us, name, service, route, status, *values in db.execute(
        _READ_MEASURES.format(select.where), select.bindings(kind)
    ):
        yield start_us, name, service, route, status, Cell.read(status, *values)
