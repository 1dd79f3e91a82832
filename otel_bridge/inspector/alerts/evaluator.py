"""One rule at work: which exchanges match, in which groups, and what changes by it.

A Count or a Silence counts what matches and knows nothing of the rest, so that what doesn't match costs the
closure alone. A Share counts every exchange in its group.

Groups are bounded, by rule and by `Room`. For whom there is no room is left out until groups are gone that
count nothing; where room is short, those that had nothing within a window go as well, but not while they
fire.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b

from otel_bridge.inspector.alerts.budget import Meter, dear_parts, reads_bodies
from otel_bridge.inspector.alerts.change import Change
from otel_bridge.inspector.alerts.counts import MATCH, OTHER, unpacked
from otel_bridge.inspector.alerts.grouping import grouping
from otel_bridge.inspector.alerts.rule import Counted, Rule, Share, Silence
from otel_bridge.inspector.alerts.window import Group, Scale, judge_of, value_of
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query import Subject, matcher, parse

MOST_GROUPS = 20_000
"""Of all rules."""
MOST_GROUPS_EACH = 1_000
MINUTES = 60
"""Of the sparkline."""

_MINUTE = 60_000_000
# A rule that has used so much of its room lets go of more.
_CROWDED = 0.9
_KEY_BYTES = 8
NO_SPARK = (0,) * MINUTES


class Room:
    """For so many more groups."""

    def __init__(self, groups: int = MOST_GROUPS) -> None:
        self.groups = groups
        self._scarce = groups * (1 - _CROWDED)

    @property
    def scarce(self) -> bool:
        return self.groups < self._scarce


class Batch:
    """Exchanges that all rules look at before the next ones."""

    def __init__(self, exchanges: Sequence[Exchange], now_us: int) -> None:
        self.now_us = now_us
        self.subjects = [Subject(exchange) for exchange in exchanges]
        self._slots: dict[Scale, list[int]] = {}

    def time_us(self, subject: Subject) -> int:
        """When it began, but not in the future."""
        return min(subject.exchange.started_us, self.now_us)

    def slots(self, scale: Scale) -> list[int]:
        found = self._slots.get(scale)
        if found is None:
            found = self._slots[scale] = [scale.slot(self.time_us(each)) for each in self.subjects]
        return found


class Evaluator:
    """Belongs to one thread. `rule` may be replaced by one that is counted the same."""

    def __init__(self, rule: Rule, room: Room, now_us: int) -> None:
        """Raises QuerySyntaxError, GroupingError."""
        query = parse(rule.query)
        self.rule = rule
        self.meter = Meter(dear_parts(query, rule.per))
        self.reads_bodies = reads_bodies(query, rule.per)
        self.groups: dict[str, Group] = {}
        self.seen = 0
        self.matched = 0
        self.late = 0
        self.left_out = 0
        """Exchanges for whose group there was no room."""
        self._match = matcher(query)
        self._group_of = grouping(rule.per)
        self._judge = judge_of(rule.condition, rule.window)
        self._key = _key(rule.counted)
        self._counts_all = isinstance(rule.condition, Share)
        self._room = room
        self._touched: dict[str, Group] = {}
        self._minutes: Counter[int] = Counter()
        self._moment = self._judge.scale.moment(now_us)
        self._judged = self._moment.end
        if isinstance(rule.condition, Silence) and not rule.per:
            self._admit("")

    def see(self, batch: Batch) -> None:
        self._moment = self._judge.scale.moment(batch.now_us)
        self.seen += len(batch.subjects)
        if self._counts_all:
            self._count_all(batch)
        else:
            self._count_matches(batch)

    def tick(self, now_us: int) -> tuple[list[Change], list[str]]:
        """What has changed since the last one, and the groups that have to be saved anew."""
        self._moment = self._judge.scale.moment(now_us)
        passed = self._moment.end > self._judged
        groups = self.groups if passed else self._touched
        changes = [self._change(name, each, now_us) for name, each in groups.items() if self._changes(each)]
        unsaved = [*self._touched, *(change.group for change in changes)]
        self._touched = {}
        if passed:
            self._judged = self._moment.end
            gone = self._sweep()
            changes += self._ended(gone, now_us)
            unsaved += gone
        self._forget_minutes(now_us)
        return changes, unsaved

    def end(self, now_us: int) -> list[Change]:
        """The rule is no more: what fires does so no longer."""
        gone, self.groups = self.groups, {}
        self._room.groups += len(gone)
        return self._ended(gone, now_us)

    def begin_anew(self, now_us: int) -> list[str]:
        """Nobody knows what was lately: count from now on. Returns the groups that have to be saved anew.

        What fires does so for a window at least.
        """
        self._moment = self._judge.scale.moment(now_us)
        self._judged = self._moment.end
        self.groups = {name: self._judge.anew(group, self._moment) for name, group in self.groups.items()}
        self._touched = {}
        return list(self.groups)

    def restore(self, name: str, dumped: bytes, *, firing: bool) -> None:
        """A group as it was before a restart. Counts that aren't this rule's are left out."""
        if name not in self.groups and self._admit(name) is None:
            return
        group = self.groups[name] = self._loaded(dumped)
        self._judge.restarted(group, self._moment)
        group.firing = firing

    def dump(self, name: str) -> bytes:
        group = self.groups.get(name)
        return b"" if group is None else self._key + group.dump()

    def spark(self, now_us: int) -> tuple[int, ...]:
        """Matches in each of the last `MINUTES`, oldest first."""
        if not self._minutes:
            return NO_SPARK
        minute = now_us // _MINUTE
        return tuple(self._minutes[each] for each in range(minute - MINUTES + 1, minute + 1))

    def _count_matches(self, batch: Batch) -> None:
        match, scale = self._match, self._judge.scale
        for subject in [each for each in batch.subjects if match(each)]:
            time_us = batch.time_us(subject)
            self._count(subject, scale.slot(time_us), time_us)

    def _count_all(self, batch: Batch) -> None:
        end, oldest = self._moment.end, self._moment.oldest
        groups, touched, group_of, match = self.groups, self._touched, self._group_of, self._match
        for subject, slot in zip(batch.subjects, batch.slots(self._judge.scale), strict=True):
            if match(subject):
                self._count(subject, slot, batch.time_us(subject))
                continue
            # As `_count` does, without its cost.
            name = group_of(subject)
            group = groups.get(name)
            if group is not None and group.end == end and slot >= oldest:
                group.add(slot, OTHER)
                touched[name] = group
            else:
                self._add(name, slot, OTHER)

    def _count(self, subject: Subject, slot: int, time_us: int) -> None:
        self.matched += 1
        self._minutes[time_us // _MINUTE] += 1
        group = self._add(self._group_of(subject), slot, MATCH)
        if group is not None:
            group.sample(subject.exchange.id, time_us)

    def _add(self, name: str, slot: int, one: int) -> Group | None:
        if slot < self._moment.oldest:
            self.late += 1
            return None
        group = self.groups.get(name)
        if group is None:
            group = self._admit(name)
        if group is not None:
            group.move(self._moment.end, self._moment.oldest)
            group.add(slot, one)
            self._touched[name] = group
        return group

    def _admit(self, name: str) -> Group | None:
        if len(self.groups) >= MOST_GROUPS_EACH or self._room.groups <= 0:
            self.left_out += 1
            return None
        self._room.groups -= 1
        group = self.groups[name] = self._judge.group(self._moment)
        return group

    def _changes(self, group: Group) -> bool:
        group.move(self._moment.end, self._moment.oldest)
        return self._judge.judge(group, self._moment)

    def _change(self, name: str, group: Group, now_us: int) -> Change:
        matched, total = unpacked(group.told)
        silent = isinstance(self.rule.condition, Silence)
        return Change(
            rule=self.rule,
            group=name,
            firing=group.firing,
            at_us=group.at_us or now_us if group.firing and not silent else now_us,
            value=value_of(self.rule.condition, group.told),
            matched=matched,
            total=total,
            samples=group.samples,
        )

    def _ended(self, gone: Mapping[str, Group], now_us: int) -> list[Change]:
        ended = {name: group for name, group in gone.items() if group.firing}
        for group in ended.values():
            group.firing, group.told = False, group.newest
        return [self._change(name, group, now_us) for name, group in ended.items()]

    def _sweep(self) -> dict[str, Group]:
        """Let go of groups."""
        crowded = self._room.scarce or len(self.groups) > MOST_GROUPS_EACH * _CROWDED
        gone = {name: each for name, each in self.groups.items() if self._can_go(each, crowded=crowded)}
        for name in gone:
            del self.groups[name]
        self._room.groups += len(gone)
        return gone

    def _can_go(self, group: Group, *, crowded: bool) -> bool:
        """A silence fires for a group until that is forgotten; else what fires stays."""
        needless = self._judge.needless(group)
        if isinstance(self.rule.condition, Silence):
            return needless and self.rule.per != ""
        return not group.firing and (needless or (crowded and not group.newest))

    def _forget_minutes(self, now_us: int) -> None:
        oldest = now_us // _MINUTE - MINUTES
        for minute in [each for each in self._minutes if each <= oldest]:
            del self._minutes[minute]

    def _loaded(self, dumped: bytes) -> Group:
        group = self._judge.group(self._moment)
        if not dumped.startswith(self._key):
            return group
        try:
            group.load(dumped[len(self._key) :], self._moment.oldest)
        except ValueError:
            return self._judge.group(self._moment)
        return group


def _key(what: Counted) -> bytes:
    """What tells whether counts are those of another rule."""
    return blake2b(repr(what).encode(), digest_size=_KEY_BYTES).digest()
