"""When to try again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Backoff:
    """How patient delivery is; all durations are seconds."""

    ceiling: float = 60.0

    def delay(self, attempt: int, *, jitter: float, floor: float = 0.0) -> float:
        """Seconds to wait after failed *attempt*, counted from 1; *jitter* is in 0..1.

        *floor* is what the destination asked for by Retry-After.
        """
        # Full jitter: bridges that failed together must not return together.
        return max(floor, jitter * min(self.ceiling, float(attempt + 1) ** 2))
