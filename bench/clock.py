"""Measuring CPU time of repeated work: the best of several rounds, because noise only ever adds."""

from __future__ import annotations

import time
from collections.abc import Callable

ROUNDS = 7
SECONDS_A_ROUND = 0.15


def cpu_seconds(work: Callable[[], object]) -> float:
    """CPU seconds of one call of *work*."""
    work()
    calls = 1
    while (spent := _round(work, calls)) < SECONDS_A_ROUND:
        calls = max(calls * 2, int(calls * SECONDS_A_ROUND / max(spent, 1e-6)))
    return min(_round(work, calls) for _ in range(ROUNDS)) / calls


def _round(work: Callable[[], object], calls: int) -> float:
    start = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - start
