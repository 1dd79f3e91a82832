"""A sender of its own for each test, and what it sends."""

from __future__ import annotations

import contextlib
import ssl
from collections.abc import AsyncIterator

from otel_bridge.delivery import Request, Sender, Transport
from tests.vendor_server import PATIENCE

TOKEN = "token-to-keep-secret"


@contextlib.asynccontextmanager
async def sending(
    *,
    verify: bool = False,
    context: ssl.SSLContext | None = None,
    timeout: float = PATIENCE,  # noqa: ASYNC109 - the sender's, not ours
    total_timeout: float = 2 * PATIENCE,
    keepalive: float = 5.0,
) -> AsyncIterator[Sender]:
    transport = Transport(verify=verify, timeout=timeout, total_timeout=total_timeout, keepalive=keepalive)
    sender = Sender(transport, context=context)
    try:
        yield sender
    finally:
        await sender.aclose()


def post(url: str, content: bytes = b"{}") -> Request:
    return Request(f"{url}/1.1.0/single", {"Content-Type": "application/json"}, content, TOKEN)
