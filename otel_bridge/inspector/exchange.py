"""An exchange as the inspector keeps it, in one shape whatever protocol it came in.

`wire/` makes it of what a sender posted, `store/` keeps it, `query/` matches it, the API and the pages show
it. Times are whole microseconds, so that what SQL compares and what Python compares is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from hashlib import blake2b
from typing import Any, NamedTuple

Headers = tuple[tuple[str, str], ...]

RANDOM_BYTES = 10
"""What `exchange_id` wants of chance."""

_LATEST_MS = (1 << 48) - 1


class Wire(StrEnum):
    """The protocol an exchange came in."""

    GALILEO = "galileo"
    RUNSCOPE = "runscope"


class Side(NamedTuple):
    """The request or the response. Texts are the sender's: any length, any characters."""

    headers: Headers = ()
    """In the sender's order; one item per value, names as received."""
    headers_size: int | None = None
    """Bytes of start line and headers."""
    body: bytes | None = None
    """Raw bytes; None where no body came along. A Content-Encoding still applies unless `decoded`."""
    body_size: int | None = None
    """Bytes of the whole body, whatever of it is in `body`; None where the sender did not say."""
    truncated: bool = False
    incomplete: bool = False
    """The peer went away in the middle."""
    masked: bool = False
    decoded: bool = False
    """Redaction had to take the Content-Encoding off and left it off."""
    omitted: str = ""
    """Why there is no body though there was one: the capture's words, the bridge's or the inspector's
    (`not kept`, `expired`)."""


class Exchange(NamedTuple):
    """One HTTP call. "" and None mean that the sender did not say."""

    id: str
    """32 hex digits, made by `exchange_id`: the same exchange sent twice has the same one."""
    wire: Wire
    arrived_us: int
    """Unix time, as `started_us`."""
    started_us: int
    """When the client's request began; the arrival where the sender did not say, and never after it."""
    duration_us: int | None

    method: str
    url: str
    """As the client asked for it, without user name and password."""
    scheme: str
    host: str
    """Lower case, without port; an IPv6 address in brackets."""
    port: int | None
    path: str
    """As sent, begins with `/` (or is `*`)."""
    query: str
    """As sent, without the `?`."""
    http_version: str
    """`HTTP/1.1`, `HTTP/2` ..."""
    status: int
    """0 to 999; 0 where there was no answer."""
    reason: str
    request: Side
    response: Side

    environment: str
    """Galileo's."""
    bucket: str
    """Runscope's."""
    service: str
    route: str
    consumer: str
    route_template: str
    gateway: str
    """`service.instance.id` of the sender's resource, else its `service.name`."""
    source: str
    """Who made the response: `service`, `exit` or `error`, Kong's words."""
    client_address: str
    client_port: int | None
    upstream_address: str
    upstream_port: int | None
    upstream_status: int | None
    request_id: str
    """Kong's own."""
    trace_id: str
    """Lower-case hex, as `span_id`."""
    span_id: str

    send_us: int | None
    """The three parts of `duration_us`, as far as the sender told them."""
    wait_us: int | None
    receive_us: int | None
    gateway_us: int | None
    """Time spent in the gateway itself, and waiting for the upstream: the gateway's own account."""
    upstream_us: int | None

    captured: bool
    """Headers and bodies are known; if not, their absence says nothing."""
    not_captured: str
    """Why not, for the reader."""
    masked: bool
    """Redaction replaced something."""
    spans: Sequence[Mapping[str, Any]]
    """The gateway's own spans inside the exchange, as `_otel.spans` tells them (formats/extension.py)."""
    resource: Mapping[str, Any]
    """The sender's resource attributes."""


def exchange_id(started_us: int, *, trace_id: str, span_id: str, random: bytes) -> str:
    """32 hex digits: 6 bytes of Unix milliseconds, then 10 that tell the exchanges of a millisecond apart.

    They come from *trace_id* and *span_id* where both are known, so that the same exchange has the same id
    however often and by whatever protocol it comes; else they are *random*, `RANDOM_BYTES` of them. Time
    first: ids sort by time, and one alone says in which hour to look.
    """
    own = random
    if trace_id and span_id:
        named = f"{trace_id.lower()}-{span_id.lower()}"
        own = blake2b(named.encode(errors="surrogatepass"), digest_size=RANDOM_BYTES).digest()
    milliseconds = min(max(started_us // 1000, 0), _LATEST_MS)
    return (milliseconds.to_bytes(6, "big") + own).hex()
