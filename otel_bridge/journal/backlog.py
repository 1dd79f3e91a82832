"""How much lies behind a cursor, and which part of it is too much.

Both from the segments' running totals: no record is read, so it costs tens of microseconds.
"""

from __future__ import annotations

from typing import NamedTuple

from otel_bridge.journal.record import Cursor
from otel_bridge.journal.segment import Place, Segment
from otel_bridge.journal.segments import Segments


class Backlog(NamedTuple):
    """What a pipeline has not settled yet."""

    bytes: int
    """Sum of the records' lengths."""
    records: int
    oldest_ns: int | None
    """When the oldest of them was received."""


class Surplus(NamedTuple):
    """The oldest part of a backlog, as much of it as has to be given up."""

    cursor: Cursor
    """Behind that part."""
    records: int
    first_ns: int
    """When its first record was received, and `last_ns` its last; 0 where there is none."""
    last_ns: int


def behind(cursor: Cursor, segments: Segments) -> Backlog:
    """Everything after *cursor*. Raises JournalError."""
    unsettled = [held for held in segments.held if held.last > cursor]
    if not unsettled:
        return Backlog(0, 0, None)
    settled = 0
    if cursor >= unsettled[0].first:
        with segments.readers.use(unsettled[0]) as reader:
            settled = reader.bytes_upto(cursor)
    return Backlog(
        bytes=sum(held.bytes for held in unsettled) - settled,
        records=_records(unsettled, cursor, unsettled[-1].last),
        oldest_ns=_received_after(cursor, unsettled[0], segments),
    )


def surplus(cursor: Cursor, max_bytes: int, segments: Segments) -> Surplus:
    """The least that has to go so that no more than *max_bytes* are left behind *cursor*.

    Raises JournalError.
    """
    unsettled = [held for held in segments.held if held.last > cursor]
    place = _place_leaving(max_bytes, unsettled, segments)
    if place is None or place.seq <= cursor:
        return Surplus(cursor, 0, 0, 0)
    return Surplus(
        cursor=Cursor(place.seq),
        records=_records(unsettled, cursor, place.seq),
        first_ns=_received_after(cursor, unsettled[0], segments) or place.received_ns,
        last_ns=place.received_ns,
    )


def _place_leaving(max_bytes: int, unsettled: list[Segment], segments: Segments) -> Place | None:
    room = max_bytes
    for held in reversed(unsettled):
        if held.bytes > room:
            with segments.readers.use(held) as reader:
                return reader.reaching(held.bytes - room)
        room -= held.bytes
    return None


def _records(unsettled: list[Segment], after: int, upto: int) -> int:
    return sum(max(0, min(held.last, upto) - max(held.first - 1, after)) for held in unsettled)


def _received_after(cursor: Cursor, segment: Segment, segments: Segments) -> int | None:
    if cursor < segment.first:
        return segment.oldest_ns
    with segments.readers.use(segment) as reader:
        return reader.received_after(cursor)
