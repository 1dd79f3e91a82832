"""The endpoint for whoever watches the bridge: /metrics, /healthz, /readyz."""

from __future__ import annotations

from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from otel_bridge.telemetry.metrics import Metrics

Readiness = Callable[[], str | None]
"""None where the bridge can do its work, else why not, in a sentence."""


def telemetry_app(metrics: Metrics, *, why_not_ready: Readiness) -> Starlette:
    """An app for `AsgiServer`. Sources of gauges and *why_not_ready* are called in its event loop."""

    async def expose(_request: Request) -> Response:
        return Response(metrics.exposition(), headers={"content-type": metrics.content_type})

    async def healthz(_request: Request) -> Response:
        return PlainTextResponse("ok\n")

    async def readyz(_request: Request) -> Response:
        reason = why_not_ready()
        return PlainTextResponse(f"{reason or 'ready'}\n", status_code=503 if reason else 200)

    return Starlette(
        routes=[Route("/metrics", expose), Route("/healthz", healthz), Route("/readyz", readyz)],
    )
