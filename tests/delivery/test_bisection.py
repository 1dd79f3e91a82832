import math
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.delivery.bisection import Bisection

UNLIMITED = 10**9


class Run:
    """Plays a destination that takes a group or refuses it, and keeps the account."""

    def __init__(
        self,
        count: int,
        takes: Callable[[Sequence[int]], bool],
        *,
        limit: int = UNLIMITED,
        singly: bool = False,
    ) -> None:
        self.plan = Bisection(range(count))
        self.requests: list[Sequence[int]] = []
        self.delivered: list[int] = []
        self.given_up: list[int] = []
        while group := self.plan.group(limit):
            self.requests.append(group)
            if takes(group):
                self.delivered.extend(group)
                self.given_up.extend(self.plan.accepted())
            else:
                self.given_up.extend(self.plan.refused(singly=singly))


def without(*bad: int) -> Callable[[Sequence[int]], bool]:
    return lambda group: not set(bad) & set(group)


def test_an_accepted_payload_is_one_request() -> None:
    run = Run(1000, lambda _: True)

    assert [range(1000)] == run.requests
    assert list(range(1000)) == run.delivered


def test_a_single_refused_exchange_is_given_up_at_once() -> None:
    run = Run(1, lambda _: False)

    assert [0] == run.given_up
    assert 1 == len(run.requests)


def test_both_halves_refused_gives_all_up_without_further_requests() -> None:
    run = Run(1000, lambda _: False)

    assert list(range(1000)) == sorted(run.given_up)
    assert 3 == len(run.requests)


@pytest.mark.parametrize("count", [2, 3, 4, 5])
def test_both_halves_refused_even_where_one_is_a_single_exchange(count: int) -> None:
    run = Run(count, lambda _: False)

    assert list(range(count)) == sorted(run.given_up)
    assert 3 == len(run.requests)


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n - 1))))
def test_one_bad_exchange_is_found_within_the_bound(case: tuple[int, int]) -> None:
    count, bad = case
    run = Run(count, without(bad))

    assert [bad] == run.given_up
    assert len(run.requests) - 1 <= 2 * math.log2(count) + 2


@given(st.integers(2, 400), st.sets(st.integers(0, 399), max_size=20))
def test_every_exchange_has_one_fate_and_requests_stay_bounded(count: int, bad: set[int]) -> None:
    run = Run(count, without(*bad))

    assert list(range(count)) == sorted(run.delivered + run.given_up)
    assert not bad & set(run.delivered)
    assert len(run.requests) - 1 <= 2 * math.log2(count) + 2
    assert [] == run.plan.items


def test_a_destination_that_takes_no_arrays_gets_each_message_alone() -> None:
    run = Run(8, lambda group: len(group) == 1, singly=True)

    assert list(range(8)) == run.delivered
    assert [] == run.given_up
    assert run.plan.taken_only_singly


@pytest.mark.parametrize("count", [2, 3, 4, 5, 9])
def test_arrays_are_disproven_whatever_their_length(count: int) -> None:
    run = Run(count, lambda group: len(group) == 1, singly=True)

    assert list(range(count)) == sorted(run.delivered)
    assert run.plan.taken_only_singly


def test_one_refused_message_disproves_nothing() -> None:
    run = Run(8, lambda group: len(group) == 1 and 5 not in group, singly=True)

    assert [5] == run.given_up
    assert not run.plan.taken_only_singly


def test_an_array_that_was_never_refused_disproves_nothing() -> None:
    run = Run(3, lambda _: True, limit=1)

    assert not run.plan.taken_only_singly


@given(st.integers(1, 50), st.integers(1, 7), st.sets(st.integers(0, 49), max_size=5))
def test_groups_never_pass_the_limit(count: int, limit: int, bad: set[int]) -> None:
    run = Run(count, without(*bad), limit=limit)

    assert max(map(len, run.requests)) <= limit
    assert list(range(count)) == sorted(run.delivered + run.given_up)


@pytest.mark.parametrize("refusals", range(3))
def test_a_limit_learned_in_the_middle_loses_nothing(refusals: int) -> None:
    plan = Bisection(range(9))
    for _ in range(refusals):
        plan.group(UNLIMITED)
        plan.refused(singly=True)
    delivered: list[int] = []
    while group := plan.group(1):
        delivered.extend(group)

        assert [] == list(plan.accepted())
    assert list(range(9)) == sorted(delivered)


@pytest.mark.parametrize("refusals", range(3))
def test_discarded_items_are_not_sent(refusals: int) -> None:
    plan = Bisection(range(9))
    for _ in range(refusals):
        plan.group(UNLIMITED)
        plan.refused(singly=True)

    assert [0, 1, 2, 3, 4] == sorted(plan.discard(lambda item: item < 5))
    assert [5, 6, 7, 8] == sorted(plan.items)
