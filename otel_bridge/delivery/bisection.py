"""A payload on its way out, cut smaller where the destination refuses it.

    whole ──refused──▶ two halves ──one refused──▶ two quarters ... ──▶ the entry that is at fault
                            └──both refused──▶ all of it is given up: it is not about one entry

A refused payload of n entries costs at most 2·log₂n + 2 further requests: enough to find one entry, and a
bound for a destination that refuses everything. What is refused when they are spent is given up.

Pure: the caller asks for the `group` to send, and tells what became of it.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")


class Bisection(Generic[T]):
    def __init__(self, items: Sequence[T]) -> None:
        self._groups: deque[Sequence[T]] = deque([items])
        self._total = len(items)
        self._spare: int | None = None
        """Requests that may still be added; None before the first refusal."""
        self._halves = 0
        """Of the first split, those without an answer."""
        self._refused_half: Sequence[T] = ()
        self._taken_alone = 0

    @property
    def items(self) -> list[T]:
        """All that is neither accepted nor given up."""
        return [*self._refused_half, *(item for group in self._groups for item in group)]

    @property
    def taken_only_singly(self) -> bool:
        """A group was refused, and then each of its items was accepted alone."""
        return self._spare is not None and self._taken_alone == self._total

    def group(self, limit: int) -> Sequence[T]:
        """What to send next, of at most *limit* items; empty when all is done."""
        if not self._groups:
            return ()
        if len(self._groups[0]) > limit:
            whole = [*self._refused_half, *self._groups.popleft()]
            self._refused_half, self._halves = (), 0
            self._groups.extendleft(whole[at : at + limit] for at in _backwards(len(whole), limit))
        return self._groups[0]

    def accepted(self) -> Sequence[T]:
        """The group was taken; returns what is given up because of it."""
        group = self._groups.popleft()
        self._taken_alone += len(group) == 1
        if self._last_half() and self._refused_half:
            half, self._refused_half = self._refused_half, ()
            return self._split(half)
        return ()

    def refused(self, *, singly: bool = False) -> Sequence[T]:
        """The group was refused; returns what is given up because of it.

        Where both halves of the first split are refused, *singly* tries each item alone instead of
        giving all of them up.
        """
        group = self._groups.popleft()
        if self._spare is None and len(group) > 1:
            self._spare = math.floor(2 * math.log2(len(group)) + 2)
            self._halves = 2
            return self._split(group)
        if self._last_half():
            if not self._refused_half:
                return self._split(group)
            both = [*self._refused_half, *group]
            self._refused_half = ()
            if not singly:
                return both
            self._groups.extend([item] for item in both)
            return ()
        if self._halves:
            self._refused_half = group
            return ()
        return self._split(group)

    def discard(self, unwanted: Callable[[T], bool]) -> list[T]:
        """Forget the items that are *unwanted*; returns them."""
        gone = [item for item in self.items if unwanted(item)]
        if gone:
            groups = [self._refused_half, *self._groups]
            kept = ([item for item in group if not unwanted(item)] for group in groups)
            self._groups = deque(group for group in kept if group)
            self._refused_half, self._halves = (), 0
        return gone

    def _last_half(self) -> bool:
        """Count an answer; True if it is the second one that the first split waited for."""
        if not self._halves:
            return False
        self._halves -= 1
        return self._halves == 0

    def _split(self, group: Sequence[T]) -> Sequence[T]:
        """Queue two halves, or give *group* up where it can't be cut any further."""
        if len(group) == 1 or not self._spare or self._spare < 2:
            return group
        self._spare -= 2
        middle = len(group) // 2
        self._groups.extend((group[:middle], group[middle:]))
        return ()


def _backwards(length: int, step: int) -> range:
    return range((length - 1) // step * step, -1, -step)
