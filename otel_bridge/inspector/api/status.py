"""How the inspector is: what it holds and for how long, what arrives, what is wrong; and a test exchange."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from secrets import token_bytes, token_hex
from typing import Any

from fastapi import APIRouter, HTTPException, Request

from otel_bridge.inspector.api import bridge, troubles
from otel_bridge.inspector.api.asking import Asking
from otel_bridge.inspector.api.status_shapes import HeldShape, StatusShape
from otel_bridge.inspector.exchange import RANDOM_BYTES, Exchange
from otel_bridge.inspector.query import All, Query, parse
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.interface import Held, Period, Store
from otel_bridge.inspector.wire import galileo
from otel_bridge.inspector.wire.assemble import Arrival
from otel_bridge.inspector.wire.sink import NotKeptError
from otel_bridge.inspector.wire.tokens import IngestTokens

Keep = Callable[[Sequence[Exchange]], Awaitable[None]]

SNIPPET = """\
plugins:
- name: opentelemetry
  config:
    traces_endpoint: {endpoint}/v1/traces
    sampling_rate: 1
# and in kong.conf
tracing_instrumentations = request   # or all: the gateway's own work, too
tracing_sampling_rate = 1.0
"""
_MINUTES = (1, 10)


def routes(
    store: Store, settings: InspectorSettings, keep: Keep, asking: Asking, *, beyond_loopback: bool
) -> APIRouter:
    """GET /api/status and POST /api/test-request."""
    router = APIRouter(prefix="/api", tags=["status"])

    @router.get("/status")
    async def status(request: Request) -> StatusShape:
        """What is held, what arrives, how it is set, and what is wrong with that."""
        held = await asking.ask(request, lambda _: store.held())
        rates, not_captured = await asking.ask(request, lambda _: _arriving(store))
        disk = await asyncio.to_thread(shutil.disk_usage, settings.directory)
        told = list(
            troubles.of_inspector(settings, held, disk_free=disk.free, beyond_loopback=beyond_loopback)
        )
        state = None
        if settings.bridge_metrics is not None:
            state = await asyncio.to_thread(bridge.ask, settings.bridge_metrics)
            told += [troubles.unanswered()] if state is None else troubles.of_bridge(state)
        return StatusShape(
            held=_held(held),
            rates=rates,
            not_captured=not_captured,
            disk_free=disk.free,
            disk_total=disk.total,
            bridge=state,
            settings=_settings(settings),
            warnings=told,
            kong_snippet=SNIPPET.format(endpoint="http://BRIDGE:4318"),
        )

    @router.post("/test-request", status_code=204)
    async def test_request() -> None:
        """Keep one exchange that looks as if Kong had sent it, to see that it arrives."""
        arrival = Arrival(time.time_ns() // 1000, lambda: token_bytes(RANDOM_BYTES))
        read = galileo.read([_example()], tokens=IngestTokens(()), arrival=arrival)
        try:
            await keep(read.exchanges)
        except NotKeptError as error:
            raise HTTPException(503, str(error)) from error

    return router


def _arriving(store: Store) -> tuple[dict[str, float], float | None]:
    """Exchanges a second by period, and the share of those of the longest one that were not captured."""
    counts = {minutes: _count(store, All(), minutes) for minutes in _MINUTES}
    longest = max(_MINUTES)
    unseen = _count(store, parse("-is:captured"), longest)
    rates = {f"{minutes} min": count / (minutes * 60) for minutes, count in counts.items()}
    return rates, min(1.0, unseen / counts[longest]) if counts[longest] else None


def _count(store: Store, query: Query, minutes: int) -> int:
    """How many began in the last *minutes*."""
    now = time.time_ns() // 1000
    found = store.histogram(query, Period(now - minutes * 60_000_000, now), bars=1)
    return sum(sum(bar.classes) for bar in found.bars)


def _held(held: Held) -> HeldShape:
    return HeldShape(
        count=held.exchanges,
        bytes=held.bytes,
        oldest=held.oldest_us,
        newest=held.newest_us,
        hours_left=held.hours_left,
        bodies_since=held.bodies_since_us,
    )


def _settings(settings: InspectorSettings) -> dict[str, Any]:
    kept = settings.retention
    return {
        "directory": str(settings.directory),
        "age_seconds": kept.age,
        "bodies_seconds": kept.bodies,
        "size": kept.size,
        "min_free": kept.min_free,
        "log_bodies": settings.log_bodies.value,
        "exclude": list(settings.exclude),
        "people": [{"name": each.name, "role": each.role.value} for each in settings.tokens],
        "senders_need_tokens": bool(settings.ingest_tokens),
        "allowed_hosts": list(settings.allowed_hosts),
    }


def _example() -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "version": "1.1.0",
        "serviceToken": "test-request",
        "har": {
            "log": {
                "creator": {"name": "otel-bridge", "version": "test"},
                "entries": [
                    {
                        "startedDateTime": now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                        "time": 12.5,
                        "request": {
                            "method": "GET",
                            "url": "http://example.test/hello?from=inspector",
                            "httpVersion": "HTTP/1.1",
                            "queryString": [{"name": "from", "value": "inspector"}],
                            "headers": [{"name": "Accept", "value": "application/json"}],
                            "headersSize": 60,
                            "bodySize": 0,
                            "bodyCaptured": False,
                        },
                        "response": {
                            "status": 200,
                            "statusText": "OK",
                            "httpVersion": "HTTP/1.1",
                            "headers": [{"name": "Content-Type", "value": "application/json"}],
                            "headersSize": 50,
                            "bodySize": 17,
                            "bodyCaptured": True,
                            "content": {
                                "mimeType": "application/json",
                                "encoding": "plain",
                                "text": '{"hello":"world"}',
                            },
                        },
                        "timings": {"send": 1.0, "wait": 11.0, "receive": 0.5},
                        "_otel": {
                            "traceId": token_hex(16),
                            "spanId": token_hex(8),
                            "service": "test",
                            "captured": True,
                        },
                    }
                ],
            }
        },
    }
