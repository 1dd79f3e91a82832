"""Round steps of time for bars and points."""

from __future__ import annotations

from collections.abc import Sequence

from otel_bridge.inspector.store.interface import Period

_SECOND = 1_000_000
_MINUTE = 60 * _SECOND
_HOUR = 60 * _MINUTE
_DAY = 24 * _HOUR
_ROUND = (
    *(number * _SECOND for number in (1, 2, 5, 10, 15, 30)),
    *(number * _MINUTE for number in (1, 2, 5, 10, 15, 30)),
    *(number * _HOUR for number in (1, 2, 3, 6, 12)),
)


def step(period: Period, most: int) -> int:
    """The shortest round step that cuts *period* (bounded) into at most *most*; whole days above 12 h."""
    for each in _ROUND:
        if len(starts(period, each)) <= most:
            return each
    days = 1
    while len(starts(period, days * _DAY)) > most:
        days *= 2
    return days * _DAY


def starts(period: Period, step_us: int) -> Sequence[int]:
    """Where the steps begin that *period* (bounded) touches, the first at or before its own begin."""
    assert period.start_us is not None
    assert period.end_us is not None
    return range(period.start_us // step_us * step_us, period.end_us, step_us)
