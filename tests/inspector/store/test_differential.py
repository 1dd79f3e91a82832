"""What SQL finds is what the matcher finds, row for row."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query import Query, Subject, matcher, parse
from otel_bridge.inspector.store.interface import EVER, Position
from otel_bridge.inspector.store.sqlite import SqliteStore
from otel_bridge.inspector.store.sqlite.rows import storable
from tests.inspector.store.conftest import kept, retention
from tests.inspector.strategies import STARTED_US, exchanges, queries


def _filled(directory: str, found: list[Exchange]) -> SqliteStore:
    store = SqliteStore(Path(directory), retention=retention(), clock=lambda: STARTED_US)
    store.append(
        [
            kept(number, **{name: value for name, value in exchange._asdict().items() if name != "id"})
            for number, exchange in enumerate(found)
        ]
    )
    return store


def _searched(store: SqliteStore, query: Query) -> list[str]:
    """Page by page, two at a time."""
    found: list[str] = []
    before: Position | None = None
    while True:
        page = store.search(query, before=before, limit=2)
        found += [row.id for row in page.rows]
        if page.next is None:
            return found
        before = page.next


def _matched(store: SqliteStore, query: Query) -> list[str]:
    matches = matcher(query)
    everything = [store.get(row.id) for row in store.search(parse(""), limit=1000).rows]
    return [each.exchange.id for each in everything if each and matches(Subject(each.exchange))]


@settings(max_examples=40, deadline=None)
@given(st.lists(exchanges(), min_size=1, max_size=12), st.lists(queries(), min_size=1, max_size=8))
def test_the_store_finds_what_the_matcher_matches(found: list[Exchange], asked: list[Query]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = _filled(directory, found)
        for query in asked:
            expected = _matched(store, query)

            assert expected == _searched(store, query), str(query)
            assert len(expected) == sum(sum(bar.classes) for bar in store.histogram(query, EVER).bars)
            assert len(expected) == store.drop(query, EVER, dry_run=True).exchanges
        store.close()


@settings(max_examples=25, deadline=None)
@given(st.lists(exchanges(), min_size=1, max_size=12))
def test_an_exchange_comes_back_as_it_went_in(found: list[Exchange]) -> None:
    with tempfile.TemporaryDirectory() as directory:
        store = _filled(directory, found)
        for number, exchange in enumerate(found):
            identity = kept(number, started_us=exchange.started_us).id
            back = store.get(identity)

            assert back is not None
            assert storable(exchange._replace(id=identity, spans=[])) == back.exchange
        store.close()
