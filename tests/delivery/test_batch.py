from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.delivery.batch import Entry, portions


@given(st.lists(st.integers(0, 50), max_size=40), st.integers(1, 100))
def test_portions_keep_order_and_bound(sizes: list[int], bound: int) -> None:
    entries = [Entry(b"x" * size, number) for number, size in enumerate(sizes)]
    parts = [list(part) for part in portions(entries, bound)]

    assert entries == [entry for part in parts for entry in part]
    assert all(parts)
    assert all(len(part) == 1 or sum(len(each.data) + 1 for each in part) <= bound for part in parts)


def test_what_fits_stays_together() -> None:
    entries = [Entry(b"x" * 9, number) for number in range(10)]

    assert [10] == [len(part) for part in portions(entries, 100)]
    assert [9, 1] == [len(part) for part in portions(entries, 99)]
