"""What the front door hands to whoever keeps the traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol


class Wire(StrEnum):
    """The protocol an exchange came in."""

    GALILEO = "galileo"
    RUNSCOPE = "runscope"


class Arrived(NamedTuple):
    """One exchange as a sender told it, in one shape for both protocols.

    Texts are the sender's: any length, any characters. "" and None mean that the sender did not say.
    """

    id: str
    """Given on arrival; the `uuid` of the Runscope API."""
    wire: Wire
    environment: str
    """Galileo's."""
    bucket: str
    """Runscope's."""
    started: float | None
    """Unix time in seconds."""
    method: str
    url: str
    status: int
    """0 to 999; 0 where there was no answer."""
    duration_ms: float | None
    client: str
    request_size: int | None
    """Bytes of the body, as `response_size`."""
    response_size: int | None
    entry: Mapping[str, Any]
    """The ALF entry or the message as it came, checked only as far as the fields above tell."""
    otel: Mapping[str, Any]
    """The bridge's own additions (`_otel`); empty from other senders."""


class NotKeptError(Exception):
    """The sink can't keep anything now. The text is for the sender, who is told to come back."""


class Sink(Protocol):
    """Keeps what arrives."""

    async def keep(self, arrivals: Sequence[Arrived]) -> None:
        """Return when all of it is safe: the sender is answered only then. Raises `NotKeptError`."""
