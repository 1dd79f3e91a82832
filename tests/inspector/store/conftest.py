"""Stores in temporary directories."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from otel_bridge.inspector.exchange import Exchange, exchange_id
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import SqliteStore
from tests.inspector.strategies import STARTED_US, an_exchange

HOUR_US = 3_600_000_000
GIB = 1 << 30
WEEK_S = 7 * 86400.0


class Clock:
    """Unix microseconds that stand still."""

    def __init__(self) -> None:
        self.now_us = STARTED_US + HOUR_US

    def __call__(self) -> int:
        return self.now_us


def retention(**changes: Any) -> Retention:
    plain: dict[str, Any] = {"age": WEEK_S, "size": 10 * GIB, "bodies": WEEK_S, "min_free": 0}
    return Retention(**{**plain, **changes})


def kept(number: int = 0, **changes: Any) -> Exchange:
    """An exchange with an id of its own for each *number*, that fits its time."""
    exchange = an_exchange(**changes)
    own = number.to_bytes(10, "big")
    return exchange._replace(id=exchange_id(exchange.started_us, trace_id="", span_id="", random=own))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def open_store(tmp_path: Path, clock: Clock) -> Iterator[Callable[..., SqliteStore]]:
    """A store on the test's directory, the owner's if nothing else is said."""
    stores: list[SqliteStore] = []

    def opened(**changes: Any) -> SqliteStore:
        stores.append(SqliteStore(tmp_path, retention=retention(**changes), clock=clock))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


@pytest.fixture
def store(open_store: Callable[..., SqliteStore]) -> SqliteStore:
    return open_store()
