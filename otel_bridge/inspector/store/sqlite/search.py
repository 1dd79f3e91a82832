"""Pages of a search over all files, newest first."""

from __future__ import annotations

import apsw

from otel_bridge.inspector.query import Query
from otel_bridge.inspector.store.interface import Page, Period, Position, Row, Stop
from otel_bridge.inspector.store.sqlite import hours, rows
from otel_bridge.inspector.store.sqlite.finder import Finder, Scope
from otel_bridge.inspector.store.sqlite.library import File, Library


def search(
    library: Library, query: Query, period: Period, *, before: Position | None, limit: int, stop: Stop
) -> Page:
    """As the store's. Raises StoreError."""
    found: list[Row] = []
    finder = Finder(query, stop)
    # One more than asked for tells whether there is more.
    wanted = limit + 1
    pinned: list[Row] = []
    goes_on = before
    try:
        _collect(library, library.pinned, finder, Scope(None, period, before), pinned, wanted)
        for file in _older(library.hours(period), before):
            assert file.hour is not None
            scope = Scope(file.hour, period, None if before is None else max(before - file.base, 0))
            _collect(library, file, finder, scope, found, wanted - len(found))
            goes_on = file.base
            if len(found) >= wanted:
                break
    except apsw.InterruptError:
        if found and (goes_on is None or found[-1].position < goes_on):
            goes_on = found[-1].position
        rows_so_far = [row for row in _merged(found, pinned) if goes_on is None or row.position >= goes_on]
        return Page(rows_so_far[:limit], _next(rows_so_far, limit, goes_on), complete=False)
    merged = _merged(found, pinned)
    page = merged[:limit]
    return Page(page, page[-1].position if len(merged) > limit and page else None, complete=True)


def _next(found: list[Row], limit: int, goes_on: Position | None) -> Position:
    """Where to go on after a stop: behind what is shown, else where the looking ended."""
    if len(found) > limit:
        return found[limit - 1].position
    return hours.BEHIND_ALL if goes_on is None else goes_on


def _collect(
    library: Library, file: File, finder: Finder, scope: Scope, found: list[Row], wanted: int
) -> None:
    def look(db: apsw.Connection) -> None:
        matches = finder.find(db, scope, rows.ROW_COLUMNS)
        for match in matches:
            found.append(rows.row_of((match.row, *match.values), file.base))
            if len(found) - already >= wanted:
                return

    already = len(found)
    library.read(file, look, finder.stop)


def _older(files: list[File], before: Position | None) -> list[File]:
    return [file for file in files if before is None or file.base < before]


def _merged(found: list[Row], pinned: list[Row]) -> list[Row]:
    """An exchange is in both while its hour is being taken away."""
    if not pinned:
        return found
    by_id = {row.id: row for row in (*found, *pinned)}
    return sorted(by_id.values(), reverse=True)
