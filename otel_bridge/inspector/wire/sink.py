"""Where the wire hands over what arrived."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from otel_bridge.inspector.exchange import Exchange


class NotKeptError(Exception):
    """The sink can't keep anything now. The text is for the sender, who is told to come back."""


class Sink(Protocol):
    """Keeps what arrives."""

    async def keep(self, exchanges: Sequence[Exchange]) -> None:
        """Return when all of it is safe: the sender is answered only then. Raises `NotKeptError`."""
