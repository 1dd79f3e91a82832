"""What is counted against the bound on memory is what is really taken, for the smallest exchanges too."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Iterator

import pytest

from otel_bridge.delivery import API_MEMORY, ENTRY_MEMORY, Entry
from otel_bridge.delivery.lanes import Lanes
from otel_bridge.journal import Cursor
from otel_bridge.mapping import Api, SpanAddress
from otel_bridge.pipeline.buffers import Buffers
from otel_bridge.pipeline.letters import Origin

DATA = 300
COUNT = 10_000


def entry(number: int) -> Entry:
    record = 1_000_000 + number // 40
    return Entry(bytes(DATA), Origin(record, Cursor(record * 7), SpanAddress(1000, 1000, 1000 + number)))


@pytest.fixture
def traced() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    yield
    tracemalloc.stop()


def taken() -> int:
    return tracemalloc.get_traced_memory()[0]


def is_fair(counted: int, really: int) -> bool:
    """Rather too much than too little."""
    return really <= 1.1 * counted and counted <= 2 * really


@pytest.mark.parametrize("apis", [1, COUNT])
def test_of_unflushed_exchanges(apis: int, traced: None) -> None:
    buffers = Buffers(queue_size=COUNT + 1, flush_timeout=2.0, max_payload=10**9)
    before = taken()
    for number in range(COUNT):
        assert not list(buffers.add(Api("service", f"api {number % apis}"), entry(number), 0.0))

    assert is_fair(buffers.memory, taken() - before)


@pytest.mark.parametrize("apis", [1, COUNT])
def test_of_queued_exchanges(apis: int, traced: None) -> None:
    lanes = Lanes(max_entries=100, max_bytes=lambda: 10**6)
    before = taken()
    for number in range(COUNT):
        lanes.add(Api("service", f"api {number % apis}"), [entry(number)])
    counted = COUNT * (DATA + ENTRY_MEMORY) + len(lanes) * API_MEMORY

    assert is_fair(counted, taken() - before)
