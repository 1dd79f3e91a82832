"""Figures of an hour and its minutes, kept beside the exchanges in the same transaction.

A cell counts the exchanges that have a few things in common, by its kind:

    MINUTE             service, status
    HOUR               service, route, status
    ENDPOINT           service, route, method and path
    CONSUMER, CLIENT   service and name
    HOST               name
    ALL_...            as those without ALL_, whatever the service and route

Names, and pairs of service and route, are bounded for each hour: what comes after the bound is counted under
`OTHER`.
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

MOST_NAMES = 200
"""Of one kind in an hour."""
MOST_PAIRS = 200

_LONGEST = 300
_MINUTE_US = 60_000_000

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

_READ = """
SELECT minute, service, route, name, status, count, errors, duration_us, split, gateway_us, upstream_us,
       request_bytes, response_bytes, latency
FROM rollup WHERE kind = ? AND minute >= ? AND minute < ?
"""

_READ_NUMBERS = """
SELECT minute, service, route, name, status, count, errors
FROM rollup WHERE kind = ? AND minute >= ? AND minute < ?
"""


class Kind(IntEnum):
    MINUTE = 0
    HOUR = 1
    """All but MINUTE and ALL_MINUTE are for the whole hour."""
    ENDPOINT = 2
    CONSUMER = 3
    CLIENT = 4
    HOST = 5
    ALL_MINUTE = 6
    ALL_HOUR = 7
    ALL_CONSUMER = 8
    ALL_CLIENT = 9


PARTIES = frozenset({Kind.CONSUMER, Kind.CLIENT, Kind.ALL_CONSUMER, Kind.ALL_CLIENT, Kind.HOST})
"""Kinds that have no measures but the numbers of exchanges and errors."""


class Key(NamedTuple):
    kind: Kind
    minute: int
    service: str
    route: str
    name: str
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
            if key[0] in PARTIES:
                cell.count += 1
                cell.errors += own.errors
            else:
                cell.add(own)
    db.executemany(_SAVE, ((*key, *cell.values()) for key, cell in cells.items()))


def endpoint(method: str, route_template: str, path: str) -> str:
    return f"{method} {route_template or path}"


def read(
    db: apsw.Connection, kinds: Sequence[Kind], minutes: range | None = None, *, measures: bool = True
) -> Iterator[tuple[Key, Cell]]:
    """The cells of *kinds*; with *minutes* only those of these minutes.

    Without *measures* they have no more than the numbers of exchanges and errors, as parties always.
    """
    for kind in kinds:
        first, behind = (WHOLE_HOUR, 60) if minutes is None else (minutes.start, minutes.stop)
        bounds = (int(kind), first, behind)
        if kind in PARTIES or not measures:
            for minute, service, route, name, status, count, errors in db.execute(_READ_NUMBERS, bounds):
                cell = Cell()
                cell.count = count
                cell.errors = errors
                yield Key(kind, minute, service, route, name, status), cell
        else:
            for minute, service, route, name, status, *values in db.execute(_READ, bounds):
                yield Key(kind, minute, service, route, name, status), Cell.read(status, *values)


def _keys(exchange: Exchange, names: Names) -> tuple[Key, ...]:
    service, route = names.pair(exchange.service, exchange.route)
    minute = exchange.started_us // _MINUTE_US % 60
    named = names.name(Kind.ENDPOINT, endpoint(exchange.method, exchange.route_template, exchange.path))
    consumer = names.name(Kind.ALL_CONSUMER, exchange.consumer)
    client = names.name(Kind.ALL_CLIENT, exchange.client_address)
    return (
        Key(Kind.MINUTE, minute, service, "", "", exchange.status),
        Key(Kind.ALL_MINUTE, minute, "", "", "", exchange.status),
        Key(Kind.ALL_HOUR, WHOLE_HOUR, "", "", "", exchange.status),
        Key(Kind.HOUR, WHOLE_HOUR, service, route, "", exchange.status),
        Key(Kind.ENDPOINT, WHOLE_HOUR, service, route, named, 0),
        Key(Kind.CONSUMER, WHOLE_HOUR, service, "", consumer, 0),
        Key(Kind.CLIENT, WHOLE_HOUR, service, "", client, 0),
        Key(Kind.ALL_CONSUMER, WHOLE_HOUR, "", "", consumer, 0),
        Key(Kind.ALL_CLIENT, WHOLE_HOUR, "", "", client, 0),
        Key(Kind.HOST, WHOLE_HOUR, "", "", names.name(Kind.HOST, exchange.host), 0),
    )
