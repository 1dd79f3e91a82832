from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.delivery.batch import Entry, cut, size


def entries_of(sizes: list[int]) -> list[Entry]:
    return [Entry(b"x" * each, number) for number, each in enumerate(sizes)]


def payloads(sizes: list[int], *, max_entries: int, max_bytes: int) -> list[list[Entry]]:
    waiting = deque(entries_of(sizes))
    found = []
    while waiting:
        found.append(cut(waiting, max_entries=max_entries, max_bytes=max_bytes))
    return found


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 12), st.integers(1, 100))
def test_payloads_keep_order_and_bounds(sizes: list[int], max_entries: int, max_bytes: int) -> None:
    cuts = payloads(sizes, max_entries=max_entries, max_bytes=max_bytes)

    assert entries_of(sizes) == [entry for payload in cuts for entry in payload]
    assert all(1 <= len(payload) <= max_entries for payload in cuts)
    assert all(len(payload) == 1 or size(payload) <= max_bytes for payload in cuts)


def test_a_payload_is_as_full_as_it_may_be() -> None:
    assert [10] == [len(payload) for payload in payloads([9] * 10, max_entries=10, max_bytes=100)]
    assert [9, 1] == [len(payload) for payload in payloads([9] * 10, max_entries=10, max_bytes=99)]
    assert [4, 4, 2] == [len(payload) for payload in payloads([9] * 10, max_entries=4, max_bytes=100)]
