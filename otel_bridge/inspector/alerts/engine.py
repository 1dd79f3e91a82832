"""All rules at work on what arrives: what begins to fire, and what ends.

No disk, no sockets; the clocks are given. Laws:

- An exchange counts when it began, not when it came; one from the future counts now. Where the clock goes
  back, time stands still until it has caught up; where it goes back further than `LATENESS`, it was wrong
  before, and all counts begin anew.
- `see` counts, `tick` judges. What a batch contains is in no order.
- Rules share what is decoded of an exchange. They take turns in random order, so that whoever comes first,
  and decodes it for all, is a different one each time and each bears its part of the cost (`budget.py`).
- A suspended rule sees nothing, and what fires stays so, for nobody can know. Then its counts begin anew, and
  what fires is judged when a window has passed.
- Memory is bounded: groups by `evaluator.py`, decoded bodies by the size of what is looked at in one go,
  windows that are still to be saved by the groups there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from random import Random
from time import thread_time
from types import MappingProxyType
from typing import NamedTuple

from otel_bridge.inspector.alerts.budget import Budget
from otel_bridge.inspector.alerts.change import Change, SavedWindow
from otel_bridge.inspector.alerts.evaluator import NO_SPARK, Batch, Evaluator, Room
from otel_bridge.inspector.alerts.grouping import GroupingError
from otel_bridge.inspector.alerts.rule import Rule, Watch
from otel_bridge.inspector.alerts.window import LATENESS
from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.query import QuerySyntaxError
from otel_bridge.inspector.query.searchable import LARGEST
from otel_bridge.redaction.codings import is_coded

MOST_SAVED = 4_000
"""Windows to save, in one tick. Where more change they take turns."""

# Exchanges that are looked at in one go.
_SLICE = 50
# And what their bodies may come to where rules read them. XML takes thirty times as much in memory.
_SLICE_BYTES = 4 << 20
_CODING = "content-encoding"
_CODING_LENGTH = len(_CODING)


class RuleHealth(NamedTuple):
    """How a rule does, since it came into use."""

    seen: int
    matched: int
    late: int
    """Exchanges of its groups that came too late to be counted."""
    cost_us: float | None
    """CPU time for an exchange, of late."""
    suspended_until_us: int | None
    suspended_why: str
    """"" if it isn't. With a reason and no time: it can't be used."""
    groups: int
    groups_left_out: int
    """Exchanges that were not counted, since there was no room for their group."""
    spark: tuple[int, ...]
    """Matches in each of the last 60 minutes, oldest first."""


class Engine:
    """Belongs to one thread, but for `health`."""

    def __init__(self, *, now: Callable[[], int], cpu: Callable[[], float] = thread_time) -> None:
        """*now*: Unix time in microseconds. *cpu*: seconds that this thread has worked."""
        self._clock = now
        self._now_us = 0
        self._budget = Budget(cpu)
        self._room = Room()
        self._rules: dict[str, Rule] = {}
        self._evaluators: dict[str, Evaluator] = {}
        self._unusable: dict[str, str] = {}
        self._changes: list[Change] = []
        self._unsaved: dict[tuple[str, str], None] = {}
        self._health: Mapping[str, RuleHealth] = {}
        # For turns, and not for secrets.
        self._turns = Random(1)  # noqa: S311

    def use(self, rules: Sequence[Rule]) -> list[Change]:
        """Evaluate *rules* from now on, those that are enabled; returns what ends by that.

        A rule that counts the same as before goes on. One that counts something else begins anew, and what
        it fired for ends, as it does for rules that are gone. One that can't be read is suspended.
        """
        now_us = self._now()
        self._rules = {rule.id: rule for rule in rules if not isinstance(rule.condition, Watch)}
        used = {rule.id: rule for rule in self._rules.values() if rule.enabled}
        ended = [change for old in self._replaced(used) for change in self._end(old, now_us)]
        self._unusable = {}
        evaluators = {}
        for rule in used.values():
            if (evaluator := self._evaluator(rule, now_us)) is not None:
                evaluators[rule.id] = evaluator
        self._evaluators = evaluators
        self._tell_health()
        return ended

    def restore(self, windows: Iterable[SavedWindow], firing: Iterable[tuple[str, str]]) -> None:
        """Go on where a process ended; once, after the first `use`.

        *firing*: ids of rules, and groups for which they fire. What fires for a rule that is no longer
        evaluated ends at the next tick.
        """
        left = dict.fromkeys(firing)
        for rule_id, group, counts in windows:
            if evaluator := self._evaluators.get(rule_id):
                evaluator.restore(group, counts, firing=(rule_id, group) in left)
                left.pop((rule_id, group), None)
            else:
                self._unsaved[rule_id, group] = None
        for rule_id, group in left:
            if evaluator := self._evaluators.get(rule_id):
                evaluator.restore(group, b"", firing=True)
            elif rule := self._rules.get(rule_id):
                self._changes.append(Change(rule, group, False, self._now(), 0.0, 0, 0))

    def see(self, exchanges: Sequence[Exchange]) -> None:
        now_us = self._now()
        self._resume(now_us)
        for some in self._slices(exchanges):
            self._see(Batch(some, now_us))

    def tick(self) -> tuple[list[Change], list[SavedWindow]]:
        """What has changed since the last one, and what to keep of it for a restart."""
        now_us = self._now()
        self._resume(now_us)
        for evaluator in self._working(now_us):
            changes, unsaved = evaluator.tick(now_us)
            self._budget.spent(evaluator.meter, 0)
            self._changes += changes
            self._unsaved.update(dict.fromkeys((evaluator.rule.id, group) for group in unsaved))
        self._tell_health()
        changes, self._changes = self._changes, []
        return changes, self._to_save()

    def health(self) -> Mapping[str, RuleHealth]:
        """By rule id, as of the last tick. Any thread may ask."""
        return self._health

    def _now(self) -> int:
        now_us = self._clock()
        if now_us < self._now_us - LATENESS * 1_000_000:
            self._now_us = now_us
            for evaluator in self._evaluators.values():
                evaluator.meter.clear()
                self._begin_anew(evaluator)
        self._now_us = max(self._now_us, now_us)
        return self._now_us

    def _begin_anew(self, evaluator: Evaluator) -> None:
        groups = evaluator.begin_anew(self._now_us)
        self._unsaved.update(dict.fromkeys((evaluator.rule.id, group) for group in groups))

    def _replaced(self, used: Mapping[str, Rule]) -> Iterator[Evaluator]:
        """Those that don't go on."""
        for rule_id, evaluator in self._evaluators.items():
            rule = used.get(rule_id)
            if rule is None or rule.counted != evaluator.rule.counted:
                yield evaluator

    def _end(self, evaluator: Evaluator, now_us: int) -> list[Change]:
        rule_id = evaluator.rule.id
        self._unsaved.update(dict.fromkeys((rule_id, group) for group in evaluator.groups))
        return evaluator.end(now_us)

    def _evaluator(self, rule: Rule, now_us: int) -> Evaluator | None:
        old = self._evaluators.get(rule.id)
        if old is not None and old.rule.counted == rule.counted:
            old.rule = rule
            return old
        try:
            return Evaluator(rule, self._room, now_us)
        except QuerySyntaxError as error:
            self._unusable[rule.id] = f"the query can't be read, {error.placed}"
        except GroupingError as error:
            self._unusable[rule.id] = f"per {rule.per} {error}"
        return None

    def _resume(self, now_us: int) -> None:
        for evaluator in self._evaluators.values():
            if evaluator.meter.until_us is not None and evaluator.meter.until_us <= now_us:
                evaluator.meter.resume()
                self._begin_anew(evaluator)

    def _slices(self, exchanges: Sequence[Exchange]) -> Iterator[Sequence[Exchange]]:
        """Few enough to be looked at in one go."""
        reads_bodies = any(each.reads_bodies for each in self._evaluators.values())
        start, size = 0, 0
        for number, exchange in enumerate(exchanges):
            more = _decoded(exchange.request) + _decoded(exchange.response) if reads_bodies else 0
            if number > start and (number - start == _SLICE or size + more > _SLICE_BYTES):
                yield exchanges[start:number]
                start, size = number, 0
            size += more
        if exchanges:
            yield exchanges[start:]

    def _see(self, batch: Batch) -> None:
        for evaluator in self._working(batch.now_us):
            evaluator.see(batch)
            self._budget.spent(evaluator.meter, len(batch.subjects))

    def _working(self, now_us: int) -> Iterator[Evaluator]:
        """Those that are not suspended, in turn; what each costs is measured until the next one."""
        evaluators = [each for each in self._evaluators.values() if each.meter.until_us is None]
        self._turns.shuffle(evaluators)
        self._budget.begin([each.meter for each in evaluators], now_us)
        for evaluator in evaluators:
            # It may have been suspended just now, as the dearest of all.
            if evaluator.meter.until_us is None:
                yield evaluator

    def _to_save(self) -> list[SavedWindow]:
        now = list(self._unsaved)[:MOST_SAVED]
        for key in now:
            del self._unsaved[key]
        return [SavedWindow(rule_id, group, self._dump(rule_id, group)) for rule_id, group in now]

    def _dump(self, rule_id: str, group: str) -> bytes:
        evaluator = self._evaluators.get(rule_id)
        return evaluator.dump(group) if evaluator else b""

    def _tell_health(self) -> None:
        told = {rule_id: self._health_of(each) for rule_id, each in self._evaluators.items()}
        for rule_id, why in self._unusable.items():
            told[rule_id] = RuleHealth(0, 0, 0, None, None, why, 0, 0, NO_SPARK)
        self._health = MappingProxyType(told)

    def _health_of(self, evaluator: Evaluator) -> RuleHealth:
        return RuleHealth(
            seen=evaluator.seen,
            matched=evaluator.matched,
            late=evaluator.late,
            cost_us=evaluator.meter.each_us,
            suspended_until_us=evaluator.meter.until_us,
            suspended_why=evaluator.meter.why,
            groups=len(evaluator.groups),
            groups_left_out=evaluator.left_out,
            spark=evaluator.spark(self._now_us),
        )


def _decoded(side: Side) -> int:
    """At most so many bytes of the body are looked into."""
    if not side.body:
        return 0
    coded = is_coded(side.body) or any(
        len(name) == _CODING_LENGTH and name.lower() == _CODING for name, _ in side.headers
    )
    # A few bytes can stand for any number.
    return LARGEST if coded else min(len(side.body), LARGEST)
