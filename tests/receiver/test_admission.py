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
