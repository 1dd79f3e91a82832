"""What happens in a soak, and when: drawn from one seed, so that a run can be had again.

Kills fall into the first half. The second half is one long life, in which growth would show.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from enum import StrEnum
from itertools import cycle, islice
from random import Random
from typing import NamedTuple

# One of each in so many seconds.
KILL_EVERY = 20.0
RELOAD_EVERY = 15.0
TROUBLE_EVERY = 10.0
_LONGEST_TROUBLE = 6.0
_CALM = 0.9
"""Nothing begins after this share of the time: the end belongs to what is still waiting."""


class Trouble(StrEnum):
    """What a destination may have."""

    DOWN = "down"
    OVERLOADED = "503"
    WANTS_QUIET = "429"
    SLOW = "slow"
    HANGS = "hangs"
    RESETS = "reset"
    PARTLY = "207"


class Act(StrEnum):
    KILL = "kill"
    RELOAD = "reload"
    TROUBLE = "trouble"
    WELL = "well"


class Event(NamedTuple):
    at: float
    """Seconds from the start."""
    act: Act
    destination: str = ""
    """Of a trouble and its end."""
    trouble: Trouble | None = None


def script(seconds: float, destinations: Sequence[str], rng: Random) -> list[Event]:
    """All events of a run of so many *seconds*, in order; each kind at least once."""
    events = [Event(at, Act.KILL) for at in _moments(rng, seconds / 2, KILL_EVERY)]
    events += [Event(at, Act.RELOAD) for at in _moments(rng, seconds * _CALM, RELOAD_EVERY)]
    for destination in destinations:
        events += _troubles(seconds * _CALM, destination, rng)
    return sorted(events, key=lambda event: event.at)


def _moments(rng: Random, seconds: float, every: float) -> Iterator[float]:
    """One at a random time in each of equal parts."""
    count = max(1, round(seconds / every))
    part = seconds / count
    return (part * (number + rng.uniform(0.1, 1.0)) for number in range(count))


def _troubles(seconds: float, destination: str, rng: Random) -> Iterator[Event]:
    count = max(2, round(seconds / TROUBLE_EVERY))
    part = seconds / count
    for number, trouble in enumerate(islice(_kinds(rng), count)):
        begin = part * (number + rng.uniform(0.0, 0.4))
        end = begin + min(_LONGEST_TROUBLE, part / 2) * rng.uniform(0.3, 1.0)
        yield Event(begin, Act.TROUBLE, destination, trouble)
        yield Event(end, Act.WELL, destination)


def _kinds(rng: Random) -> Iterator[Trouble]:
    """All of them in a random order, over and over."""
    return cycle(rng.sample(list(Trouble), len(Trouble)))
