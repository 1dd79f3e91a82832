"""How long until something that grows is full."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable

_WINDOW = 300.0


class Growth:
    """Sizes seen in the last five minutes; *clock* counts seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, float]] = deque()

    def seconds_to_full(self, size: float, limit: float) -> float:
        """Look at *size* now; infinite while it doesn't grow, 0 at *limit*."""
        now = self._clock()
        self._seen.append((now, size))
        while now - self._seen[0][0] > _WINDOW:
            self._seen.popleft()
        since, before = self._seen[0]
        if size >= limit:
            return 0.0
        if size <= before or now <= since:
            return math.inf
        return (limit - size) * (now - since) / (size - before)
