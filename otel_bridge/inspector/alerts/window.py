"""Whether what a group of a rule counted makes it fire, or fire no longer.

Time is cut into slots, `Scale.width` of which are a rule's window: 60, of at least 1 s each. A window ends
with a slot and takes it in: the one that ends now is never longer than the rule says and at most a slot
shorter. With now in the slot `Moment.end`:

- Count and Share begin to fire when a window holds that ends from `Moment.first` (`LATENESS` ago) to now, and
  not before the slot in which the last firing ended. They end a slot after the last window that held.
  What older windows alone tell, because its exchanges came late, fires for a minute, so that it is told.
- Silence looks at the window that ends now alone, once that lies wholly behind the slot in which the group
  began. A group that has had no match for a day, or two windows, is forgotten.
- After a restart what waited meanwhile has a minute to come before a firing ends or a silence begins.
- Exchanges before `Moment.oldest` belong to no window that is looked at; whoever counts leaves them out.

    judge = judge_of(rule.condition, rule.window)
    moment = judge.scale.moment(now_us)                          # now never goes back
    group = judge.group(moment)
    group.move(moment.end, moment.oldest)                        # before adding and judging
    group.add(judge.scale.slot(started_us), MATCH)               # or OTHER, for Share alone
    if judge.judge(group, moment):                               # group.firing is no longer what it was
        value_of(rule.condition, group.told)

How the engine judges is how the preview does.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import NamedTuple

from otel_bridge.inspector.alerts.change import MOST_SAMPLES
from otel_bridge.inspector.alerts.counts import Counts, packed, unpacked
from otel_bridge.inspector.alerts.rule import Condition, Count, Share, Silence, Watch

LATENESS = 600
"""Seconds."""
MOST_SLOTS = 60
"""Of a window."""
FORGOTTEN = 24 * 3600
"""Seconds of silence."""

_GRACE = 60
_SECOND = 1_000_000
_NEVER = -1
_VERSION = 1
# Version, begun, last, floor, stays.
_HEAD = struct.Struct("<Bqqqq")

Test = Callable[[int], bool]


class Moment(NamedTuple):
    """Slots, seen from now."""

    end: int
    """Now's."""
    first: int
    """The earliest end of a window that can still begin to fire."""
    oldest: int
    """The earliest slot of that window."""


