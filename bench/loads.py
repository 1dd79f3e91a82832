"""The recorded batches that everything is measured on."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from typing import NamedTuple

from otel_bridge.demo.replay import IdMap, Recording
from otel_bridge.mapping import spot
from tests.recordings import payloads

NAMES = ("default", "recommended", "capture", "bodies", "large-bodies")


class Load(NamedTuple):
    name: str
    requests: list[bytes]
    exchanges: int
    """In all of the requests."""

    @property
    def bytes_each(self) -> int:
        """OTLP bytes for each exchange."""
        return sum(map(len, self.requests)) // self.exchanges


def load(name: str) -> Load:
    """One of `NAMES`: full batches of a real Kong under load."""
    requests = payloads(f"kong-3.9-load/{name}")
    return Load(name, requests, sum(len(spot(request).exchanges) for request in requests))


def replays(load: Load, count: int) -> Iterator[bytes]:
    """The requests of *load*, *count* times over, each time with new ids."""
    recordings = [Recording(request) for request in load.requests]
    shift_ns = time.time_ns() - max(recording.end_ns for recording in recordings)
    for number in range(count):
        ids = IdMap(random.Random(number).randbytes)
        for recording in recordings:
            yield recording.replay(shift_ns=shift_ns, ids=ids)
