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
# A stage works on about as many exchanges or bytes at a time, whichever are fewer: caches that live on
# recordings being few must not look good here.
_EXCHANGES = 2500
_BYTES = 20_000_000


class Load(NamedTuple):
    name: str
    requests: list[bytes]
    exchanges: int
    """In all of the requests."""

    @property
    def exchanges_each(self) -> int:
        """In one request."""
        return self.exchanges // len(self.requests)

    @property
    def bytes_each(self) -> int:
        """OTLP bytes for each exchange."""
        return sum(map(len, self.requests)) // self.exchanges


def load(name: str, exchanges: int | None = None) -> Load:
    """One of `NAMES`: full batches of a real Kong under load, again and again with fresh ids.

    Of *exchanges*, rounded to whole recordings; by default some thousand.
    """
    recorded = payloads(f"kong-3.9-load/{name}")
    recorded_exchanges = sum(len(spot(request).exchanges) for request in recorded)
    if exchanges is None:
        exchanges = min(_EXCHANGES, _BYTES * recorded_exchanges // sum(map(len, recorded)))
    count = max(1, round(exchanges / recorded_exchanges))
    return Load(name, list(_replays(recorded, count)), count * recorded_exchanges)


def _replays(requests: list[bytes], count: int) -> Iterator[bytes]:
    recordings = [Recording(request) for request in requests]
    shift_ns = time.time_ns() - max(recording.end_ns for recording in recordings)
    for number in range(count):
        ids = IdMap(random.Random(number).randbytes)
        for recording in recordings:
            yield recording.replay(shift_ns=shift_ns, ids=ids)
