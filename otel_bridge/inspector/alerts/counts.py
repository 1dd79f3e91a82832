"""Counts of exchanges in slots of time, and their sums over a window that slides.

A slot is a number; a window is *width* of them and is named by its last one. The sum of the window that ends
now is kept up to date, so that traffic in order costs an addition; older windows are summed when asked for.
Only the span from the first slot that counts to the last takes memory: 8 bytes a slot.
"""

from __future__ import annotations

import struct
from array import array
from collections.abc import Iterator
from typing import NamedTuple

# Counts are kept packed, as matched * 2**32 + total, so that one addition does for both.
_SHIFT = 32
_TOTAL = (1 << _SHIFT) - 1

MATCH = (1 << _SHIFT) + 1
"""An exchange that matches, packed."""
OTHER = 1
"""One that doesn't."""

# Width of a window, first slot, how many slots, how wide a number is.
_HEAD = struct.Struct("<BqHc")
_CODES = {b"B": 1 << 8, b"H": 1 << 16, b"I": 1 << 32}


class Sum(NamedTuple):
    matched: int
    total: int


def packed(matched: int, total: int) -> int:
    return (matched << _SHIFT) + total


def unpacked(number: int) -> Sum:
    return Sum(number >> _SHIFT, number & _TOTAL)


class Counts:
    __slots__ = ("_base", "_slots", "changed", "end", "newest", "width")

    def __init__(self, width: int, end: int) -> None:
        """*end*: now's slot."""
        self.width = width
        self.end = end
        self.newest = 0
        """The packed sum of the window that ends now."""
        self.changed = end
        """Windows that end before this slot are as they were when it was last set."""
        self._base = 0
        self._slots = array("Q")

    @property
    def empty(self) -> bool:
        """Whether there is nothing any more that counts."""
        return not self._slots

    @property
    def latest(self) -> int:
        """The last slot that counts, where there is one."""
        return self._base + len(self._slots) - 1

    def move(self, end: int, oldest: int) -> None:
        """Now is in the slot *end*, or stays where it was; nobody asks for slots before *oldest* any more."""
        if end <= self.end:
            return
        if self.newest:
            self.newest -= self._between(self.end - self.width + 1, end - self.width)
        self.end = end
        gone = oldest - self._base
        if gone > 0:
            del self._slots[:gone]
            self._base = oldest

    def add(self, slot: int, one: int) -> None:
        """Count a `MATCH` or an `OTHER` in a slot between the last `oldest` and `end`."""
        place = slot - self._base
        if not 0 <= place < len(self._slots):
            place = self._reach(slot)
        self._slots[place] += one
        if slot > self.end - self.width:
            self.newest += one
        if slot < self.changed:
            self.changed = slot

    def sums(self, first: int) -> Iterator[int]:
        """Packed: of the windows that end now, a slot earlier, ... at *first*."""
        found = self.newest
        for end in range(self.end, first - 1, -1):
            yield found
            found += self._at(end - self.width) - self._at(end)

    def whole(self) -> int:
        """Packed: all that still counts."""
        return sum(self._slots)

    def dump(self) -> bytes:
        numbers = [number for each in self._slots for number in unpacked(each)]
        largest = max(numbers, default=0)
        code = next(code for code, limit in _CODES.items() if largest < limit)
        head = _HEAD.pack(self.width, self._base, len(self._slots), code)
        return head + struct.pack(f"<{len(numbers)}{code.decode()}", *numbers)

    def load(self, dumped: bytes, oldest: int) -> None:
        """Count what was dumped instead; now is where it was. Raises ValueError: that is something else."""
        try:
            width, base, length, code = _HEAD.unpack_from(dumped)
            if width != self.width or code not in _CODES:
                raise ValueError("the counts are those of another window")
            numbers = struct.unpack(f"<{2 * length}{code.decode()}", dumped[_HEAD.size :])
        except struct.error as error:
            raise ValueError(f"the counts are damaged: {error}") from error
        gone = max(oldest - base, 0)
        slots = [packed(*pair) for pair in zip(numbers[::2], numbers[1::2], strict=True)]
        # What a clock that was ahead counted is not in the future.
        self._base = base + gone
        self._slots = array("Q", slots[gone : max(self.end + 1 - base, 0)])
        self.newest = self._between(self.end - self.width + 1, self.end)
        self.changed = oldest

    def _at(self, slot: int) -> int:
        place = slot - self._base
        return self._slots[place] if 0 <= place < len(self._slots) else 0

    def _between(self, first: int, last: int) -> int:
        return sum(self._slots[max(first - self._base, 0) : max(last + 1 - self._base, 0)])

    def _reach(self, slot: int) -> int:
        """Make room for *slot*, and say where it is."""
        if not self._slots:
            self._base = slot
        place = slot - self._base
        if place < 0:
            self._slots[:0] = array("Q", bytes(-place * 8))
            self._base = slot
            return 0
        self._slots.frombytes(bytes((place + 1 - len(self._slots)) * 8))
        return place
