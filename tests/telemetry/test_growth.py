"""Time until the journal is full."""

from __future__ import annotations

import math

from otel_bridge.telemetry.growth import Growth


def test_follows_the_growth_of_the_last_minutes() -> None:
    now = 0.0
    growth = Growth(lambda: now)

    assert math.inf == growth.seconds_to_full(100, 1000)
    now = 60.0
    assert math.inf == growth.seconds_to_full(100, 1000)
    now = 120.0
    assert 120.0 * 600 / 300 == growth.seconds_to_full(400, 1000)
    now = 1000.0
    assert math.inf == growth.seconds_to_full(400, 1000)


def test_a_journal_that_shrinks_does_not_fill() -> None:
    now = 0.0
    growth = Growth(lambda: now)
    growth.seconds_to_full(900, 1000)
    now = 10.0

    assert math.inf == growth.seconds_to_full(500, 1000)


def test_full_is_now() -> None:
    growth = Growth(lambda: 0.0)

    assert growth.seconds_to_full(1000, 1000) == 0
