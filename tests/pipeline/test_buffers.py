from __future__ import annotations

from collections.abc import Hashable

from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.delivery import Batch, Entry
from otel_bridge.mapping import Api
from otel_bridge.pipeline.buffers import MAX_HOST_BUFFERS, OTHER_HOSTS, Buffers

ORDERS = Api("service", "orders")
BILLING = Api("service", "billing")
ROOMY = 20 * 1024 * 1024


def buffers(*, queue_size: int = 1000, flush_timeout: float = 2.0, room: int = ROOMY) -> Buffers:
    return Buffers(queue_size=queue_size, flush_timeout=flush_timeout, max_payload=room)


def entry(n: int, size: int = 10) -> Entry:
    return Entry(b"x" * size, n)


def origins(batches: list[Batch]) -> list[list[object]]:
    return [[one.origin for one in batch.entries] for batch in batches]


def test_a_buffer_flushes_at_queue_size_and_starts_anew() -> None:
    waiting = buffers(queue_size=2)

    flushed = [batch for n in range(5) for batch in waiting.add(ORDERS, entry(n), now=0)]

    assert [[0, 1], [2, 3]] == origins(flushed)
    assert waiting.entries == 1


def test_a_buffer_flushes_after_flush_timeout_without_a_new_entry() -> None:
    waiting = buffers(flush_timeout=2)
    for n, now in enumerate((0.0, 1.5, 3.0)):
        assert not list(waiting.due(now))
        assert not list(waiting.add(ORDERS, entry(n), now))

    assert not list(waiting.due(4.9))
    assert [[0, 1, 2]] == origins(list(waiting.due(5.0)))
    assert waiting.next_due() is None


def test_steady_traffic_flushes_once_its_oldest_entry_has_waited_five_timeouts() -> None:
    waiting = buffers(flush_timeout=2)
    flushed: list[tuple[int, Batch]] = []
    for second in range(25):
        flushed += [(second, batch) for batch in waiting.due(second)]
        list(waiting.add(ORDERS, entry(second), now=second))

    assert [10, 20] == [second for second, _ in flushed]


def test_apis_do_not_share_a_buffer() -> None:
    waiting = buffers(queue_size=2)

    flushed = [batch for api in (ORDERS, BILLING, ORDERS) for batch in waiting.add(api, entry(1), now=0)]

    assert [ORDERS] == [batch.api for batch in flushed]


def test_a_payload_never_passes_its_bound() -> None:
    waiting = buffers(room=100)

    flushed = [batch for n in range(9) for batch in waiting.add(ORDERS, entry(n, size=30), now=0)]

    assert [[0, 1, 2], [3, 4, 5]] == origins(flushed)


def test_invented_hosts_share_a_buffer_past_the_bound() -> None:
    waiting = buffers()
    for n in range(MAX_HOST_BUFFERS + 50):
        list(waiting.add(Api("host", f"{n}.example"), entry(n), now=0))

    flushed = {batch.api: len(batch.entries) for batch in waiting.drain()}

    assert MAX_HOST_BUFFERS + 1 == len(flushed)
    assert flushed[OTHER_HOSTS] == 50


def test_the_largest_buffer_flushes_first_when_room_is_needed() -> None:
    waiting = buffers()
    list(waiting.add(ORDERS, entry(1, size=10), now=0))
    list(waiting.add(BILLING, entry(2, size=90), now=0))

    largest = waiting.flush_largest()

    assert largest is not None
    assert largest.api == BILLING
    assert waiting.bytes == 11


def test_discarded_entries_are_gone_and_no_longer_counted() -> None:
    waiting = buffers()
    for n in range(6):
        list(waiting.add(ORDERS if n % 2 else BILLING, entry(n), now=0))

    discarded = waiting.discard(lambda held: held.origin in (0, 2, 4, 5))

    assert discarded == 4
    assert [[1, 3]] == origins(list(waiting.drain()))
    assert waiting.bytes == 0


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.integers(1, 60), st.floats(0, 3)),
        max_size=80,
    )
)
def test_every_entry_is_flushed_exactly_once_in_the_order_of_its_api(
    steps: list[tuple[int, int, float]],
) -> None:
    waiting = buffers(queue_size=5, flush_timeout=1, room=150)
    out: dict[Hashable, list[object]] = {}
    given_: dict[Hashable, list[object]] = {}
    now = 0.0

    def collect(batches: list[Batch]) -> None:
        for batch in batches:
            assert sum(len(one.data) + 1 for one in batch.entries) <= 150
            out.setdefault(batch.api, []).extend(one.origin for one in batch.entries)

    for n, (api, size, pause) in enumerate(steps):
        now += pause
        collect(list(waiting.due(now)))
        name = Api("service", str(api))
        given_.setdefault(name, []).append(n)
        collect(list(waiting.add(name, entry(n, size), now)))
    collect(list(waiting.drain()))

    assert given_ == out
    assert (0, 0) == (waiting.bytes, waiting.entries)
