"""When a rule would have fired on the traffic that is stored.

The stored exchanges pass before the judge that the engine has, each as if it had arrived when it began, with
the clock going on between them. What arrived late in truth fired later than this says.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from otel_bridge.inspector.alerts.counts import unpacked
from otel_bridge.inspector.alerts.rule import Rule
from otel_bridge.inspector.alerts.stored import Counted, Span, Stored, stored
from otel_bridge.inspector.alerts.window import Judge, SilenceJudge, judge_of, value_of
from otel_bridge.inspector.store.interface import Period, Stop, Store, never

_SECOND = 1_000_000


class WouldFire(NamedTuple):
    group: str
    start_us: int
    """May lie before the period, for what fired when that began."""
    end_us: int | None
    """None: it would fire still."""
    value: float
    """As in `Change`, when it began."""


class Preview(NamedTuple):
    firings: Sequence[WouldFire]
    """Newest first."""
    matched: int
    """Exchanges of the period that match."""
    complete: bool
    """False: there were too many, or it had to stop; the oldest are left out."""


def preview(store: Store, rule: Rule, period: Period, *, now_us: int, stop: Stop = never) -> Preview:
    """Bounds of *period* that are None are the oldest exchange and now.

    Raises StoreError, QuerySyntaxError and GroupingError; ValueError for a `Watch`, which counts nothing.
    """
    judge = judge_of(rule.condition, rule.window)
    oldest_us = store.held().oldest_us
    end_us = now_us if period.end_us is None else min(period.end_us, now_us)
    if oldest_us is None or oldest_us >= end_us:
        return Preview([], 0, complete=True)
    start_us = max(period.start_us or 0, oldest_us)
    # What was in the window before counts as well; the silence before all traffic does not.
    span = Span(max(start_us - rule.window * _SECOND, oldest_us), end_us)
    found = stored(store, rule, judge.scale, span, stop=stop)
    firings = [each for each in _firings(rule, judge, found, end_us) if (each.end_us or end_us) > start_us]
    matched = sum(unpacked(each.counts).matched for each in found.counted if each.at_us >= start_us)
    return Preview(sorted(firings, key=lambda each: -each.start_us), matched, found.complete)


def _firings(rule: Rule, judge: Judge, found: Stored, end_us: int) -> Iterator[WouldFire]:
    courses: dict[str, _Course] = {}
    if not rule.per:
        courses[""] = _Course(rule, judge, "", found.since_us)
    for each in found.counted:
        course = courses.get(each.group)
        if course is None:
            course = courses[each.group] = _Course(rule, judge, each.group, each.at_us)
        course.count(each)
    for course in courses.values():
        course.go_on(end_us)
        yield from course.firings


class _Course:
    """How one group of a rule fares as time goes by."""

    def __init__(self, rule: Rule, judge: Judge, name: str, begin_us: int) -> None:
        self.firings: list[WouldFire] = []
        self._rule = rule
        self._judge = judge
        self._name = name
        self._group = judge.group(judge.scale.moment(begin_us))
        # Slots in which to look. With what it begins with silence begins to tell.
        self._looks: deque[int] = deque()
        self._plan(self._group.end)

    def count(self, each: Counted) -> None:
        self.go_on(each.at_us)
        slot = self._judge.scale.slot(each.at_us)
        self._group.add(slot, each.counts)
        self._plan(slot)
        self._look(each.at_us)

    def go_on(self, at_us: int) -> None:
        """Let time pass, with a look whenever that changes what is in the window."""
        scale = self._judge.scale
        last = scale.slot(at_us)
        while self._looks and self._looks[0] <= last:
            self._look(scale.start_us(self._looks.popleft()))
        self._forget(at_us)
        self._look(at_us)

    def _plan(self, slot: int) -> None:
        """Look when what was counted in *slot* is in the window for the last time, is out, and a slot on."""
        out = slot + self._judge.scale.width
        last = self._looks[-1] if self._looks else slot
        self._looks.extend(each for each in (out - 1, out, out + 1) if each > last)

    def _forget(self, at_us: int) -> None:
        """Do what the engine does with groups that were silent for long."""
        judge = self._judge
        if not self._rule.per or not isinstance(judge, SilenceJudge) or not self._group.firing:
            return
        gone_us = judge.scale.start_us(self._group.last + judge.forgotten + 1)
        if gone_us <= at_us:
            self.firings[-1] = self.firings[-1]._replace(end_us=gone_us)
            self._group = judge.group(judge.scale.moment(at_us))
            self._plan(self._group.end)

    def _look(self, at_us: int) -> None:
        moment = self._judge.scale.moment(at_us)
        self._group.move(moment.end, moment.oldest)
        # All comes in order: older windows were looked at when they were new.
        self._group.changed = moment.end
        if not self._judge.judge(self._group, moment):
            return
        if self._group.firing:
            value = value_of(self._rule.condition, self._group.told)
            self.firings.append(WouldFire(self._name, at_us, None, value))
        else:
            self.firings[-1] = self.firings[-1]._replace(end_us=at_us)
