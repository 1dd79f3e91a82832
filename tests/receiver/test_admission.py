"""The bound on bytes in flight."""

from __future__ import annotations

import pytest

from otel_bridge.receiver.admission import Admission
from otel_bridge.receiver.refusals import Busy


def test_admits_up_to_the_limit_over_all_requests() -> None:
    admission = Admission(100)
    with admission.request() as one, admission.request() as other:
        one.take(60)
        other.take(40)
        with pytest.raises(Busy) as caught:
            one.take(1)

        assert admission.in_flight == 100
        assert [100, 100] == [reading.value for reading in admission.readings()]
    assert admission.in_flight == 0
    assert ("busy", 1) == (caught.value.reason, caught.value.retry_after)


def test_a_request_that_fails_gives_back_what_it_held() -> None:
    admission = Admission(100)

    def fail() -> None:
        with admission.request() as share:
            share.take(70)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    assert admission.in_flight == 0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_at_the_limit_the_slowest_sender_makes_room() -> None:
    clock = Clock()
    admission = Admission(100, clock=clock)
    ended: list[str] = []
    slow = admission.request(lambda: ended.append("slow"))
    quick = admission.request(lambda: ended.append("quick"))
    newcomer = admission.request()
    for share in (slow, quick):
        share.wait()
        share.take(50)
    clock.now = 1.5
    quick.wait()  # another part of it is there
    newcomer.take(40)

    assert ["slow"] == ended
    assert (True, False) == (slow.was_ended, quick.was_ended)
    assert 90 == admission.in_flight
    with pytest.raises(Busy):
        slow.take(1)


def test_senders_that_are_not_slow_and_bodies_that_have_come_make_no_room() -> None:
    clock = Clock()
    admission = Admission(100, clock=clock)
    complete, quick, newcomer = (admission.request() for _ in range(3))
    complete.wait()
    complete.take(50)
    complete.has_come()
    clock.now = 10
    quick.wait()
    quick.take(50)
    with pytest.raises(Busy):
        newcomer.take(40)

    assert 100 == admission.in_flight


def test_a_request_that_made_room_gives_nothing_back_again() -> None:
    clock = Clock()
    admission = Admission(100, clock=clock)
    with admission.request() as slow:
        slow.wait()
        slow.take(100)
        clock.now = 2
        newcomer = admission.request()
        newcomer.take(30)

    assert 30 == admission.in_flight
