"""Counts exchanges into the cells of roll-ups.

Names, and pairs of service and route, are bounded for each hour: what comes after the bound, or is absurdly
long, is counted under `OTHER`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

import apsw

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query.fields import response_size
from otel_bridge.inspector.store.interface import OTHER
from otel_bridge.inspector.store.sqlite.cells import Cell
from otel_bridge.inspector.store.sqlite.rollups import WHOLE_HOUR, Key, Kind, endpoint

MOST_NAMES = 200
"""Of one kind in an hour."""
MOST_PAIRS = 200

_LONGEST = 300
_MINUTE_US = 60_000_000
_OF_ALL = {Kind.CONSUMER: Kind.ALL_CONSUMER, Kind.CLIENT: Kind.ALL_CLIENT}


class Names:
    """Which names an hour knows, so that their number can be bounded."""

    def __init__(self, db: apsw.Connection) -> None:
        self._names = {kind: set[str]() for kind in Kind}
        for kind, name in db.execute("SELECT DISTINCT kind, name FROM rollup"):
            self._names[Kind(kind)].add(name)
        self._pairs: set[tuple[str, str]] = set(db.execute("SELECT DISTINCT service, route FROM rollup"))

    def name(self, kind: Kind, name: str) -> str:
        known = self._names[kind]
        if name not in known:
            if len(known) >= MOST_NAMES or len(name) > _LONGEST:
                return OTHER
            known.add(name)
        return name

    def pair(self, service: str, route: str) -> tuple[str, str]:
        pair = service, route
        if pair not in self._pairs:
            if len(self._pairs) >= MOST_PAIRS or len(service) > _LONGEST or len(route) > _LONGEST:
                return OTHER, OTHER
            self._pairs.add(pair)
        return pair


def tally(exchanges: Iterable[Exchange], names: Names) -> Mapping[Key, Cell]:
    """All the cells that *exchanges* add to, those of one hour."""
    found = _Tally()
    for exchange in exchanges:
        found.add(exchange, names)
    return found.cells()


class _Tally:
    """Counts by what is finest, and makes the other kinds of it: they have far fewer cells than exchanges."""

    def __init__(self) -> None:
        self._minutes: defaultdict[tuple[int, str, int], Cell] = defaultdict(Cell)
        self._endpoints: defaultdict[tuple[str, str, str, int], Cell] = defaultdict(Cell)
        self._parties: Counter[tuple[Kind, str, str, bool]] = Counter()

    def add(self, exchange: Exchange, names: Names) -> None:
        status = exchange.status
        own = Cell.of(
            status,
            exchange.duration_us,
            exchange.gateway_us,
            exchange.upstream_us,
            exchange.request.body_size,
            response_size(exchange),
        )
        service, route = names.pair(exchange.service, exchange.route)
        called = endpoint(exchange.method, exchange.route_template, exchange.path)
        called = names.name(Kind.ENDPOINT, called)
        self._minutes[exchange.started_us // _MINUTE_US % 60, service, status].add(own)
        self._endpoints[service, route, called, status].add(own)
        failed = own.errors > 0
        parties = self._parties
        parties[Kind.CONSUMER, service, names.name(Kind.CONSUMER, exchange.consumer), failed] += 1
        parties[Kind.CLIENT, service, names.name(Kind.CLIENT, exchange.client_address), failed] += 1
        parties[Kind.HOST, "", names.name(Kind.HOST, exchange.host), failed] += 1

    def cells(self) -> Mapping[Key, Cell]:
        cells: defaultdict[Key, Cell] = defaultdict(Cell)
        for (minute, service, status), cell in self._minutes.items():
            cells[Key(Kind.MINUTE, minute, service, "", "", status)] = cell
            cells[Key(Kind.ALL_MINUTE, minute, "", "", "", status)].add(cell)
            cells[Key(Kind.ALL_HOUR, WHOLE_HOUR, "", "", "", status)].add(cell)
        for (service, route, name, status), cell in self._endpoints.items():
            cells[Key(Kind.ENDPOINT, WHOLE_HOUR, service, route, name, status)] = cell
            cells[Key(Kind.HOUR, WHOLE_HOUR, service, route, "", status)].add(cell)
            cells[Key(Kind.ALL_ENDPOINT, WHOLE_HOUR, service, "", name, 0)].add(cell)
        for (kind, service, name, failed), exchanges in self._parties.items():
            cells[Key(kind, WHOLE_HOUR, service, "", name, 0)].count_in(exchanges, failed=failed)
            if kind in _OF_ALL:
                of_all = Key(_OF_ALL[kind], WHOLE_HOUR, "", "", name, 0)
                cells[of_all].count_in(exchanges, failed=failed)
        return cells
