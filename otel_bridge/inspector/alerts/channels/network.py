"""What channels take from the world outside; tests bring their own."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from otel_bridge.inspector.alerts.channels.guard import Resolve, resolve_by_system


@dataclass(frozen=True, slots=True)
class Network:
    resolve: Resolve = resolve_by_system
    clock: Callable[[], float] = time.time
    """Unix time."""
    trust: Callable[[], ssl.SSLContext] = httpx.create_ssl_context
    """What certificates are checked against. Each channel takes one of its own: HTTP leaves its name in it
    (ALPN), and there are mail servers that hang up on that."""
    patience: float = 10.0
    """Seconds that one try may take, from the name's resolution to the answer's end."""