class Scale(NamedTuple):
    """Microseconds as slots."""

    window_us: int
    width: int
    """Slots of a window."""

    def slot(self, time_us: int) -> int:
        return time_us * self.width // self.window_us

    def start_us(self, slot: int) -> int:
        return -(-slot * self.window_us // self.width)

    def moment(self, now_us: int) -> Moment:
        first = self.slot(now_us - LATENESS * _SECOND)
        return Moment(self.slot(now_us), first, first - self.width + 1)

    def slots(self, seconds: int) -> int:
        """That take at least so long."""
        return -(-seconds * _SECOND * self.width // self.window_us)


class Group(Counts):
    """What one group of a rule counted, and whether it fires."""

    __slots__ = ("at_us", "begun", "firing", "floor", "last", "samples", "stays", "told")

    def __init__(self, width: int, end: int) -> None:
        super().__init__(width, end)
        self.begun = end
        """Slot; Silence alone looks at it."""
        self.last = end
        """Slot in which Silence last saw a match."""
        self.firing = False
        self.floor = _NEVER
        """Slot in which the last firing ended."""
        self.stays = _NEVER
        """Slot until which it fires whatever the newest window says."""
        self.told = 0
        """Packed counts of the window that made it fire, or end."""
        self.at_us = 0
        """When the exchange began that matched last."""
        self.samples: tuple[str, ...] = ()
        """Ids of those that matched last, newest first."""

    def sample(self, exchange_id: str, at_us: int) -> None:
        self.at_us = at_us
        self.samples = (exchange_id, *self.samples[: MOST_SAMPLES - 1])

    def dump(self) -> bytes:
        """What counts, and since when; not whether it fires, nor what is told about it."""
        return _HEAD.pack(_VERSION, self.begun, self.last, self.floor, self.stays) + super().dump()

    def load(self, dumped: bytes, oldest: int) -> None:
        super().load(dumped[_HEAD.size :], oldest)
        version, *slots = _HEAD.unpack_from(dumped)
        if version != _VERSION:
            raise ValueError(f"the counts are of version {version}, not {_VERSION}")
        # The clock may have been ahead.
        self.begun, self.last, self.floor = (min(slot, self.end) for slot in slots[:3])
        self.stays = min(slots[3], self.end + self.width)


class Judge:
    """What a condition makes of counts."""

    def __init__(self, scale: Scale, holds: Test, possible: Test) -> None:
        """*possible*: whether a window can hold, by all that counts at all; it is asked to save time."""
        self.scale = scale
        self._holds = holds
        self._possible = possible
        self._grace = scale.slots(_GRACE)

    def group(self, moment: Moment) -> Group:
        return Group(self.scale.width, moment.end)

    def judge(self, group: Group, moment: Moment) -> bool:
        """Whether *group*, moved to *moment*, has just begun to fire or ended to."""
        return self._ends(group, moment) if group.firing else self._begins(group, moment)

    def restarted(self, group: Group, moment: Moment) -> None:
        """Judge *group*, loaded just now, with patience."""
        group.stays = max(group.stays, moment.end + self._grace)
        group.begun = max(group.begun, moment.end + self._grace - self.scale.width)

    def anew(self, group: Group, moment: Moment) -> Group:
        """*group* without what it counted, and for a window as it was: nobody looked for a while."""
        fresh = self.group(moment)
        fresh.last, fresh.at_us, fresh.samples = group.last, group.at_us, group.samples
        fresh.firing, fresh.stays = group.firing, moment.end + self.scale.width
        return fresh

    def needless(self, group: Group) -> bool:
        """Whether nothing would be lost with it. A group that fires is needed."""
        return group.empty

    def _begins(self, group: Group, moment: Moment) -> bool:
        first = max(group.changed, group.floor, moment.first)
        group.changed = moment.end + 1
        if group.empty or (first < moment.end and not self._possible(group.whole())):
            return False
        for age, found in enumerate(group.sums(first)):
            if self._holds(found):
                group.firing, group.told = True, found
                group.stays = moment.end + self._grace if age else _NEVER
                return True
        return False

    def _ends(self, group: Group, moment: Moment) -> bool:
        if self._holds(group.newest):
            self._linger(group, moment)
            return False
        if moment.end <= group.stays:
            return False
        group.firing, group.told = False, group.newest
        group.floor = group.changed = moment.end
        return True

    def _linger(self, group: Group, moment: Moment) -> None:
        """Last for the slot that follows: while it fills, traffic at the very limit would end and begin."""
        group.stays = max(group.stays, moment.end + 1)


class SilenceJudge(Judge):
    def judge(self, group: Group, moment: Moment) -> bool:
        if not group.empty:
            group.last = group.latest
        return super().judge(group, moment)

    def needless(self, group: Group) -> bool:
        return group.end - group.last > self.forgotten

    @property
    def forgotten(self) -> int:
        """Slots without a match, after which a group is needless."""
        return max(2 * self.scale.width, self.scale.slots(FORGOTTEN))

    def _begins(self, group: Group, moment: Moment) -> bool:
        if moment.end - group.begun < self.scale.width or not self._holds(group.newest):
            return False
        group.firing, group.told = True, group.newest
        return True

    def _linger(self, group: Group, moment: Moment) -> None:
        """A match ends silence at once."""


def judge_of(condition: Condition, window: int) -> Judge:
    """*window*: seconds."""
    scale = Scale(window * _SECOND, min(window, MOST_SLOTS))
    kind = SilenceJudge if isinstance(condition, Silence) else Judge
    return kind(scale, *_tests(condition))


def value_of(condition: Condition, told: int) -> float:
    """What the condition compares (`Change.value`), of packed counts."""
    matched, total = unpacked(told)
    return matched / max(total, 1) if isinstance(condition, Share) else float(matched)


def holds(condition: Condition, matched: int, total: int) -> bool:
    """Whether *condition* holds for a window with these counts."""
    return _tests(condition)[0](packed(matched, total))


def _tests(condition: Condition) -> tuple[Test, Test]:
    """Of packed counts: whether the condition holds, and whether it can do so for a part of them."""
    match condition:
        case Count(at_least):
            return packed(at_least, 0).__le__, packed(at_least, 0).__le__
        case Silence(fewer_than):
            return packed(fewer_than, 0).__gt__, _always
        case Share():
            return _share_tests(condition)
        case Watch():
            raise ValueError("the bridge's own state is not counted")


def _share_tests(condition: Share) -> tuple[Test, Test]:
    least, share = max(condition.of_at_least, 1), condition.at_least

    def holds(counts: int) -> bool:
        matched, total = unpacked(counts)
        # A quotient: 0.07 * 100 is more than 7.
        return total >= least and matched / total >= share

    def possible(counts: int) -> bool:
        matched, total = unpacked(counts)
        return total >= least and matched / least >= share

    return holds, possible


def _always(_: int) -> bool:
    return True
