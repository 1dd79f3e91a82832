"""An engine, a clock, and traffic for them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

from otel_bridge.inspector.alerts.change import Change, SavedWindow
from otel_bridge.inspector.alerts.engine import Engine
from otel_bridge.inspector.alerts.rule import Condition, Count, Rule
from otel_bridge.inspector.exchange import Exchange
from tests.inspector.exchanges import an_exchange

NOW_US = 1_800_000_000_000_000
SECOND = 1_000_000

THRICE = Count(3)

_numbers = itertools.count(1)


def a_rule(query: str = "", condition: Condition = THRICE, window: int = 600, **more: Any) -> Rule:
    """Rule number 1, unless *more* says otherwise."""
    rule_id = more.pop("id", "1")
    return Rule(id=rule_id, name=f"rule {rule_id}", query=query, condition=condition, window=window, **more)


class Clock:
    def __init__(self, now_us: int = NOW_US) -> None:
        self.now_us = now_us

    def __call__(self) -> int:
        return self.now_us


class AtWork:
    """An engine with its rules, and all that it told."""

    def __init__(self, *rules: Rule, cpu: Callable[[], float] = lambda: 0.0) -> None:
        self.clock = Clock()
        self.cpu = cpu
        self.rules = rules
        self.saved: dict[tuple[str, str], SavedWindow] = {}
        self.firing: set[tuple[str, str]] = set()
        self.engine = Engine(now=self.clock, cpu=cpu)
        self.engine.use(rules)

    def exchanges(self, number: int = 1, *, ago: float = 0, **changes: Any) -> list[Exchange]:
        """That began some seconds *ago*."""
        started_us = self.clock.now_us - round(ago * SECOND)
        return [
            an_exchange(started_us=started_us, span_id=f"{next(_numbers):016x}", **changes)
            for _ in range(number)
        ]

    def see(self, number: int = 1, *, ago: float = 0, **changes: Any) -> list[Change]:
        self.engine.see(self.exchanges(number, ago=ago, **changes))
        return self.tick()

    def wait(self, seconds: float) -> list[Change]:
        self.clock.now_us += round(seconds * SECOND)
        return self.tick()

    def use(self, *rules: Rule) -> list[Change]:
        self.rules = rules
        return self._keep(self.engine.use(rules))

    def tick(self) -> list[Change]:
        changes, windows = self.engine.tick()
        for window in windows:
            self.saved[window.rule_id, window.group] = window
        return self._keep(changes)

    def restart(self, *rules: Rule) -> None:
        """A new process with what was kept."""
        self.rules = rules or self.rules
        self.engine = Engine(now=self.clock, cpu=self.cpu)
        self.engine.use(self.rules)
        windows = [each for each in self.saved.values() if each.counts]
        self.engine.restore(windows, sorted(self.firing))

    def _keep(self, changes: list[Change]) -> list[Change]:
        for change in changes:
            key = (change.rule.id, change.group)
            # Nothing is told twice.
            assert change.firing != (key in self.firing)
            (self.firing.add if change.firing else self.firing.remove)(key)
        return changes
