import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.delivery.backoff import Backoff


@pytest.mark.parametrize(
    ("attempt", "seconds"),
    [(1, 4), (2, 9), (3, 16), (4, 25), (5, 36), (6, 49), (7, 60), (8, 60), (1000, 60)],
)
def test_the_plugins_series_without_jitter(attempt: int, seconds: float) -> None:
    assert seconds == Backoff().delay(attempt, jitter=1.0)


@given(st.integers(1, 10**6), st.floats(0, 1), st.floats(0, 3600))
def test_jitter_shortens_and_the_floor_holds(attempt: int, jitter: float, floor: float) -> None:
    delay = Backoff().delay(attempt, jitter=jitter, floor=floor)

    assert floor <= delay <= max(floor, 60.0)
