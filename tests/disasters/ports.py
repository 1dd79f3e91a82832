"""Ports that a bridge keeps over its restarts and reloads."""

from __future__ import annotations

from typing import Any

from tests.vendor_server import free_port


def fixed_ports() -> dict[str, Any]:
    """Sections with free ports of the loopback, an inspector among them."""
    http, grpc, metrics, inspector = ({"endpoint": f"127.0.0.1:{free_port()}"} for _ in range(4))
    return {
        "receivers": {"otlp": {"protocols": {"http": http, "grpc": grpc}}},
        "telemetry": {"metrics": metrics},
        "inspector": inspector,
    }
