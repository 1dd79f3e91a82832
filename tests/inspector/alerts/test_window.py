"""Windows against the simplest model: a list of what came, and every window there is."""

from __future__ import annotations

from typing import NamedTuple

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from otel_bridge.inspector.alerts.counts import MATCH, OTHER, unpacked
from otel_bridge.inspector.alerts.rule import Condition, Count, Share, Silence, Watch, Watched
from otel_bridge.inspector.alerts.window import LATENESS, Group, Judge, Moment, judge_of, value_of

NOW_US = 1_800_000_000_000_000
SECOND = 1_000_000
DAY = 24 * 3600


class Step(NamedTuple):
    passed: float
    """Seconds; below 0 where somebody sets the clock back."""
    ago: float
    """Seconds since the exchange that comes now began."""
    matches: bool
    how_many: int
    """Such exchanges."""
    restart: bool


class Model:
    """The law of `window.py`, said with a list."""

    def __init__(self, condition: Condition, window: int) -> None:
        self.condition = condition
        self.window_us = window * SECOND
        self.width = min(window, 60)
        self.seen: list[tuple[int, bool]] = []
        self.firing = False
        self.began = self.slot(NOW_US)
        self.floor = 0
        self.stays = 0

    def slot(self, time_us: int) -> int:
        return time_us * self.width // self.window_us

    def see(self, time_us: int, matches: bool, now_us: int) -> None:
        if self.slot(time_us) > self.slot(now_us - LATENESS * SECOND) - self.width:
            self.seen.append((time_us, matches))

    def holds(self, end: int) -> bool:
        inside = [matches for time_us, matches in self.seen if end - self.width < self.slot(time_us) <= end]
        match self.condition:
            case Count(at_least):
                return sum(inside) >= at_least
            case Share(at_least, of_at_least):
                return len(inside) >= max(1, of_at_least) and sum(inside) / len(inside) >= at_least
            case Silence(fewer_than):
                return sum(inside) < fewer_than
        raise AssertionError(self.condition)

    def judge(self, now_us: int) -> bool:
        now = self.slot(now_us)
        if self.firing:
            if self.holds(now):
                self.stays = self.stays if isinstance(self.condition, Silence) else max(self.stays, now + 1)
            elif now > self.stays:
                self.firing, self.floor = False, now
        elif isinstance(self.condition, Silence):
            self.firing = self.holds(now) and now - self.began >= self.width
        else:
            first = max(self.floor, self.slot(now_us - LATENESS * SECOND))
            self.firing = any(map(self.holds, range(first, now + 1)))
            minute = -(-60 * SECOND * self.width // self.window_us)
            self.stays = 0 if self.holds(now) else now + minute
        return self.firing


class Real:
    """The same, by a group and its judge."""

    def __init__(self, condition: Condition, window: int) -> None:
        self.counts_others = isinstance(condition, Share)
        self.judging = judge_of(condition, window)
        self.moment = self.judging.scale.moment(NOW_US)
        self.group = self.judging.group(self.moment)

    def move(self, now_us: int) -> None:
        self.moment = self.judging.scale.moment(now_us)
        self.group.move(self.moment.end, self.moment.oldest)

    def see(self, time_us: int, matches: bool) -> None:
        slot = self.judging.scale.slot(time_us)
        if slot >= self.moment.oldest and (matches or self.counts_others):
            self.group.add(slot, MATCH if matches else OTHER)

    def judge(self) -> bool:
        self.judging.judge(self.group, self.moment)
        return self.group.firing

    def restart(self) -> None:
        dumped, firing = self.group.dump(), self.group.firing
        self.group = self.judging.group(self.moment)
        self.group.load(dumped, self.moment.oldest)
        self.group.firing = firing


conditions = st.one_of(
    st.builds(Count, st.integers(1, 6)),
    st.builds(Share, st.sampled_from([0.01, 0.3, 0.5, 1.0]), st.integers(0, 6)),
    st.builds(Silence, st.integers(1, 4)),
)
windows = st.sampled_from([60, 61, 90, 600, 3601, DAY])
seconds = st.one_of(st.integers(0, 3), st.integers(0, 90), st.floats(0, 1500), st.floats(0, 2 * DAY))
steps = st.builds(
    Step,
    passed=st.one_of(st.just(0), seconds, seconds.map(lambda each: -each)),
    ago=seconds,
    matches=st.booleans(),
    how_many=st.integers(0, 4),
    restart=st.booleans(),
)


@settings(max_examples=400)
@given(condition=conditions, window=windows, steps=st.lists(steps, max_size=25))
@example(
    condition=Count(3),
    window=60,
    steps=[
        Step(0, 300, True, 3, False),  # late: an older window alone holds
        Step(61, 0, False, 0, True),  # a minute later it has ended
        Step(0, 361, True, 1, False),  # and what else comes late does not begin it anew
    ],
)
def test_fires_as_the_law_says_however_late_things_come_and_the_clock_steps(
    condition: Condition, window: int, steps: list[Step]
) -> None:
    model, real, now_us = Model(condition, window), Real(condition, window), NOW_US
    for step in steps:
        now_us = max(now_us, now_us + round(step.passed * SECOND))
        real.move(now_us)
        time_us = now_us - round(step.ago * SECOND)
        for _ in range(step.how_many):
            model.see(time_us, step.matches, now_us)
            real.see(time_us, step.matches)
        if step.restart:
            real.restart()

        assert model.judge(now_us) == real.judge()


@given(condition=conditions, window=windows, steps=st.lists(steps, max_size=25))
def test_a_restart_changes_nothing(condition: Condition, window: int, steps: list[Step]) -> None:
    steady, restarted, now_us = Real(condition, window), Real(condition, window), NOW_US
    for step in steps:
        now_us = max(now_us, now_us + round(step.passed * SECOND))
        for each in (steady, restarted):
            each.move(now_us)
            for _ in range(step.how_many):
                each.see(now_us - round(step.ago * SECOND), step.matches)
        restarted.restart()

        assert steady.judge() == restarted.judge()
        assert steady.group.newest == restarted.group.newest


def test_the_value_is_what_the_condition_compares() -> None:
    told = 3 * MATCH + OTHER

    assert (3, 4) == unpacked(told)
    assert value_of(Count(1), told) == 3
    assert value_of(Share(0.5, 1), told) == 0.75
    assert value_of(Silence(9), 0) == 0
    assert value_of(Share(0.5, 1), 0) == 0


def test_seven_of_a_hundred_are_seven_percent() -> None:
    judging, group, moment = _begun(Share(0.07, 100), 600)
    for number in range(100):
        group.add(moment.end, MATCH if number < 7 else OTHER)

    assert judging.judge(group, moment)
    assert group.firing


def test_a_group_takes_memory_for_its_span_alone() -> None:
    judging, group, moment = _begun(Count(1), 60)
    group.add(moment.oldest, MATCH)
    group.add(moment.end, MATCH)
    span = moment.end - moment.oldest + 1

    assert span == LATENESS + 60
    assert len(group.dump()) < 2 * span + 64

    later = judging.scale.moment(NOW_US + DAY * SECOND)
    group.move(later.end, later.oldest)

    assert group.empty
    assert group.newest == 0


def test_large_counts_survive_a_dump() -> None:
    judging, group, moment = _begun(Count(1), 60)
    for number in (1, 300, 70_000):
        group.add(moment.end, number * MATCH)
        loaded = judging.group(moment)
        loaded.load(group.dump(), moment.oldest)

        assert group.newest == loaded.newest


@pytest.mark.parametrize("dumped", [b"", b"?", bytes(41), bytes(70), b"\xff" * 80])
def test_what_is_no_dump_is_refused(dumped: bytes) -> None:
    _, group, moment = _begun(Count(1), 60)

    with pytest.raises(ValueError, match="counts are"):
        group.load(dumped, moment.oldest)


def test_counts_of_a_clock_that_was_ahead_are_not_counted_now() -> None:
    judging, group, _ = _begun(Count(2), 60)
    ahead = judging.scale.moment(NOW_US + 3600 * SECOND)
    group.move(ahead.end, ahead.oldest)
    group.add(ahead.end, MATCH)
    dumped = group.dump()
    judging, group, moment = _begun(Count(2), 60)
    group.load(dumped, moment.oldest)

    assert group.newest == 0

    group.add(moment.end, 2 * MATCH)

    assert judging.judge(group, moment)


def test_a_silent_group_is_forgotten_after_a_day() -> None:
    judging, group, moment = _begun(Silence(1), 600)
    group.add(moment.end, MATCH)
    judging.judge(group, moment)
    for seconds, forgotten in ((600, False), (DAY - 600, False), (DAY + 600, True)):
        moment = judging.scale.moment(NOW_US + seconds * SECOND)
        group.move(moment.end, moment.oldest)
        judging.judge(group, moment)

        assert group.firing
        assert forgotten == judging.needless(group)


def test_the_bridge_itself_is_not_counted() -> None:
    with pytest.raises(ValueError, match="not counted"):
        judge_of(Watch(Watched.HOLD), 60)


def _begun(condition: Condition, window: int) -> tuple[Judge, Group, Moment]:
    judging = judge_of(condition, window)
    moment = judging.scale.moment(NOW_US)
    group = judging.group(moment)
    group.move(moment.end, moment.oldest)
    return judging, group, moment
