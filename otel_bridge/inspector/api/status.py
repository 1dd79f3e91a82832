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

from otel_bridge.inspector.api import shapes
from otel_bridge.inspector.api.asking import Asking
from otel_bridge.inspector.exchange import RANDOM_BYTES, Exchange
from otel_bridge.inspector.query import All
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
tracing_instrumentations = request,router,balancer,plugin_access
tracing_sampling_rate = 1.0
"""
_MINUTES = (1, 10)


def routes(
    store: Store, settings: InspectorSettings, keep: Keep, asking: Asking, *, beyond_loopback: bool
) -> APIRouter:
    """GET /api/status and POST /api/test-request."""
    router = APIRouter(prefix="/api", tags=["status"])

    @router.get("/status")
    async def status(request: Request) -> shapes.StatusShape:
        """What is held, what arrives, how it is set, and what is wrong with that."""
        held = await asking.ask(request, lambda _: store.held())
        rates = await asking.ask(
            request, lambda _: {f"{minutes} min": _rate(store, minutes) for minutes in _MINUTES}
        )
        free = await asyncio.to_thread(shutil.disk_usage, settings.directory)
        return shapes.StatusShape(
            held=_held(held),
            rates=rates,
            disk_free=free.free,
            disk_total=free.total,
            settings=_settings(settings),
            warnings=_warnings(settings, held, beyond_loopback=beyond_loopback),
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


def _rate(store: Store, minutes: int) -> float:
    """Exchanges a second that began in the last *minutes*."""
    now = time.time_ns() // 1000
    found = store.histogram(All(), Period(now - minutes * 60_000_000, now), bars=1)
    return sum(sum(bar.classes) for bar in found.bars) / (minutes * 60)


def _held(held: Held) -> shapes.HeldShape:
    return shapes.HeldShape(
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


def _warnings(settings: InspectorSettings, held: Held, *, beyond_loopback: bool) -> list[shapes.WarningShape]:
    told = []
    if held.quarantined:
        told.append(
            shapes.WarningShape(
                text=f"{len(held.quarantined)} damaged files were set aside: {held.quarantined[0]} ...",
                fix="Look at the disk; what they held can't be shown. Delete them to end this.",
            )
        )
    if held.hours_left is not None and held.hours_left < 24:
        told.append(
            shapes.WarningShape(
                text=f"At today's rate the oldest exchange goes in {held.hours_left:.1f} hours.",
                fix="Raise inspector.retention.size, keep fewer bodies (log_bodies), or exclude traffic.",
            )
        )
    if beyond_loopback and not settings.ingest_tokens:
        told.append(
            shapes.WarningShape(
                text="The inspector listens beyond this machine and takes traffic from anybody.",
                fix="Set inspector.ingest_tokens, or listen on 127.0.0.1.",
            )
        )
    return told


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
