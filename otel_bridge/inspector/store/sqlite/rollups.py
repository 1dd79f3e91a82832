"""Figures of an hour and its minutes, kept beside the exchanges in the same transaction.

A cell counts the exchanges that have a kind's name, a service, a route and a status in common. Names, and
pairs of service and route, are bounded for each hour: what comes after the bound is counted under `OTHER`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

import apsw

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query.fields import response_size
from otel_bridge.inspector.store.interface import OTHER
from otel_bridge.inspector.store.sqlite import latency
from otel_bridge.inspector.store.sqlite.cells import Cell

WHOLE_HOUR = -1
"""The minute of cells that are not about one."""

MOST_NAMES = 500
"""Of one kind in an hour."""
MOST_PAIRS = 200

_LONGEST = 300
_MINUTE_US = 60_000_000

_SAVE = """
INSERT INTO rollup VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET
    count = count + excluded.count,
    duration_us = duration_us + excluded.duration_us,
    split = split + excluded.split,
    gateway_us = gateway_us + excluded.gateway_us,
    upstream_us = upstream_us + excluded.upstream_us,
    request_bytes = request_bytes + excluded.request_bytes,
    response_bytes = response_bytes + excluded.response_bytes,
    latency = merged_latency(latency, excluded.latency)
"""


class Kind(IntEnum):
    MINUTE = 0
    """Without names: figures over time."""
    HOUR = 5
    """As MINUTE, for the whole hour."""
    ENDPOINT = 1
    """`METHOD path`, for the whole hour, as the others."""
    CONSUMER = 2
    CLIENT = 3
    HOST = 4


class Key(NamedTuple):
    kind: Kind
    minute: int
    name: str
    service: str
    route: str
    status: int


class Names:
    """Which names an hour knows, so that their number can be bounded."""

    def __init__(self, db: apsw.Connection) -> None:
        self._names = {kind: set[str]() for kind in Kind}
        for kind, name in db.execute("SELECT DISTINCT kind, name FROM rollup"):
            self._names[Kind(kind)].add(name)
        self._pairs: set[tuple[str, str]] = set(db.execute("SELECT DISTINCT service, route FROM rollup"))

    def name(self, kind: Kind, name: str) -> str:
        known = self._names[kind]
        name = name[:_LONGEST]
        if name not in known:
            if len(known) >= MOST_NAMES:
                return OTHER
            known.add(name)
        return name

    def pair(self, service: str, route: str) -> tuple[str, str]:
        pair = (service[:_LONGEST], route[:_LONGEST])
        if pair not in self._pairs:
            if len(self._pairs) >= MOST_PAIRS or pair != (service, route):
                return OTHER, OTHER
            self._pairs.add(pair)
        return pair


def prepare(db: apsw.Connection) -> None:
    """Needed once by a connection that is to `save`."""
    merged: Any = latency.merged
    db.create_scalar_function("merged_latency", merged, 2, deterministic=True)


def save(db: apsw.Connection, names: Names, exchanges: Iterable[Exchange]) -> None:
    """Add *exchanges* to the cells, within the caller's transaction."""
    cells: dict[Key, Cell] = {}
    for exchange in exchanges:
        own = Cell.of(
            exchange.status,
            exchange.duration_us,
            exchange.gateway_us,
            exchange.upstream_us,
            exchange.request.body_size,
            response_size(exchange),
        )
        for key in _keys(exchange, names):
            cell = cells.get(key)
            if cell is None:
                cells[key] = cell = Cell()
            cell.add(own)
    db.executemany(_SAVE, ((*key, *cell.values()) for key, cell in cells.items()))


def endpoint(method: str, route_template: str, path: str) -> str:
    return f"{method} {route_template or path}"


def _keys(exchange: Exchange, names: Names) -> Iterator[Key]:
    service, route = names.pair(exchange.service, exchange.route)
    where = (service, route, exchange.status)
    minute = exchange.started_us // _MINUTE_US % 60
    named = endpoint(exchange.method, exchange.route_template, exchange.path)
    yield Key(Kind.MINUTE, minute, "", *where)
    yield Key(Kind.HOUR, WHOLE_HOUR, "", *where)
    yield Key(Kind.ENDPOINT, WHOLE_HOUR, names.name(Kind.ENDPOINT, named), *where)
    yield Key(Kind.CONSUMER, WHOLE_HOUR, names.name(Kind.CONSUMER, exchange.consumer), *where)
    yield Key(Kind.CLIENT, WHOLE_HOUR, names.name(Kind.CLIENT, exchange.client_address), *where)
    yield Key(Kind.HOST, WHOLE_HOUR, names.name(Kind.HOST, exchange.host), *where)


def read(
    db: apsw.Connection, kinds: Sequence[Kind], minutes: range | None = None
) -> Iterator[tuple[Key, Cell]]:
    """The cells of *kinds*; with *minutes* only those of these minutes."""
    sql = "SELECT * FROM rollup WHERE kind IN (" + ", ".join(str(int(kind)) for kind in kinds) + ")"
    bounds: tuple[int, ...] = ()
    if minutes is not None:
        sql += " AND minute >= ? AND minute < ?"
        bounds = (minutes.start, minutes.stop)
    for kind, minute, name, service, route, status, *values in db.execute(sql, bounds):
        yield Key(kind, minute, name, service, route, status), Cell.read(status, *values)
