"""Whether an exporter sends freely, or only asks from time to time whether it may.

    open ──a payload fails──▶ doubt ──another is delivered──▶ open (it was the payload)
      ▲                         │
      │                         └──another fails, or there is no other──▶ hold
      └──────────────a probe is answered sensibly──────────────────────────┘

In doubt one other payload is sent at once: it tells an outage from a payload that the destination
stumbles over. In a hold one request at a time goes out, further and further apart, without limit.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import NamedTuple

from otel_bridge.delivery.backoff import Backoff
from otel_bridge.delivery.work import Setback


class Hold(NamedTuple):
    """A hold as others see it."""

    since: float
    """On the dispatcher's clock: its first failure."""
    setback: Setback
    """The latest one."""
    attempts: int
    """Failed requests, the first included."""


class State(Enum):
    OPEN = "open"
    DOUBT = "doubt"
    HOLD = "hold"


class Gate:
    """Pure: time and chance are given to it."""

    def __init__(self, backoff: Backoff, jitter: Callable[[], float]) -> None:
        self._backoff = backoff
        self._jitter = jitter
        self.state = State.OPEN
        self.hold: Hold | None = None
        """Set in a hold, and unconfirmed in doubt."""
        self.next_probe = 0.0
        self.opens_at = 0.0
        """Until then the destination asked not to be sent anything."""
        self._waits = 0

    def doubt(self, setback: Setback, now: float) -> None:
        """A payload failed, which may be its own fault."""
        self.state = State.DOUBT
        self.hold = Hold(now, setback, 1)
        self._waits = 1
        self._wait(now)

    def confirm(self) -> None:
        """It is not the payload."""
        self.state = State.HOLD

    def failed(self, setback: Setback, now: float) -> None:
        """A probe failed, or the second opinion."""
        assert self.hold is not None
        self._waits += self.state is State.HOLD
        self.state = State.HOLD
        self.hold = Hold(self.hold.since, setback, self.hold.attempts + 1)
        self._wait(now)

    def open(self) -> None:
        self.state, self.hold = State.OPEN, None

    def _wait(self, now: float) -> None:
        assert self.hold is not None
        floor = self.hold.setback.wait
        self.opens_at = now + floor
        self.next_probe = now + self._backoff.delay(self._waits, jitter=self._jitter(), floor=floor)
