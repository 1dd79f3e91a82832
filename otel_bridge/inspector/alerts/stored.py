"""What a store knows of what a rule counts, oldest first, for a bounded amount of work.

A few exchanges are read as rows: then each one's time and group are known. Many that make no groups are
counted by the store itself, in bars as fine as the rule's slots. Of many that do the newest are read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from otel_bridge.inspector.alerts.counts import MATCH, OTHER, packed
from otel_bridge.inspector.alerts.grouping import cleaned, field_of, grouping
from otel_bridge.inspector.alerts.rule import Rule, Share
from otel_bridge.inspector.alerts.window import Scale
from otel_bridge.inspector.query import All, Query, Subject, parse
from otel_bridge.inspector.store.interface import Period, Row, Stop, Store

MOST_ROWS = 20_000
MOST_READ = 2_000
"""Exchanges read whole, for groups that rows don't tell."""

_PAGE = 1_000
_SECOND = 1_000_000
# What is counted in one go: who has to stop has the last hours at least.
_HOUR = 3600 * _SECOND
# Lengths that bars of a store can have, in seconds; parts of an hour.
_STEPS = (600, 300, 120, 60, 30, 10, 5, 2, 1)


class Counted(NamedTuple):
    at_us: int
    """When the exchange began; of several, the begin of the slot's part in which all of them did."""
    group: str
    counts: int
    """Packed, as in `counts.py`."""


class Stored(NamedTuple):
    counted: list[Counted]
    """Oldest first."""
    since_us: int
    """What was before is not known."""
    complete: bool


class Span(NamedTuple):
    """A `Period` with both bounds."""

    start_us: int
    end_us: int


def stored(store: Store, rule: Rule, scale: Scale, span: Span, *, stop: Stop) -> Stored:
    """What *rule*, whose query and group can be read, counts of *span*. Raises StoreError."""
    step_us = None if rule.per else _step_us(scale)
    if step_us is not None and _are_many(store, rule, span, stop):
        return _by_bars(store, rule, span, step_us, stop)
    return _by_rows(store, rule, span, stop)


def _step_us(scale: Scale) -> int | None:
    """The longest bars that slots can be made of; None if their ends lie within seconds."""
    slot_us, rest = divmod(scale.window_us, scale.width)
    fitting = (step for step in _STEPS if rest == 0 and slot_us % (step * _SECOND) == 0)
    step = next(fitting, None)
    return None if step is None else step * _SECOND


def _are_many(store: Store, rule: Rule, span: Span, stop: Stop) -> bool:
    histogram = store.histogram(_counted_by(rule), Period(*span), bars=1, stop=stop)
    return sum(sum(bar.classes) for bar in histogram.bars) > MOST_ROWS


def _is_share(rule: Rule) -> bool:
    return isinstance(rule.condition, Share)


def _counted_by(rule: Rule) -> Query:
    """What finds all that is counted, matching or not."""
    return All() if _is_share(rule) else parse(rule.query)


def _by_bars(store: Store, rule: Rule, span: Span, step_us: int, stop: Stop) -> Stored:
    counted: list[Counted] = []
    since_us = span.end_us
    for part in _parts(span):
        totals = _bars(store, _counted_by(rule), part, step_us, stop)
        matches = _bars(store, parse(rule.query), part, step_us, stop) if _is_share(rule) else totals
        if totals is None or matches is None:
            break
        counted += (
            Counted(max(start_us, span.start_us), "", packed(matches.get(start_us, 0), total))
            for start_us, total in totals.items()
        )
        since_us = part.start_us
    return Stored(sorted(counted), since_us, complete=since_us == span.start_us)


def _parts(span: Span) -> Iterator[Span]:
    """*span* by the hour, newest first."""
    for start_us in reversed(range(span.start_us // _HOUR * _HOUR, span.end_us, _HOUR)):
        yield Span(max(start_us, span.start_us), min(start_us + _HOUR, span.end_us))


def _bars(store: Store, query: Query, part: Span, step_us: int, stop: Stop) -> Mapping[int, int] | None:
    """Exchanges by the begin of a bar, without empty ones; None if there was no time."""
    most = -(-part.end_us // step_us) - part.start_us // step_us
    histogram = store.histogram(query, Period(*part), bars=most, stop=stop)
    if not histogram.complete:
        return None
    sums = ((bar.start_us, sum(bar.classes)) for bar in histogram.bars)
    return {start_us: exchanges for start_us, exchanges in sums if exchanges}


def _by_rows(store: Store, rule: Rule, span: Span, stop: Stop) -> Stored:
    rows = matching = _Rows(store, parse(rule.query), span, stop)
    matches = None
    if _is_share(rule):
        matches = {row.position for row in matching}
        rows = _Rows(store, All(), span, stop)
    group_of = _GroupOf(store, rule.per)
    counted = []
    for row in rows:
        group = group_of(row)
        if group is None:
            break
        counts = MATCH if matches is None or row.position in matches else OTHER
        counted.append(Counted(row.started_us, group, counts))
    complete = rows.complete and matching.complete
    since_us = span.start_us if complete else min((each.at_us for each in counted), default=span.end_us)
    return Stored(sorted(counted), since_us, complete)


class _Rows:
    """Rows of a query, newest first, `MOST_ROWS` of them at most."""

    def __init__(self, store: Store, query: Query, span: Span, stop: Stop) -> None:
        self._store = store
        self._query = query
        self._period = Period(*span)
        self._stop = stop
        self.complete = False
        """Once they are through: there are no others."""

    def __iter__(self) -> Iterator[Row]:
        before, left = None, MOST_ROWS
        while left > 0:
            page = self._store.search(
                self._query, self._period, before=before, limit=min(left, _PAGE), stop=self._stop
            )
            yield from page.rows
            left, before = left - len(page.rows), page.next
            if before is None or not page.complete:
                self.complete = page.complete
                return


def _api(row: Row) -> str | None:
    return "/".join(filter(None, (row.service, row.route))) or None


_OF_ROW: dict[str, Callable[[Row], str | None]] = {
    "service": lambda row: row.service,
    "route": lambda row: row.route,
    "consumer": lambda row: row.consumer,
    "host": lambda row: row.host,
    "path": lambda row: row.path,
    "status": lambda row: str(row.status),
    "method": lambda row: row.method,
    "api": _api,
    "ip": lambda row: row.client_address,
    "source": lambda row: row.source,
}
"""None where the row alone does not tell."""


class _GroupOf:
    """Reads groups, `MOST_READ` of them from whole exchanges."""

    def __init__(self, store: Store, per: str) -> None:
        self._store = store
        self._of_exchange = grouping(per)
        self._of_row = _OF_ROW.get(field_of(per)[0].name) if per else _no_group
        self._left = MOST_READ

    def __call__(self, row: Row) -> str | None:
        """None: no more can be read. What retention took meanwhile has no value."""
        group = self._of_row(row) if self._of_row else None
        if group is not None:
            return cleaned(group)
        if self._left == 0:
            return None
        self._left -= 1
        kept = self._store.get(row.id)
        return self._of_exchange(Subject(kept.exchange)) if kept else ""


def _no_group(_: Row) -> str:
    return ""
