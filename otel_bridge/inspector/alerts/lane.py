"""What holds for one channel: whether it may be tried, when again after a failure, and how it does.

Pure. Laws:
- A channel is given one notification at a time.
- What failed for now is tried again later and later, what comes behind it in between: one notification that
  a channel can't digest does not hold up the others, and a channel that takes nothing is tried ever more
  rarely, with whatever waits longest.
- Where the other end says when to come back, nobody comes earlier.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from otel_bridge.inspector.alerts.notification import Outcome, Result

RENEWAL_US = 60 * 1_000_000

_SECOND = 1_000_000
# Seconds between tries.
_SHORTEST = 1.0
_LONGEST = 300.0


class ChannelHealth(NamedTuple):
    failing_since_us: int | None
    """Since when nothing was delivered, though tried; None: it works, or has nothing to do."""
    last_detail: str
    """What the other end said last."""
    delivered: int
    """Notifications, since the start."""
    failed: int
    """Those refused or given up, since the start."""
    waiting: int


class Lane:
    def __init__(self, *, renews: bool, jitter: Callable[[], float], now_us: int) -> None:
        """*jitter* gives numbers from 0 to 1."""
        self.busy = False
        self.delivered = 0
        self.failed = 0
        self.failing_since_us: int | None = None
        self.last_detail = ""
        self.renewed = 0
        """Outbox id of the last one that was renewed in this round."""
        self._renews = renews
        self._renewal_us = now_us + RENEWAL_US
        self._jitter = jitter
        self._failures = 0
        self._not_before_us = 0

    def is_free(self, now_us: int) -> bool:
        return not self.busy and now_us >= self._not_before_us

    def has_to_renew(self, now_us: int) -> bool:
        return self._renews and self.is_free(now_us) and now_us >= self._renewal_us

    def renewed_all(self, now_us: int) -> None:
        self.renewed = 0
        self._renewal_us = now_us + RENEWAL_US

    def tried(self, outcome: Outcome, tries: int, now_us: int) -> int:
        """Take note of how a try went, which was the number *tries*; when to try the same again."""
        self.last_detail = outcome.detail
        if outcome.result is Result.DELIVERED:
            self._failures, self.failing_since_us = 0, None
            return now_us
        if self.failing_since_us is None:
            self.failing_since_us = now_us
        if outcome.result is Result.REFUSED:
            return now_us
        self._failures += 1
        # Channels that failed together don't return together.
        jitter = 0.5 + self._jitter() / 2
        asked = outcome.after or 0.0
        self._not_before_us = now_us + _delay_us(self._failures, jitter, asked)
        return now_us + _delay_us(tries, jitter, asked)

    def settled(self, outcome: Outcome) -> None:
        """It was the last try of a notification."""
        delivered = outcome.result is Result.DELIVERED
        self.delivered += delivered
        self.failed += not delivered

    def health(self, waiting: int) -> ChannelHealth:
        return ChannelHealth(self.failing_since_us, self.last_detail, self.delivered, self.failed, waiting)


def _delay_us(tries: int, jitter: float, asked: float) -> int:
    patience = jitter * min(_LONGEST, (tries + 1.0) ** 2)
    return round(max(_SHORTEST, patience, asked) * _SECOND)
