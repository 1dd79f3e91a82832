"""What a 413 teaches about the payloads that come after it."""

import pytest

from otel_bridge.delivery.measure import LEAST, Measure

MB = 10**6
MOST = 20 * MB


@pytest.mark.parametrize(
    ("refused", "largest_taken", "given_up", "then"),
    [
        (2 * MB, 1 * MB, False, 1 * MB),
        (20 * MB, 0, True, 5 * MB),
        (2 * MB, 1 * MB, True, MOST),
        (1000, 500, False, LEAST),
        (1000, 0, True, LEAST),
    ],
    ids=["arrived in pieces", "both halves refused", "one exchange refused", "tiny pieces", "tiny"],
)
def test_lessons(refused: int, largest_taken: int, given_up: bool, then: int) -> None:
    measure = Measure(MOST)
    news = measure.learn(refused, largest_taken=largest_taken, given_up=given_up)

    assert then == measure.max_bytes
    assert (then != MOST) == news


def test_a_measure_never_grows() -> None:
    measure = Measure(1 * MB)

    assert not measure.learn(20 * MB, largest_taken=2 * MB, given_up=False)
    assert 1 * MB == measure.max_bytes


def test_a_destination_behind_a_proxy_that_takes_1_mb_is_learned_in_three_payloads() -> None:
    measure, limit = Measure(MOST), 1 * MB
    payloads = 0
    while measure.max_bytes > limit:
        payloads += 1
        refused = measure.max_bytes
        half = refused // 2
        fits = half <= limit
        measure.learn(refused, largest_taken=half if fits else 0, given_up=not fits)

    assert 3 >= payloads
    assert limit / 2 < measure.max_bytes
