"""How many bytes of requests may be in the process at once.

Bytes are admitted as they arrive and as they are decompressed, over all requests of both transports, and
leave when the request is answered. Past the limit requests are refused, not queued: senders keep what
they have and come back.
"""

from __future__ import annotations

from types import TracebackType

from otel_bridge.receiver.refusals import Busy
from otel_bridge.telemetry.instruments import IN_FLIGHT_BYTES, IN_FLIGHT_LIMIT_BYTES
from otel_bridge.telemetry.metrics import Reading

RETRY_AFTER = 1


class Admission:
    """Belongs to one event loop."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_flight = 0

    def readings(self) -> list[Reading]:
        """A source of gauges."""
        return [Reading(IN_FLIGHT_BYTES, self.in_flight), Reading(IN_FLIGHT_LIMIT_BYTES, self.limit)]

    def request(self) -> Share:
        """A new request's share, empty yet; leaving its `with` block gives everything back."""
        return Share(self)


class Share:
    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self._held = 0

    def take(self, size: int) -> None:
        """Admit *size* more bytes; raises `Busy` where that passes the limit."""
        if self._admission.in_flight + size > self._admission.limit:
            raise Busy("Too much is in flight; send it again.", reason="busy", retry_after=RETRY_AFTER)
        self._admission.in_flight += size
        self._held += size

    def __enter__(self) -> Share:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._admission.in_flight -= self._held
