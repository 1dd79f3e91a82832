from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.journal import Cursor
from otel_bridge.pipeline.ledger import Ledger


def cursors(*numbers: int) -> list[Cursor]:
    return [Cursor(number) for number in numbers]


def test_the_cursor_waits_for_the_oldest_record_that_owes() -> None:
    ledger = Ledger(Cursor(0))
    ledger.open(Cursor(1), 2)
    ledger.open(Cursor(2), 1)

    ledger.settle(cursors(2, 1))
    assert Cursor(0) == ledger.settled

    ledger.settle(cursors(1))
    assert Cursor(2) == ledger.settled
    assert ledger.outstanding == 0


def test_a_record_without_exchanges_is_settled_at_once_but_not_past_an_older_one() -> None:
    ledger = Ledger(Cursor(0))
    ledger.open(Cursor(1), 0)
    assert Cursor(1) == ledger.settled

    ledger.open(Cursor(2), 1)
    ledger.open(Cursor(3), 0)
    assert Cursor(1) == ledger.settled


def test_given_up_records_count_what_they_owed_and_later_settlements_pass_over_them() -> None:
    ledger = Ledger(Cursor(0))
    for number in (1, 2, 3):
        ledger.open(Cursor(number), 4)
    ledger.settle(cursors(2))

    assert ledger.give_up(Cursor(2)) == 7

    assert Cursor(2) == ledger.settled
    ledger.settle(cursors(1, 2))
    assert ledger.outstanding == 4


@given(st.lists(st.integers(0, 4), max_size=30), st.randoms(use_true_random=False))
def test_the_cursor_never_passes_an_unsettled_record(owed: list[int], chance: random.Random) -> None:
    ledger = Ledger(Cursor(0))
    left = {}
    for number, count in enumerate(owed, start=1):
        ledger.open(Cursor(number), count)
        left[number] = count
    open_items = [number for number, count in left.items() for _ in range(count)]
    chance.shuffle(open_items)
    for number in open_items:
        ledger.settle(cursors(number))
        left[number] -= 1
        oldest = min((key for key, count in left.items() if count), default=len(owed) + 1)

        assert oldest - 1 == ledger.settled

    assert len(owed) == ledger.settled
    assert ledger.outstanding == 0
