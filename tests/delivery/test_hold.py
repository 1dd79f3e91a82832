import pytest

from otel_bridge.delivery.answer import Kind
from otel_bridge.delivery.backoff import Backoff
from otel_bridge.delivery.hold import Gate, Hold, State
from otel_bridge.delivery.work import Setback

DOWN = Setback(Kind.RETRY, "connection refused")
BUSY = Setback(Kind.RETRY, "429", wait=100.0)


@pytest.fixture
def gate() -> Gate:
    return Gate(Backoff(), lambda: 1.0)


def test_a_gate_is_open_at_first(gate: Gate) -> None:
    assert State.OPEN == gate.state
    assert gate.hold is None


def test_a_hold_is_as_old_as_the_first_doubt(gate: Gate) -> None:
    gate.doubt(DOWN, 10.0)
    gate.failed(BUSY, 11.0)

    assert State.HOLD == gate.state
    assert Hold(10.0, BUSY, 2) == gate.hold


def test_a_second_opinion_does_not_lengthen_the_first_wait(gate: Gate) -> None:
    gate.doubt(DOWN, 10.0)
    gate.failed(DOWN, 11.0)

    assert 11.0 + 4 == gate.next_probe
    gate.failed(DOWN, 15.0)
    assert 15.0 + 9 == gate.next_probe


def test_a_confirmed_doubt_waits_from_its_failure(gate: Gate) -> None:
    gate.doubt(DOWN, 10.0)
    gate.confirm()

    assert State.HOLD == gate.state
    assert 14.0 == gate.next_probe


def test_what_the_destination_asks_for_is_a_floor(gate: Gate) -> None:
    gate.doubt(BUSY, 10.0)

    assert 110.0 == gate.next_probe == gate.opens_at


def test_a_new_hold_begins_anew(gate: Gate) -> None:
    gate.doubt(DOWN, 10.0)
    gate.failed(DOWN, 11.0)
    gate.failed(DOWN, 15.0)
    gate.open()
    gate.doubt(DOWN, 100.0)
    gate.confirm()

    assert Hold(100.0, DOWN, 1) == gate.hold
    assert 104.0 == gate.next_probe
