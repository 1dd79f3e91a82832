"""The recorded batches that everything is measured on."""

from __future__ import annotations

from typing import NamedTuple

from otel_bridge.mapping import spot
from tests.recordings import payloads

NAMES = ("default", "recommended", "capture", "bodies", "large-bodies")


class Load(NamedTuple):
    name: str
    requests: list[bytes]
    exchanges: int
    """In all of the requests."""


def load(name: str) -> Load:
    """One of `NAMES`: full batches of a real Kong under load."""
    requests = payloads(f"kong-3.9-load/{name}")
    return Load(name, requests, sum(len(spot(request).exchanges) for request in requests))
