"""Recorded Kong traffic played as if it were happening: `otel-bridge demo` lives on it.

The recordings lie in `traffic/`, one request each, taken from real Kongs with headers and bodies captured
(one without): good and bad answers of several services, slow ones, odd bytes, masked secrets.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from importlib.resources import files
from random import Random
from typing import NamedTuple

import httpx

from otel_bridge.demo.replay import IdMap, Recording

# What a Kong 3.9 sends beside Host and Content-Length; it takes 200 for success and nothing else.
_HEADERS = {
    "Content-Type": "application/x-protobuf",
    "User-Agent": "lua-resty-http/0.17.2 (Lua) ngx_lua/10026",
}
_TIMEOUT = 5.0
# The pace swells and ebbs by this part of it, in this many seconds.
_SWING = 0.6
_TIDE = 20.0

# What somebody asks for in a row, and how often that happens.
VISITS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (8, ("get-query", "get-regex-route", "get-query")),
    (5, ("options", "get-query", "post-json-small")),
    (4, ("https-h2", "304-json", "gzip-response")),
    (3, ("get-regex-route", "put", "get-regex-route")),
    (2, ("post-form", "upstream-302")),
    (2, ("https-h1", "host-route-port")),
    (2, ("x-forwarded-for", "rate-limit-first", "rate-limit-429", "rate-limit-429")),
    (2, ("key-auth-missing", "key-auth-missing-post")),
    (2, ("upstream-404", "no-route-404")),
    (2, ("upstream-500",)),
    (1, ("conn-refused", "conn-refused", "flaky-1")),
    (1, ("timeout-504-post",)),
    (1, ("slow-2s",)),
    (1, ("abort-mid-upload",)),
    (1, ("chunked-response", "binary-response")),
    (1, ("serviceless-403", "serviceless-410")),
    (1, ("delete-204",)),
    (1, ("transformers", "secrets")),
    (1, ("dns-upstream",)),
    (1, ("utf8-cut",)),
    (1, ("unicode-raw-path", "invalid-utf8-query")),
    (1, ("latin1-header", "echo-nul")),
    (1, ("ipv6-client", "bad-request-line")),
)


class Played(NamedTuple):
    """How far a play has come."""

    requests: int = 0
    """OTLP requests that were answered 200."""
    exchanges: int = 0
    """HTTP exchanges in those."""
    refused: int = 0
    """Requests that got another answer, or none."""


class Cue(NamedTuple):
    """What is to be played `at` so many seconds after the start."""

    at: float
    name: str


def traffic() -> dict[str, Recording]:
    """The recordings in the package, by name."""
    folder = files(__package__) / "traffic"
    found = {file.name.removesuffix(".pb"): file.read_bytes() for file in folder.iterdir()}
    return {name: Recording(request) for name, request in sorted(found.items())}


def cues(*, duration: float, rate: float, rng: Random) -> Iterator[Cue]:
    """*duration* seconds of visits, *rate* requests a second in the mean, at a pace that swells and ebbs."""
    weights = [weight for weight, _ in VISITS]
    at = 0.0
    while True:
        [(_, names)] = rng.choices(VISITS, weights)
        for name in names:
            if at >= duration:
                return
            yield Cue(at, name)
            at += rng.expovariate(rate * (1 + _SWING * math.sin(2 * math.pi * at / _TIDE)))


async def play(
    endpoint_url: str,
    *,
    duration: float,
    rate: float,
    rng: Random,
    clock: Callable[[], float] = time.time,
    progress: Callable[[Played], None] = lambda _: None,
) -> Played:
    """Post recorded exchanges to *endpoint_url* as Kong does, one at a time, for *duration* seconds.

    *rate* is requests a second, each with one exchange. *clock* tells the Unix time that exchanges end at,
    *rng* gives pace, order and ids; *progress* is called after each request. An unreachable or refusing
    endpoint is counted, and play goes on.
    """
    recordings = traffic()
    loop = asyncio.get_running_loop()
    played = Played()
    async with httpx.AsyncClient(timeout=_TIMEOUT) as client:
        started = loop.time()
        for at, name in cues(duration=duration, rate=rate, rng=rng):
            await asyncio.sleep(started + at - loop.time())
            if loop.time() - started >= duration:
                break
            recording = recordings[name]
            shift_ns = int(clock() * 1e9) - recording.end_ns
            body = recording.replay(shift_ns=shift_ns, ids=IdMap(rng.randbytes))
            if await _accepted(client, endpoint_url, body):
                played = played._replace(
                    requests=played.requests + 1, exchanges=played.exchanges + recording.server_spans
                )
            else:
                played = played._replace(refused=played.refused + 1)
            progress(played)
    return played


async def _accepted(client: httpx.AsyncClient, url: str, body: bytes) -> bool:
    try:
        # Sent as it is: the client's own default headers are not Kong's.
        answer = await client.send(httpx.Request("POST", url, headers=_HEADERS, content=body))
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK
