"""Figures over time and by who and what: from roll-ups where they can tell, else from the rows.

Roll-ups tell about whole hours (and, for figures over time, whole minutes), of queries that ask for nothing
but what the cells of a kind have in common. Everything else is read row by row, newest hour first, until it
is to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache
from typing import NamedTuple

import apsw

from otel_bridge.inspector.query import Query, Subject, matcher
from otel_bridge.inspector.query.tree import terms
from otel_bridge.inspector.store.interface import OTHER, Period, Stop
from otel_bridge.inspector.store.sqlite import finder as finding
from otel_bridge.inspector.store.sqlite import hours, rollups, rows
from otel_bridge.inspector.store.sqlite.cells import Cell
from otel_bridge.inspector.store.sqlite.finder import Finder, Scope
from otel_bridge.inspector.store.sqlite.library import File, Library
from otel_bridge.inspector.store.sqlite.rollups import Kind

_COMMON = {
    Kind.MINUTE: frozenset({"service", "status", "is"}),
    Kind.HOUR: frozenset({"service", "route", "status", "is"}),
    Kind.ENDPOINT: frozenset({"service", "route"}),
    Kind.CONSUMER: frozenset({"service"}),
    Kind.CLIENT: frozenset({"service"}),
    Kind.HOST: frozenset[str](),
}
"""What a query may ask for so that roll-ups of a kind can tell."""
_OF_ALL = {
    Kind.MINUTE: Kind.ALL_MINUTE,
    Kind.CONSUMER: Kind.ALL_CONSUMER,
    Kind.CLIENT: Kind.ALL_CLIENT,
}
_SEEN_AS = {kind: own for own, kind in _OF_ALL.items()}
_COLUMNS = (
    "started_us, service, route, status, method, route_template, path, consumer, client_address, host, "
    "duration_us, gateway_us, upstream_us, request_size, response_size"
)
_MINUTE_US = 60_000_000


class Seen(NamedTuple):
    """A cell and what it is about, from a roll-up or from one exchange."""

    kind: Kind
    start_us: int
    """Of its minute or its hour; of one exchange its own."""
    name: str
    service: str
    route: str
    status: int
    cell: Cell


class Reader:
    """What a query has in a period; for one thread."""

    def __init__(self, library: Library, query: Query, stop: Stop, *, measures: bool = True) -> None:
        """*measures*: cells are to have more than the numbers of exchanges and errors."""
        self._library = library
        self._measures = measures
        self._finder = Finder(query, stop)
        self._matches = _of_keys(query)
        self._asked = {term.field.name for term in terms(query)}
        # Of the flags only `is:error` is a matter of the status.
        self._rolled_up = all(term.field.name != "is" or str(term) == "is:error" for term in terms(query))

    def read(
        self, period: Period, kinds: Sequence[Kind], take: Callable[[Seen], None], *, step_us: int
    ) -> None:
        """Give *take* every cell of *kinds*; those of `Kind.MINUTE` never span a multiple of *step_us*.

        Raises StoreError, and apsw.InterruptError when it is to stop.
        """
        for file in self._library.hours(period):
            self._file(file, period, kinds, take, step_us)
        self._scan(self._library.pinned, period, kinds, take)

    def _file(
        self, file: File, period: Period, kinds: Sequence[Kind], take: Callable[[Seen], None], step_us: int
    ) -> None:
        assert file.hour is not None
        begin = file.hour * hours.HOUR_US
        inside = _clip(period, begin, begin + hours.HOUR_US)
        whole = inside == Period(begin, begin + hours.HOUR_US)
        able = [kind for kind in kinds if self._can_tell(kind)] if self._known(file) else []
        by_row = [kind for kind in kinds if kind not in able]
        by_hour = [kind for kind in able if kind is not Kind.MINUTE]
        if Kind.MINUTE in able:
            if whole and step_us % hours.HOUR_US == 0:
                over_hour = Kind.HOUR if self._asked else Kind.ALL_HOUR
                self._read_cells(file, [over_hour], None, take, seen_as=Kind.MINUTE)
            else:
                for edge in self._minutes(file, inside, step_us, take):
                    self._scan(file, edge, (Kind.MINUTE,), take)
        if whole:
            self._read_cells(file, by_hour, None, take)
        else:
            by_row += by_hour
        if by_row:
            self._scan(file, period, by_row, take)

    def _can_tell(self, kind: Kind) -> bool:
        return self._rolled_up and self._asked <= _COMMON[kind]

    def _minutes(
        self, file: File, inside: Period, step_us: int, take: Callable[[Seen], None]
    ) -> Iterator[Period]:
        """Read the whole minutes of *inside*; what is left is for the rows."""
        assert file.hour is not None
        assert inside.start_us is not None
        assert inside.end_us is not None
        if step_us % _MINUTE_US:
            yield inside
            return
        begin = file.hour * hours.HOUR_US
        first = -(-(inside.start_us - begin) // _MINUTE_US)
        last = (inside.end_us - begin) // _MINUTE_US
        if first >= last:
            yield inside
            return
        self._read_cells(file, (Kind.MINUTE,), range(first, last), take)
        for edge in (
            Period(inside.start_us, begin + first * _MINUTE_US),
            Period(begin + last * _MINUTE_US, inside.end_us),
        ):
            if edge.start_us != edge.end_us:
                yield edge

    def _known(self, file: File) -> bool:
        """Whether the file's roll-ups tell its services and routes apart, if that matters."""
        if not self._asked or not self._rolled_up:
            return True
        sql = "SELECT 1 FROM rollup WHERE kind = ? AND service = ? LIMIT 1"
        return not self._library.read(
            file, lambda db: db.execute(sql, (Kind.MINUTE, OTHER)).get, self._finder.stop
        )

    def _read_cells(
        self,
        file: File,
        kinds: Sequence[Kind],
        minutes: range | None,
        take: Callable[[Seen], None],
        seen_as: Kind | None = None,
    ) -> None:
        assert file.hour is not None
        begin = file.hour * hours.HOUR_US
        matches = self._matches
        everything = not self._asked
        if everything:
            kinds = [_OF_ALL.get(kind, kind) for kind in kinds]
        measures = self._measures

        def look(db: apsw.Connection) -> None:
            for (kind, minute, service, route, name, status), cell in rollups.read(
                db, kinds, minutes, measures=measures
            ):
                if everything or matches(service, route, status):
                    start_us = begin + max(minute, 0) * _MINUTE_US
                    take(
                        Seen(
                            _SEEN_AS.get(kind, kind) if seen_as is None else seen_as,
                            start_us,
                            name,
                            service,
                            route,
                            status,
                            cell,
                        )
                    )

        self._library.read(file, look, self._finder.stop)

    def _scan(self, file: File, period: Period, kinds: Sequence[Kind], take: Callable[[Seen], None]) -> None:
        def look(db: apsw.Connection) -> None:
            for found in self._finder.find(db, Scope(file.hour, period), _COLUMNS):
                started_us, service, route, status, method, template, path, consumer, client, host, *rest = (
                    found.values
                )
                names = {
                    Kind.MINUTE: "",
                    Kind.HOUR: "",
                    Kind.ENDPOINT: rollups.endpoint(method, template, path),
                    Kind.CONSUMER: consumer,
                    Kind.CLIENT: client,
                    Kind.HOST: host,
                }
                cell = Cell.of(status, *rest)
                for kind in kinds:
                    take(Seen(kind, started_us, names[kind], service, route, status, cell))

        self._library.read(file, look, self._finder.stop)


def _clip(period: Period, start_us: int, end_us: int) -> Period:
    return Period(
        start_us if period.start_us is None else max(start_us, period.start_us),
        end_us if period.end_us is None else min(end_us, period.end_us),
    )


def _of_keys(query: Query) -> Callable[[str, str, int], bool]:
    """The query as a test of service, route and status."""
    matches = matcher(query)

    @cache
    def test(service: str, route: str, status: int) -> bool:
        exchange = finding.light(b"", 0, 0, None, None, *_BLANK)
        return matches(Subject(exchange._replace(service=service, route=route, status=status)))

    return test


_BLANK = (*("" for _ in rows.TEXTS), *(0 for _ in rows.NUMBERS))
