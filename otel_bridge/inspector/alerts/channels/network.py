"""What channels take from the world outside; tests bring their own."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx

from otel_bridge.inspector.alerts.channels.guard import Resolve, resolve_by_system


@dataclass(frozen=True, slots=True)
class Network:
    resolve: Resolve = resolve_by_system
    clock: Callable[[], float] = time.time
    """Unix time."""
    trust: ssl.SSLContext = field(default_factory=httpx.create_ssl_context, repr=False)
    """What certificates are checked against; slow to make."""
    patience: float = 10.0
    """Seconds that one try may take, from the name's resolution to the answer's end."""
