"""Erasing from the journal's records: the exchanges, and what their traces left in whichever record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from otel_bridge.erasure.cutting import cut, cut_logs
from otel_bridge.erasure.receipt import NOTHING, Erased, added
from otel_bridge.erasure.selection import Selected, Selection
from otel_bridge.journal import Record, Signal, rewriting
from otel_bridge.mapping import SpanAddress, spot
from otel_bridge.pipeline.decoder import traces_of

Places = dict[Path, dict[int, list[Selected]]]
"""By segment and seq."""


class Outcome(NamedTuple):
    erased: Erased
    undelivered: Counter[str]


class _Told(NamedTuple):
    """The request ids of what is erased, by what tells of it: the other's account has to go as well."""

    spans: frozenset[str]
    logs: frozenset[str]

    @classmethod
    def of(cls, places: Places) -> _Told:
        every = [each for found in places.values() for some in found.values() for each in some]
        ids = [(each.request_id, each.is_log) for each in every if each.request_id]
        return cls(
            frozenset(request_id for request_id, is_log in ids if not is_log),
            frozenset(request_id for request_id, is_log in ids if is_log),
        )

    def partners(self, record: Record) -> set[SpanAddress]:
        """Where in *record* the other signal tells of the same requests."""
        wanted = self.spans if record.signal is Signal.LOGS else self.logs
        if not wanted:
            return set()
        exchanges = spot(traces_of(record)).exchanges
        return {found.span for found in exchanges if found.exchange.request_id in wanted}


def erase(directory: Path, selection: Selection, *, dry_run: bool) -> Outcome:
    """Take what *selection* means out of the segments in *directory*, all sealed unless it is a dry run.

    Raises JournalError; what was erased until then stays erased.
    """
    cursors = rewriting.cursors_in(directory)
    places = {path: _select(path, selection) for path in rewriting.paths(directory)}
    erased, undelivered = NOTHING, Counter[str]()
    told = _Told.of(places)
    for found in places.values():
        for seq, some in found.items():
            # A span and its log are one exchange.
            once = [each for each in some if not (each.is_log and each.request_id in told.spans)]
            erased = added(erased, [each.started_us for each in once])
            undelivered.update({name: len(once) for name, cursor in cursors.items() if seq > cursor})
    if not dry_run and erased.exchanges:
        _rewrite(places, told)
    return Outcome(erased, undelivered)


def _select(path: Path, selection: Selection) -> dict[int, list[Selected]]:
    found = {}
    for record in rewriting.records(path):
        some = selection.of(traces_of(record), received_ns=record.received_ns)
        if some:
            found[record.seq] = some
    return found


def _rewrite(places: Places, told: _Told) -> None:
    traces = {each.trace_id for found in places.values() for some in found.values() for each in some}
    for path, found in places.items():
        bodies = {}
        for record in rewriting.records(path):
            gone = {each.span for each in found.get(record.seq, ())} | told.partners(record)
            if record.signal is Signal.LOGS:
                body = cut_logs(record.body, gone)
            else:
                body = cut(record.body, gone, traces)
            if body is not None:
                bodies[record.seq] = body
        if bodies:
            rewriting.replace(path, bodies)
