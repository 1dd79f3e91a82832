"""The schedule in simulated time: a destination that has outages, and payloads it stumbles over."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.delivery.answer import Kind
from otel_bridge.delivery.batch import Batch, Entry
from otel_bridge.delivery.work import Setback
from tests.delivery.world import DOWN, EVER, SETBACK, TOOK, UNCONNECTED, World, schedule


def test_payloads_of_an_api_go_out_in_order_and_one_at_a_time() -> None:
    world = World()
    for number in range(20):
        world.submit("a", number)
    world.run()

    assert list(range(20)) == world.delivered
    assert 1 == world.most_in_flight


def test_what_waited_goes_out_in_full_payloads() -> None:
    world = World(retry_count=100, queue_size=10, outages=[(0, 50)])
    for number in range(25):
        world.submit("a", number, at=float(number))
    world.run()

    assert [1, 10, 10, 4] == [len(names) for at, _, names in world.sent if at > 50]
    assert list(range(25)) == world.delivered


def test_apis_go_out_side_by_side_up_to_the_bound() -> None:
    world = World()
    for number in range(20):
        world.submit(f"api {number}", number)
    world.run()

    assert 8 == world.most_in_flight
    assert TOOK * 3 == pytest.approx(world.now)


def test_busy_apis_take_turns() -> None:
    world = World()
    for number in range(30):
        world.submit(f"api {number % 10}", number)
    world.run()

    assert set(range(10)) == set(world.delivered[:10])


def test_an_outage_is_probed_ever_more_seldom_and_by_one_request_at_a_time() -> None:
    world = World(outages=[(0, 300)])
    world.submit("a", 1)
    world.run()
    times = [round(at - TOOK * number, 3) for number, (at, _, _) in enumerate(world.sent)]

    assert [0, 4, 13, 29, 54, 90, 139, 199, 259, 319] == times
    assert [1] == world.delivered


def test_an_outage_of_many_apis_is_probed_as_seldom() -> None:
    world = World(outages=[(0, 300)])
    for number in range(40):
        world.submit(f"api {number}", number)
    world.run()
    in_the_outage = [at for at, _, _ in world.sent if 1 < at < 299]

    assert len(in_the_outage) == 8
    assert set(range(40)) == set(world.delivered)
    assert [] == world.dead
    assert world.now < 330


def test_no_outage_makes_dead_letters() -> None:
    outages = [(begin, begin + 50.0) for begin in range(5, 2000, 100)]
    world = World(retry_count=1, outages=outages)
    for number in range(2000):
        world.submit(f"api {number % 5}", number, at=float(number))
    world.run()

    assert [] == world.dead
    assert set(range(2000)) == set(world.delivered)


def test_order_survives_an_outage() -> None:
    world = World(retry_count=100, outages=[(1, 500)])
    for number in range(100):
        world.submit(f"api {number % 3}", number, at=number / 10)
    world.run()

    for api in range(3):
        mine = [number for number in world.delivered if isinstance(number, int) and number % 3 == api]
        assert sorted(mine) == mine


def test_order_survives_an_outage_without_connections_whatever_the_retry_count() -> None:
    world = World(retry_count=1, outages=[(1, 500)], down=UNCONNECTED)
    for number in range(100):
        world.submit(f"api {number % 3}", number, at=number / 10)
    world.run()

    for api in range(3):
        mine = [number for number in world.delivered if isinstance(number, int) and number % 3 == api]
        assert sorted(mine) == mine


def test_a_hold_is_visible_with_its_age_and_reason() -> None:
    world = World(outages=[(10, EVER)])
    world.submit("a", 1, at=20.0)
    world.run(until=100.0)
    hold = world.schedule.hold

    assert hold is not None
    assert 20.1 == pytest.approx(hold.since)
    assert DOWN == hold.setback
    assert 5 == hold.attempts


def test_one_payload_that_keeps_failing_steps_aside_and_ends_as_a_dead_letter() -> None:
    world = World(retry_count=3, poison=["bad"])
    world.submit("a", "bad")
    for number in range(200):
        world.submit("a", number, at=float(number))
        world.submit("b", -number, at=float(number))
    world.run()
    tries = [at for at, _, names in world.sent if names == ["bad"]]

    assert ["bad"] == world.dead
    assert 3 == len(tries)
    assert 400 == len(world.delivered)
    assert world.held < 1


def test_the_bad_exchange_is_found_and_its_neighbours_are_delivered() -> None:
    world = World(retry_count=2, queue_size=1000, poison=["bad"])
    names = [*range(700), "bad", *range(700, 1000)]
    world.submit("a", *names)
    for number in range(100):
        world.submit("b", -number - 1, at=float(number))
    world.run()

    assert ["bad"] == world.dead
    assert set(range(1000)) < set(world.delivered)
    assert len([1 for _, api, _ in world.sent if api == "a"]) <= 2 + 2 * 10 + 2


def test_the_tries_that_decide_over_an_exchange_are_seconds_apart() -> None:
    world = World(retry_count=1, queue_size=2, poison=["bad"], jitter=lambda: 0.0)
    world.submit("a", "good", "bad")
    world.submit("b", 1)
    world.run()
    tries = [at for at, _, names in world.sent if names == ["bad"]]

    assert ["bad"] == world.dead
    assert 2 == len(tries)
    assert tries[1] - tries[0] >= 4


@pytest.mark.parametrize("retry_count", [0, 1])
def test_retry_counts_0_and_1_mean_one_try(retry_count: int) -> None:
    world = World(retry_count=retry_count, poison=["bad"])
    world.submit("a", "bad")
    world.submit("b", "good")
    world.run()

    assert ["bad"] == world.dead
    assert 2 == len(world.sent)


def test_a_bad_payload_alone_is_retried_for_ever() -> None:
    world = World(retry_count=3, poison=["bad"])
    world.submit("a", "bad")
    world.run(until=10_000.0)

    assert [] == world.dead
    assert len(world.sent) > 160


def test_a_bad_head_of_the_only_lane_does_not_block_it_for_ever() -> None:
    world = World(retry_count=3, poison=["bad"])
    world.submit("a", "bad")
    for number in range(10):
        world.submit("a", number, at=1.0)
    world.run(until=200.0)

    assert list(range(10)) == world.delivered
    # Its first failure and three probes, then the one behind it.
    assert [["bad"]] * 4 + [[0]] == [names for _, _, names in world.sent[:5]]


def test_a_bad_payload_delays_its_lane_only_for_a_second_opinion() -> None:
    world = World(poison=["bad"])
    world.submit("a", "bad")
    world.submit("a", 1)
    world.submit("b", 2, at=0.05)
    world.run(until=2.0)

    assert {1, 2} == set(world.delivered)
    assert world.sent[-1][0] < 0.5
    assert world.schedule.hold is None


def test_two_bad_payloads_are_told_from_an_outage() -> None:
    world = World(retry_count=3, poison=["bad", "worse"])
    world.submit("a", "bad")
    world.submit("b", "worse")
    for number in range(300):
        world.submit("c", number, at=float(number))
    world.run()

    assert {"bad", "worse"} == set(world.dead)
    assert 300 == len(world.delivered)


def test_a_wrong_token_holds_and_loses_nothing() -> None:
    world = World(retry_count=1, outages=[(0, 3600)])
    for number in range(50):
        world.submit(f"api {number % 7}", number, at=float(number))
    world.run()

    assert set(range(50)) == set(world.delivered)
    assert world.held == pytest.approx(3600, abs=70)


def test_retry_after_keeps_everything_back() -> None:
    world = World(poison=["busy"], setback=Setback(Kind.RETRY, "429", wait=120.0))
    world.submit("a", "busy")
    world.submit("b", 1, at=5.0)
    world.submit("c", 2, at=6.0)
    world.run(until=300.0)
    times = [round(at, 3) for at, _, _ in world.sent]

    assert [0, 120.1] == times[:2]
    assert {1, 2} == set(world.delivered)


def test_what_is_in_flight_does_not_end_a_wait_that_was_asked_for() -> None:
    plan = schedule()
    for api in "abc":
        plan.submit(Batch(api, [Entry(b"", api)]))
    first, second = plan.take(0.0), plan.take(0.0)
    assert first is not None
    assert second is not None
    plan.failed(first, Setback(Kind.RETRY, "429", wait=60.0), 1.0)
    plan.succeeded(second, 2.0, delivered=True)
    plan.done(second)

    assert plan.take(2.0) is None
    assert 61.0 == plan.wake_at(2.0)
    assert plan.take(61.0) is not None


def test_a_refusal_ends_a_hold_but_convicts_nobody() -> None:
    plan = schedule(retry_count=1)
    for api in "ab":
        plan.submit(Batch(api, [Entry(b"", api)]))
    failing = plan.take(0.0)
    assert failing is not None
    plan.failed(failing, SETBACK, 1.0)
    refused = plan.take(1.0)
    assert refused is not None
    plan.succeeded(refused, 2.0, delivered=False)
    plan.done(refused)
    again = plan.take(2.0)

    assert failing is again
    assert 0 == failing.strikes
    assert plan.hold is None


def test_discarded_entries_are_gone_and_their_payloads_too() -> None:
    world = World(outages=[(0, EVER)])
    for api in "abc":
        world.submit(api, f"{api}1", f"{api}2")
    world.run(until=50.0)
    gone = world.schedule.discard(lambda entry: entry.origin != "b2")

    assert {"a1", "a2", "b1", "c1", "c2"} == {entry.origin for entry in gone}
    world.outages = []
    world.run()
    assert ["b2"] == world.delivered


def test_new_payloads_go_out_after_everything_held_was_discarded() -> None:
    world = World(outages=[(0, 50)])
    world.submit("a", 1)
    world.run(until=49.0)
    world.schedule.discard(lambda _: True)
    assert world.schedule.idle
    world.submit("a", 2, at=60.0)
    world.run()

    assert [2] == world.delivered
    assert world.schedule.hold is None


@settings(deadline=None, max_examples=50)
@given(
    poison=st.sets(st.integers(0, 199), max_size=6),
    outages=st.lists(st.tuples(st.floats(0, 150), st.floats(0, 200)), max_size=3),
    retry_count=st.integers(4, 12),
    payload=st.integers(1, 20),
    apis=st.integers(1, 12),
    seed=st.integers(0, 999),
)
def test_bad_exchanges_become_dead_letters_and_all_others_arrive(
    poison: set[int],
    outages: list[tuple[float, float]],
    retry_count: int,
    payload: int,
    apis: int,
    seed: int,
) -> None:
    world = World(
        retry_count=retry_count,
        queue_size=payload,
        poison=poison,
        outages=[(begin, begin + length) for begin, length in outages],
        jitter=random.Random(seed).random,
    )
    for first in range(0, 200, payload):
        names = range(first, min(first + payload, 200))
        world.submit(f"api {first // payload % apis}", *names, at=float(first))
    # What tells the two kinds of trouble apart is other traffic. Three outages can be taken for a
    # payload's own failure thrice, so fewer than four retries would be no retries.
    for number in range(1000, 3000):
        world.submit("steady", number, at=float(number - 1000) * 3)
    world.run()

    assert world.schedule.idle
    assert poison == set(world.dead)
    assert 2200 == len(world.dead) + len(world.delivered) == len({*world.dead, *world.delivered})
    assert world.most_in_flight <= 8
