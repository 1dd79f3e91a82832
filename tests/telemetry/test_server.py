"""The endpoint of metrics and health."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from otel_bridge.asgi import AsgiServer, listen
from otel_bridge.telemetry.instruments import ACCEPTED_SPANS
from otel_bridge.telemetry.metrics import Metrics
from otel_bridge.telemetry.server import telemetry_app
from tests.loops import LIMIT, BackgroundLoop

WHY_NOT: list[str] = []


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    metrics = Metrics()
    metrics.counter(ACCEPTED_SPANS, "http").inc(3)

    async def start() -> AsgiServer:
        app = telemetry_app(metrics, why_not_ready=lambda: WHY_NOT[0] if WHY_NOT else None)
        server = AsgiServer(app, listen("127.0.0.1:0"))
        await server.start()
        return server

    with BackgroundLoop() as loop:
        server = loop.run(start())
        yield f"http://{server.address}"
        loop.run(server.stop(grace=1))


def test_metrics(url: str) -> None:
    answer = httpx.get(f"{url}/metrics", timeout=LIMIT)

    assert 200 == answer.status_code
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert 'otel_bridge_receiver_accepted_spans_total{transport="http"} 3.0\n' in answer.text


def test_health(url: str) -> None:
    answer = httpx.get(f"{url}/healthz", timeout=LIMIT)

    assert (200, "ok\n") == (answer.status_code, answer.text)


def test_ready_until_nothing_can_be_written(url: str) -> None:
    ready = httpx.get(f"{url}/readyz", timeout=LIMIT)
    WHY_NOT.append("The journal cannot be written: /var/lib/otel-bridge is read-only.")
    not_ready = httpx.get(f"{url}/readyz", timeout=LIMIT)
    WHY_NOT.clear()

    assert (200, "ready\n") == (ready.status_code, ready.text)
    assert 503 == not_ready.status_code
    assert "read-only" in not_ready.text


def test_nothing_else(url: str) -> None:
    assert 404 == httpx.get(f"{url}/", timeout=LIMIT).status_code
    assert 405 == httpx.post(f"{url}/metrics", timeout=LIMIT).status_code
