"""Figures over time and by who and what: from roll-ups where they can tell, else from the rows.

Roll-ups tell about whole hours (and, for figures over time, whole minutes), of queries that ask for nothing
but what the cells of a kind have in common. Everything else is read row by row, newest hour first, until it
is to stop.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

import apsw

from otel_bridge.inspector.query import Query, Subject, matcher
from otel_bridge.inspector.query.tree import terms
from otel_bridge.inspector.store.interface import OTHER, Period, Stop
from otel_bridge.inspector.store.sqlite import finder as finding
from otel_bridge.inspector.store.sqlite import hours, rollups, rows
from otel_bridge.inspector.store.sqlite.cells import Cell, is_error
from otel_bridge.inspector.store.sqlite.finder import Finder, Scope
from otel_bridge.inspector.store.sqlite.library import File, Library
from otel_bridge.inspector.store.sqlite.rollups import PARTIES, Counted, Kind, Measured, Select

_OF_PAIR = frozenset({"service", "route", "status", "is"})
_OF_NAME = frozenset({"endpoint", "method"})
_COMMON = {
    Kind.ALL_MINUTE: frozenset[str](),
    Kind.MINUTE: frozenset({"service", "status", "is"}),
    Kind.ALL_HOUR: frozenset[str](),
    Kind.HOUR: _OF_PAIR,
    Kind.ALL_ENDPOINT: frozenset({"service"}) | _OF_NAME,
    Kind.ENDPOINT: _OF_PAIR | _OF_NAME,
    Kind.ALL_CONSUMER: frozenset[str](),
    Kind.CONSUMER: frozenset({"service"}),
    Kind.ALL_CLIENT: frozenset[str](),
    Kind.CLIENT: frozenset({"service"}),
    Kind.HOST: frozenset[str](),
}
"""What a query may ask for so that roll-ups of a kind can tell."""
_OF_MINUTE = (Kind.ALL_MINUTE, Kind.MINUTE)
_OF_HOUR = {
    Kind.MINUTE: (Kind.ALL_HOUR, Kind.HOUR, Kind.ENDPOINT),
    Kind.HOUR: (Kind.HOUR, Kind.ENDPOINT),
    Kind.ENDPOINT: (Kind.ALL_ENDPOINT, Kind.ENDPOINT),
    Kind.CONSUMER: (Kind.ALL_CONSUMER, Kind.CONSUMER),
    Kind.CLIENT: (Kind.ALL_CLIENT, Kind.CLIENT),
    Kind.HOST: (Kind.HOST,),
}
"""What tells about a whole hour, fewest cells first."""
_COLUMNS = "started_us, service, route, status, method, route_template, path, consumer, client_address, host"
_PLACES = 10
_MEASURES = "duration_us, gateway_us, upstream_us, request_size, response_size"
_MINUTE_US = 60_000_000
# What a stopped reading leaves out at most, of what it has found.
_AT_ONCE = 100

_Cells = TypeVar("_Cells", Counted, Measured)


class Take(NamedTuple):
    """Who wants to know, and how much. Both are called many times for a kind."""

    counts: Callable[[Kind, Iterable[Counted]], None]
    measures: Callable[[Kind, Iterable[Measured]], None] | None = None
    """For all but `PARTIES`, instead of `counts`."""

    def is_measured(self, kind: Kind) -> bool:
        return self.measures is not None and kind not in PARTIES


class Reader:
    """What a query has in a period; for one thread."""

    def __init__(self, library: Library, query: Query, stop: Stop) -> None:
        self._library = library
        self._finder = Finder(query, stop)
        self._matches = _of_keys(query)
        self._asked = {term.field.name for term in terms(query)}
        # Of the flags only `is:error` is a matter of the status.
        self._rolled_up = all(term.field.name != "is" or str(term) == "is:error" for term in terms(query))

    def read(self, period: Period, kinds: Sequence[Kind], take: Take, *, step_us: int) -> None:
        """Give *take* all of *kinds*, of which `Kind.MINUTE` is never about more than one step of *step_us*.

        Raises StoreError, and apsw.InterruptError when it is to stop.
        """
        for file in self._library.hours(period):
            self._file(file, period, kinds, take, step_us)
        self._scan(self._library.pinned, period, kinds, take)

    def _file(self, file: File, period: Period, kinds: Sequence[Kind], take: Take, step_us: int) -> None:
        assert file.hour is not None
        begin = file.hour * hours.HOUR_US
        inside = _clip(period, begin, begin + hours.HOUR_US)
        whole = inside == Period(begin, begin + hours.HOUR_US)
        by_row = []
        for kind in kinds:
            by_minute = kind is Kind.MINUTE and not (whole and step_us % hours.HOUR_US == 0)
            source = self._source(file, _OF_MINUTE if by_minute else _OF_HOUR[kind])
            if source is None or not (whole or by_minute):
                by_row.append(kind)
            elif by_minute:
                for edge in self._minutes(file, source, inside, step_us, take):
                    self._scan(file, edge, (kind,), take)
            else:
                self._read_cells(file, source, None, take, kind)
        if by_row:
            self._scan(file, period, by_row, take)

    def _source(self, file: File, sources: Sequence[Kind]) -> Kind | None:
        """The first of *sources* that can tell what is asked about *file*."""
        if self._rolled_up:
            for source in sources:
                if self._asked <= _COMMON[source]:
                    return source if self._tells_apart(file) else None
        return None

    def _minutes(
        self, file: File, source: Kind, inside: Period, step_us: int, take: Take
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
        self._read_cells(file, source, range(first, last), take, Kind.MINUTE)
        for edge in (
            Period(inside.start_us, begin + first * _MINUTE_US),
            Period(begin + last * _MINUTE_US, inside.end_us),
        ):
            if edge.start_us != edge.end_us:
                yield edge

    def _tells_apart(self, file: File) -> bool:
        """Whether none of what is asked for is among the `OTHER` of the file's roll-ups."""
        pair, name = bool(self._asked & {"service", "route"}), bool(self._asked & _OF_NAME)
        if not pair and not name:
            return True
        sql = "SELECT 1 FROM rollup WHERE kind = ? AND (? AND service = ? OR ? AND name = ?) LIMIT 1"
        values = (int(Kind.ALL_ENDPOINT), pair, OTHER, name, OTHER)
        return not self._library.read(file, lambda db: db.execute(sql, values).get, self._finder.stop)

    def _read_cells(self, file: File, source: Kind, minutes: range | None, take: Take, seen_as: Kind) -> None:
        assert file.hour is not None
        condition = self._finder.condition
        select = Select(file.hour * hours.HOUR_US, minutes, condition.where, condition.values)

        def look(db: apsw.Connection) -> None:
            if take.measures is not None and take.is_measured(seen_as):
                take.measures(seen_as, self._exactly(rollups.measures(db, source, select)))
            else:
                take.counts(seen_as, self._exactly(rollups.counts(db, source, select)))

        self._library.read(file, look, self._finder.stop)

    def _exactly(self, found: Iterable[_Cells]) -> Iterable[_Cells]:
        """What SQL could not tell, by the matcher."""
        if self._finder.exact:
            return found
        matches = self._matches
        return (each for each in found if matches(*each[1:5]))

    def _scan(self, file: File, period: Period, kinds: Sequence[Kind], take: Take) -> None:
        measured = [kind for kind in kinds if take.is_measured(kind)]
        counted = [kind for kind in kinds if kind not in measured]
        columns = f"{_COLUMNS}, {_MEASURES}" if measured else _COLUMNS

        def look(db: apsw.Connection) -> None:
            matches = self._finder.find(db, Scope(file.hour, period), columns)
            while some := [match.values for match in islice(matches, _AT_ONCE)]:
                for kind in counted:
                    take.counts(kind, [_counted(kind, values) for values in some])
                if take.measures is not None and measured:
                    cells = [Cell.of(values[3], *values[_PLACES:]) for values in some]
                    for kind in measured:
                        pairs = zip(some, cells, strict=True)
                        take.measures(kind, [(*_key(kind, values), cell) for values, cell in pairs])

        self._library.read(file, look, self._finder.stop)


