"""How many bytes of requests may be in the process at once.

Bytes are admitted as they arrive and as they are decompressed, over all requests of both transports, and
leave when the request is answered. Past the limit requests are refused, not queued: senders keep what
they have and come back.

Slow senders must not take all of it. So at the limit a request whose sender has let it wait for longest
makes room, if that is longer than honest senders ever take.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType

from otel_bridge.receiver.refusals import Busy
from otel_bridge.telemetry.instruments import IN_FLIGHT_BYTES, IN_FLIGHT_LIMIT_BYTES
from otel_bridge.telemetry.metrics import Reading

RETRY_AFTER = 1

SLOW = 1.0
"""Seconds for a part of a body after which its sender is slow."""


class Admission:
    """Belongs to one event loop; *clock* counts seconds."""

    def __init__(self, limit: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.in_flight = 0
        self._clock = clock
        # Since when their senders are waited for; in that order.
        self._waiting: dict[Share, float] = {}

    def readings(self) -> list[Reading]:
        """A source of gauges."""
        return [Reading(IN_FLIGHT_BYTES, self.in_flight), Reading(IN_FLIGHT_LIMIT_BYTES, self.limit)]

    def request(self, end: Callable[[], object] = lambda: None) -> Share:
        """A new request's share, empty yet; leaving its `with` block gives everything back.

        *end* is called where it has to make room for another; it holds nothing from then on.
        """
        return Share(self, end)

    def _wait_for(self, share: Share) -> None:
        self._waiting.pop(share, None)
        self._waiting[share] = self._clock()

    def _make_room(self, size: int, newcomer: Share) -> None:
        slow = self._clock() - SLOW
        for share, since in list(self._waiting.items()):
            if since > slow or self.in_flight + size <= self.limit:
                return
            if share is not newcomer:
                share.make_room()


class Share:
    was_ended = False
    """Whether it had to make room for another."""

    def __init__(self, admission: Admission, end: Callable[[], object]) -> None:
        self._admission = admission
        self._end = end
        self._held = 0

    def take(self, size: int) -> None:
        """Admit *size* more bytes; raises `Busy` where that passes the limit."""
        admission = self._admission
        if admission.in_flight + size > admission.limit:
            admission._make_room(size, self)  # noqa: SLF001 - two halves of one thing
        if self.was_ended or admission.in_flight + size > admission.limit:
            raise Busy("Too much is in flight; send it again.", reason="busy", retry_after=RETRY_AFTER)
        admission.in_flight += size
        self._held += size

    def wait(self) -> None:
        """The sender's next part is waited for from now on."""
        self._admission._wait_for(self)  # noqa: SLF001

    def has_come(self) -> None:
        """Nothing more is waited for."""
        self._admission._waiting.pop(self, None)  # noqa: SLF001

    def make_room(self) -> None:
        self.was_ended = True
        self._give_back()
        self._end()

    def __enter__(self) -> Share:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._give_back()

    def _give_back(self) -> None:
        self.has_come()
        self._admission.in_flight -= self._held
        self._held = 0
