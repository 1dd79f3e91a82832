from __future__ import annotations

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.alerts.counts import MATCH, OTHER, Counts, Sum, packed, unpacked

WIDTH = 5
KEPT = 12
"""Slots behind the newest one that still count."""


class Step(NamedTuple):
    passed: int
    behind: int
    one: int
    dumped: bool


@given(
    st.lists(
        st.builds(
            Step,
            passed=st.sampled_from([0, 0, 0, 1, 1, 2, WIDTH, 30]),
            behind=st.integers(0, KEPT),
            one=st.sampled_from([MATCH, OTHER, 0]),
            dumped=st.booleans(),
        ),
        max_size=40,
    )
)
def test_every_window_sums_up_what_was_added_to_its_slots(steps: list[Step]) -> None:
    now = 100
    counts, added = Counts(WIDTH, now), dict.fromkeys(range(2000), 0)
    for step in steps:
        now += step.passed
        counts.move(now, now - KEPT)
        if step.one:
            counts.add(now - step.behind, step.one)
            added[now - step.behind] += step.one
        if step.dumped:
            dumped, counts = counts.dump(), Counts(WIDTH, now)
            counts.load(dumped, now - KEPT)
        first = now - KEPT + WIDTH
        sums = [sum(added[end - WIDTH + 1 + slot] for slot in range(WIDTH)) for end in range(now, first, -1)]

        assert sums == list(counts.sums(first + 1))
        assert sums[0] == counts.newest
        assert sum(added[slot] for slot in range(now - KEPT, now + 1)) == counts.whole()
        assert counts.empty == (counts.whole() == 0)
        assert counts.empty or added[counts.latest] > 0


def test_matched_and_total_are_packed_in_one_number() -> None:
    assert Sum(3, 7) == unpacked(packed(3, 7)) == unpacked(3 * MATCH + 4 * OTHER)
