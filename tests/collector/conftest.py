"""A bridge behind the Collector, by either transport."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.bridge import Bridge
from tests.collector.gateway import Gateway
from tests.disasters.ports import fixed_ports

TRANSPORTS = ["grpc", "http"]


@pytest.fixture(params=TRANSPORTS)
def transport(request: pytest.FixtureRequest) -> str:
    """How the Collector sends to the bridge."""
    return str(request.param)


def bridge_on_fixed_ports(directory: Path, **sections: Any) -> Bridge:
    """One that keeps its addresses when it starts again; without an inspector."""
    ports = fixed_ports()
    return Bridge(directory, receivers=ports["receivers"], telemetry=ports["telemetry"], **sections)


def before(bridge: Bridge, transport: str, directory: Path, **settings: str) -> Gateway:
    """A Collector that sends to *bridge*, which runs."""
    return to_addresses(
        bridge.address("OTLP/gRPC"), bridge.address("OTLP/HTTP"), transport, directory, **settings
    )


def to_addresses(grpc: str, http: str, transport: str, directory: Path, **settings: str) -> Gateway:
    if transport == "grpc":
        return Gateway(directory, {"BRIDGE_GRPC_ENDPOINT": grpc, **settings})
    parts = urlsplit(http)
    endpoint = f"{parts.scheme}://{parts.netloc}"
    return Gateway(
        directory, {"BRIDGE_EXPORTER": "otlp_http/bridge", "BRIDGE_HTTP_ENDPOINT": endpoint, **settings}
    )
