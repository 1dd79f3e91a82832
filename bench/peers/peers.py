"""The programs that are compared, each in the set-ups that say something.

All of them take OTLP/HTTP from one sender, hand on at most `Batch.exchanges` at a time or what there is
after 200 ms, don't compress, and may hold about 200 MiB.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

from bench.loads import Load
from bench.peers.child import Running
from bench.sink import Sink

FLUSH_SECONDS = 0.2
HELD_BYTES = 200 << 20
# The bridge's own bounds: exchanges in a flush, and bytes in a payload.
_EXCHANGES = 1000
_PAYLOAD_BYTES = 20 << 20


class Batch(NamedTuple):
    """How much is handed on at a time."""

    exchanges: int
    spans: int
    queue: int
    """Received requests that come to `HELD_BYTES`."""


class Peer(NamedTuple):
    name: str
    does: str
    """In a few words, what goes where and what is kept on the way."""
    run: Callable[[Path, Sink, Batch], AbstractContextManager[Running]]
    """In an empty directory, towards a sink."""


def batch(load: Load) -> Batch:
    """What every program is to hand on at a time of this load."""
    exchanges = max(1, min(_EXCHANGES, _PAYLOAD_BYTES // load.bytes_each))
    queue = max(10, HELD_BYTES // (load.bytes_each * load.exchanges_each))
    return Batch(exchanges, exchanges * load.spans_each, queue)
