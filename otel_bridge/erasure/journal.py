"""Erasing from the journal's records: the exchanges, and what their traces left in whichever record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from otel_bridge.erasure.cutting import cut
from otel_bridge.erasure.receipt import NOTHING, Erased, added
from otel_bridge.erasure.selection import Selected, Selection
from otel_bridge.journal import Signal, rewriting

Places = dict[Path, dict[int, list[Selected]]]
"""By segment and seq."""


class Outcome(NamedTuple):
    erased: Erased
    undelivered: Counter[str]


def erase(directory: Path, selection: Selection, *, dry_run: bool) -> Outcome:
    """Take what *selection* means out of the segments in *directory*, all sealed unless it is a dry run.

    Raises JournalError; what was erased until then stays erased.
    """
    cursors = rewriting.cursors_in(directory)
    places = {path: _select(path, selection) for path in rewriting.paths(directory)}
    erased, undelivered = NOTHING, Counter[str]()
    for found in places.values():
        erased = added(erased, [each.started_us for some in found.values() for each in some])
        for seq, some in found.items():
            undelivered.update({name: len(some) for name, cursor in cursors.items() if seq > cursor})
    if not dry_run and erased.exchanges:
        _rewrite(places)
    return Outcome(erased, undelivered)


def _select(path: Path, selection: Selection) -> dict[int, list[Selected]]:
    found = {}
    for record in rewriting.records(path):
        if record.signal is Signal.TRACES:
            some = selection.of(record.body, received_ns=record.received_ns)
            if some:
                found[record.seq] = some
    return found


def _rewrite(places: Places) -> None:
    traces = {each.trace_id for found in places.values() for some in found.values() for each in some}
    for path, found in places.items():
        bodies = {}
        for record in rewriting.records(path):
            body = cut(record.body, {each.span for each in found.get(record.seq, ())}, traces)
            if body is not None:
                bodies[record.seq] = body
        if bodies:
            rewriting.replace(path, bodies)