def _counted(kind: Kind, values: tuple[Any, ...]) -> Counted:
    """One exchange, of which *values* are the `_COLUMNS`."""
    return (*_key(kind, values), 1, int(is_error(values[3])))


def _key(kind: Kind, values: tuple[Any, ...]) -> tuple[int, str, str, str, int]:
    started_us, service, route, status = values[:4]
    return started_us, _NAMES[kind](values), service, route, status


def _clip(period: Period, start_us: int, end_us: int) -> Period:
    return Period(
        start_us if period.start_us is None else max(start_us, period.start_us),
        end_us if period.end_us is None else min(end_us, period.end_us),
    )


def _of_keys(query: Query) -> Callable[[str, str, str, int], bool]:
    """The query as a test of a cell's name, service, route and status."""
    matches = matcher(query)

    @cache
    def test(name: str, service: str, route: str, status: int) -> bool:
        method, _, path = name.partition(" ")
        exchange = finding.light(b"", 0, 0, None, None, *_BLANK)
        return matches(
            Subject(exchange._replace(method=method, path=path, service=service, route=route, status=status))
        )

    return test


_BLANK = (*("" for _ in rows.TEXTS), *(0 for _ in rows.NUMBERS))
_NAMES: dict[Kind, Callable[[tuple[Any, ...]], str]] = {
    Kind.MINUTE: lambda _: "",
    Kind.HOUR: lambda _: "",
    Kind.ENDPOINT: lambda values: rollups.endpoint(*values[4:7]),
    Kind.CONSUMER: itemgetter(7),
    Kind.CLIENT: itemgetter(8),
    Kind.HOST: itemgetter(9),
}
"""Of the `_COLUMNS` of an exchange."""
