"""Histogram, facets, values and the dashboard, from what `aggregates` reads."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter

import apsw

from otel_bridge.inspector.query import All, Query
from otel_bridge.inspector.store.interface import (
    FACETS,
    OTHER,
    Bar,
    Count,
    Dashboard,
    Endpoint,
    Facet,
    Facets,
    Histogram,
    Party,
    Period,
    Point,
    Stop,
    StoreError,
    never,
)
from otel_bridge.inspector.store.sqlite import cells, latency, steps
from otel_bridge.inspector.store.sqlite.aggregates import Reader, Take
from otel_bridge.inspector.store.sqlite.cells import Cell
from otel_bridge.inspector.store.sqlite.library import Library
from otel_bridge.inspector.store.sqlite.rollups import Counted, Kind, Measured

_KIND_OF = {
    "status": Kind.HOUR,
    "service": Kind.HOUR,
    "route": Kind.HOUR,
    "method": Kind.ENDPOINT,
    "consumer": Kind.CONSUMER,
    "host": Kind.HOST,
}
_VALUE_OF: dict[str, Callable[[Counted], str]] = {
    "status": lambda found: str(found[4]),
    "service": itemgetter(2),
    "route": itemgetter(3),
    "method": lambda found: OTHER if found[1] == OTHER else found[1].partition(" ")[0],
    "consumer": itemgetter(1),
    "host": itemgetter(1),
}
_HOUR_US = 3_600_000_000
_RECENT_HOURS = 24


def histogram(library: Library, query: Query, period: Period, *, bars: int, stop: Stop) -> Histogram:
    """*period* is bounded."""
    step_us = steps.step(period, bars)
    classes = dict.fromkeys(steps.starts(period, step_us), 0)

    def count(_: Kind, found: Iterable[Counted]) -> None:
        for each in found:
            start_us, status, exchanges = each[0], each[4], each[5]
            classes[start_us // step_us * step_us] += cells.classes_of(status, exchanges)

    complete = _read(Reader(library, query, stop), period, (Kind.MINUTE,), Take(count), step_us)
    found = [Bar(start_us, cells.unpack_classes(packed)) for start_us, packed in classes.items()]
    return Histogram(found, step_us, complete)


def facets(
    library: Library, query: Query, period: Period, fields: Sequence[str], *, top: int, stop: Stop
) -> Facets:
    if unknown := set(fields).difference(FACETS):
        raise StoreError(f"{', '.join(sorted(unknown))} can't be listed, only {', '.join(FACETS)}")
    counts = {field: Counter[str]() for field in fields}

    def count(kind: Kind, found: Iterable[Counted]) -> None:
        several = list(found)
        for field, counter in counts.items():
            if _KIND_OF[field] is kind:
                value_of = _VALUE_OF[field]
                for each in several:
                    counter[value_of(each)] += each[5]

    kinds = tuple(dict.fromkeys(_KIND_OF[field] for field in fields))
    complete = _read(Reader(library, query, stop), period, kinds, Take(count), _HOUR_US)
    return Facets({field: _facet(counter, top) for field, counter in counts.items()}, complete)


def values(library: Library, field: str, prefix: str, *, limit: int) -> list[Count]:
    """From the roll-ups of the newest hours."""
    newest = library.hours()[:_RECENT_HOURS]
    if not newest:
        return []
    assert newest[-1].hour is not None
    recent = Period(newest[-1].hour * _HOUR_US, None)
    counts = facets(library, All(), recent, (field,), top=1 << 30, stop=never).fields[field].values
    start = prefix.casefold()
    return [count for count in counts if count.value and count.value.casefold().startswith(start)][:limit]


def dashboard(
    library: Library, query: Query, period: Period, *, points: int, top: int, stop: Stop
) -> Dashboard:
    """*period* is bounded."""
    assert period.start_us is not None
    assert period.end_us is not None
    step_us = steps.step(period, points)
    over_time = {start: Cell() for start in steps.starts(period, step_us)}
    endpoints: defaultdict[tuple[str, str], Cell] = defaultdict(Cell)
    consumers: defaultdict[str, Cell] = defaultdict(Cell)
    clients: defaultdict[str, Cell] = defaultdict(Cell)
    before = Cell()

    def count(kind: Kind, found: Iterable[Counted]) -> None:
        parties = consumers if kind is Kind.CONSUMER else clients
        for _, name, *_, exchanges, errors in found:
            party = parties[name]
            party.count += exchanges
            party.errors += errors

    def measure(kind: Kind, found: Iterable[Measured]) -> None:
        for start_us, name, service, _, _, cell in found:
            if kind is Kind.MINUTE:
                over_time[start_us // step_us * step_us].add(cell)
            else:
                endpoints[service, name].add(cell)

    def measure_before(_: Kind, found: Iterable[Measured]) -> None:
        for each in found:
            before.add(each[-1])

    reader = Reader(library, query, stop)
    kinds = (Kind.MINUTE, Kind.ENDPOINT, Kind.CONSUMER, Kind.CLIENT)
    earlier = Period(2 * period.start_us - period.end_us, period.start_us)
    complete = _read(reader, period, kinds, Take(count, measure), step_us) and _read(
        reader, earlier, (Kind.MINUTE,), Take(count, measure_before), _HOUR_US
    )
    now = Cell()
    for cell in over_time.values():
        now.add(cell)
    ranked = [_endpoint(service, name, cell) for (service, name), cell in endpoints.items()]
    return Dashboard(
        now=now.figures(),
        before=before.figures(),
        points=[Point(start, cell.figures()) for start, cell in over_time.items()],
        step_us=step_us,
        busiest=_top(ranked, lambda each: each.exchanges, top),
        slowest=_top(ranked, lambda each: each.p95_us or 0, top),
        failing=_top(ranked, lambda each: each.errors, top),
        consumers=_parties(consumers, top),
        clients=_parties(clients, top),
        complete=complete,
    )


def _read(reader: Reader, period: Period, kinds: Sequence[Kind], take: Take, step_us: int) -> bool:
    """Whether it was read to the end."""
    try:
        reader.read(period, kinds, take, step_us=step_us)
    except apsw.InterruptError:
        return False
    return True


def _facet(counter: Counter[str], top: int) -> Facet:
    others = counter.pop(OTHER, 0)
    ranked = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    others += sum(number for _, number in ranked[top:])
    return Facet([Count(value, number) for value, number in ranked[:top]], others)


def _endpoint(service: str, name: str, cell: Cell) -> Endpoint:
    method, _, path = name.partition(" ")
    (p95_us,) = latency.percentiles(cell.latency, (0.95,))
    return Endpoint(
        service,
        "" if name == OTHER else method,
        path or name,
        cell.count,
        cell.errors,
        cell.mean_us(),
        p95_us,
    )


def _top(ranked: Iterable[Endpoint], measure: Callable[[Endpoint], int], top: int) -> list[Endpoint]:
    able = [endpoint for endpoint in ranked if measure(endpoint)]
    return sorted(able, key=lambda endpoint: (-measure(endpoint), endpoint[:3]))[:top]


def _parties(found: dict[str, Cell], top: int) -> list[Party]:
    busiest = sorted(found.items(), key=lambda item: (-item[1].count, item[0]))[:top]
    return [Party(name, cell.count, cell.errors) for name, cell in busiest]
