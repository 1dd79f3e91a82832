"""The store as others see it: `interface.Store`."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import apsw

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query import Query
from otel_bridge.inspector.store.interface import (
    EVER,
    Appended,
    Count,
    Dashboard,
    Facets,
    Held,
    Histogram,
    Kept,
    Page,
    Period,
    Position,
    Receipt,
    Stop,
    StoreFullError,
    never,
)
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import (
    dashboard,
    eraser,
    finder,
    holdings,
    hours,
    pins,
    schema,
    search,
)
from otel_bridge.inspector.store.sqlite.content import Packer
from otel_bridge.inspector.store.sqlite.library import Library
from otel_bridge.inspector.store.sqlite.retention import Keeper
from otel_bridge.inspector.store.sqlite.writer import Writer

_HOUR_US = 3_600_000_000
_ID_BYTES = 16
# How much may be added before sizes are looked at again: listing a directory is not for every batch.
_CHECK_EVERY = 2000


class SqliteStore:
    """Files in one directory. With a *retention* it owns them: one process may, and only it appends."""

    def __init__(
        self,
        directory: Path,
        *,
        retention: Retention | None = None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        """*clock* gives Unix microseconds. Raises StoreError: a later version's file among them too."""
        self._library = Library(directory, owner=retention is not None)
        self._retention = retention
        self._keeper = Keeper(self._library, retention) if retention else None
        self._writer = Writer(self._library)
        self._clock = clock
        self._unchecked = _CHECK_EVERY
        for file in self._library.hours():
            self._library.read(file, schema.version)

    def append(self, exchanges: Sequence[Exchange]) -> Appended:
        with self._library.changing:
            self._check(len(exchanges))
            try:
                return self._writer.append(exchanges)
            except StoreFullError:
                self._unchecked = _CHECK_EVERY
                raise

    def tidy(self) -> None:
        """What retention has to do now and then, in a thread that may wait. Raises StoreError."""
        if self._keeper is not None:
            self._keeper.tidy(self._clock())

    def search(
        self,
        query: Query,
        period: Period = EVER,
        *,
        before: Position | None = None,
        limit: int = 50,
        stop: Stop = never,
    ) -> Page:
        return search.search(self._library, query, period, before=before, limit=limit, stop=stop)

    def get(self, exchange_id: str) -> Kept | None:
        identity = _identity(exchange_id)
        if identity is None:
            return None

        def read(db: apsw.Connection) -> tuple[Exchange, bool] | None:
            row: int | None = db.execute("SELECT row FROM exchange WHERE id = ?", (identity,)).get
            return None if row is None else finder.read(db, row, Packer())

        for file in (self._library.file(hours.hour_of_id(identity)), self._library.pinned):
            if found := self._library.read(file, read):
                return Kept(*found)
        return None

    def histogram(self, query: Query, period: Period, *, bars: int = 60, stop: Stop = never) -> Histogram:
        bounded = self._bounded(period)
        if bounded is None:
            return Histogram([], 0, complete=True)
        return dashboard.histogram(self._library, query, bounded, bars=bars, stop=stop)

    def facets(
        self, query: Query, period: Period, fields: Sequence[str], *, top: int = 10, stop: Stop = never
    ) -> Facets:
        return dashboard.facets(self._library, query, period, fields, top=top, stop=stop)

    def dashboard(
        self, query: Query, period: Period, *, points: int = 60, top: int = 10, stop: Stop = never
    ) -> Dashboard:
        now_us = self._clock()
        bounded = self._bounded(period) or Period(now_us - _HOUR_US, now_us)
        return dashboard.dashboard(self._library, query, bounded, points=points, top=top, stop=stop)

    def values(self, field: str, prefix: str, *, limit: int = 20) -> Sequence[Count]:
        return dashboard.values(self._library, field, prefix, limit=limit)

    def held(self) -> Held:
        return holdings.held(self._library, self._retention)

    def drop(self, query: Query, period: Period, *, dry_run: bool) -> Receipt:
        return eraser.drop(self._library, query, period, dry_run=dry_run)

    def pin(self, exchange_id: str, pinned: bool) -> bool:
        identity = _identity(exchange_id)
        if identity is None:
            return False
        files = (self._library.file(hours.hour_of_id(identity)), self._library.pinned)
        found = [pins.pin(self._library, file, identity, pinned) for file in files]
        return any(found)

    def close(self) -> None:
        with self._library.changing:
            self._writer.close()
            self._library.readers.close()

    def _check(self, coming: int) -> None:
        self._unchecked += coming
        if self._keeper is not None and self._unchecked > _CHECK_EVERY:
            self._keeper.check()
            self._unchecked = 0

    def _bounded(self, period: Period) -> Period | None:
        """*period* with both bounds; None where there is nothing to take them from."""
        start_us, end_us = period
        if start_us is None or end_us is None:
            newest_first = self._library.hours()
            hours_held = [file.hour for file in newest_first if file.hour is not None]
            if not hours_held:
                return None
            start_us = hours_held[-1] * _HOUR_US if start_us is None else start_us
            end_us = (hours_held[0] + 1) * _HOUR_US if end_us is None else end_us
        return Period(start_us, end_us) if start_us < end_us else None


def _identity(exchange_id: str) -> bytes | None:
    try:
        found = bytes.fromhex(exchange_id.replace("-", ""))
    except ValueError:
        return None
    return found if len(found) == _ID_BYTES else None
