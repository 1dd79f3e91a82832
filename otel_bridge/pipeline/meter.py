"""What a pipeline counts. The numbers' names on `/metrics` are telemetry's business."""

from __future__ import annotations

from typing import Protocol

from otel_bridge.delivery import DeliveryMeter


class PipelineMeter(DeliveryMeter, Protocol):
    """Counters of one exporter; called from its pipeline's thread."""

    def repeated(self, exchanges: int) -> None:
        """Exchanges met before: a gateway's resend, or the other signal's word of one that is on its way."""

    def joined(self, exchanges: int) -> None:
        """Access logs that became one exchange with their span."""

    def given_up(self, exchanges: int) -> None:
        """Exchanges lost to `max_backlog`."""
