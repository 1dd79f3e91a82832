"""How large Kong's POSTs and its workers' memory can get with the capture, and a queue that bounds them.

All of it was measured on a real Kong (see docs/kong.md): a queue that can't be delivered grows a
worker by four to five times the bytes it holds, because LuaJIT collects late.
"""

from __future__ import annotations

from typing import NamedTuple

KIB, MIB = 1024, 1024**2

# What an exchange carries beside its bodies: nginx's limits for request headers, response headers and
# the URL, and the rest of the span.
_REQUEST_HEADERS = 32 * KIB
_RESPONSE_HEADERS = 8 * KIB
_URL = 8 * KIB
_SPAN = 2000

# A POST below this passes any sensible receiver; the bridge's own default is four times as much.
_POST_LIMIT = 16 * MIB
_WORKER_LIMIT = 1200 * MIB
_GROWTH = (4, 5)

RECOMMENDED_BATCH = 50
RECOMMENDED_ENTRIES = 1000


class Queue(NamedTuple):
    """The `queue` of Kong's opentelemetry plugin; both count spans."""

    max_batch_size: int
    max_entries: int


def worst_exchange(max_body_size: int) -> int:
    """Bytes of one exchange on the wire with both bodies full and in base64; 0 means no bodies."""
    bodies = 2 * -(-max_body_size * 4 // 3)
    return bodies + _REQUEST_HEADERS + _RESPONSE_HEADERS + _URL + _SPAN


def worst_post(max_body_size: int, max_batch_size: int) -> int:
    """Bytes of the largest POST if every span of a batch is an exchange, as with `request` alone."""
    return worst_exchange(max_body_size) * max_batch_size


def worst_worker(max_body_size: int, max_entries: int) -> tuple[int, int]:
    """From and to: bytes that one worker grows by while a full queue can't be delivered."""
    held = worst_exchange(max_body_size) * max_entries
    return held * _GROWTH[0], held * _GROWTH[1]


def recommended_queue(max_body_size: int) -> Queue:
    """50 and 1000 as measured; fewer where larger bodies would break the bounds that those keep."""
    exchange = worst_exchange(max_body_size)
    return Queue(
        max_batch_size=max(1, min(RECOMMENDED_BATCH, _POST_LIMIT // exchange)),
        max_entries=max(1, min(RECOMMENDED_ENTRIES, _WORKER_LIMIT // (exchange * _GROWTH[1]))),
    )


def show_mib(count: float) -> str:
    mib = count / MIB
    return f"{mib:.0f} MiB" if mib >= 10 else f"{mib:.1f} MiB"
