"""Measuring CPU time of repeated work: the best of several rounds, because noise only ever adds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple


class Effort(NamedTuple):
    """How much time a measurement may take."""

    rounds: int
    seconds: float
    """Of CPU, for each round."""


THOROUGH = Effort(rounds=5, seconds=0.06)
QUICK = Effort(rounds=1, seconds=0.0)


def cpu_seconds(work: Callable[[], object], effort: Effort) -> float:
    """CPU seconds of one call of *work*, in all threads of this process."""
    work()
    calls = 1
    while (spent := _round(work, calls)) < effort.seconds:
        calls = max(calls * 2, int(calls * effort.seconds / max(spent, 1e-6)))
    return min(spent, *(_round(work, calls) for _ in range(effort.rounds))) / calls


def _round(work: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - start
