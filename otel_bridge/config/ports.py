"""Whether two parts of the bridge want to listen on one port."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from otel_bridge.config.models import Config
from otel_bridge.documents.values import Endpoint

_EVERY_ADDRESS = ("0.0.0.0", "::")  # noqa: S104 - compared with, not listened on


def port_clashes(config: Config) -> Iterator[tuple[tuple[str, ...], str]]:
    """For each pair that can't both listen: the path of the later one, and why."""
    for (first, one), (second, other) in combinations(_listening(config), 2):
        if one.port and one.port == other.port and _overlap(one.host, other.host):
            yield second, f"is the port of {'.'.join(first)} already"


def _listening(config: Config) -> Iterator[tuple[tuple[str, ...], Endpoint]]:
    protocols = config.receivers.otlp.protocols
    yield ("receivers", "otlp", "protocols", "grpc", "endpoint"), protocols.grpc.endpoint
    yield ("receivers", "otlp", "protocols", "http", "endpoint"), protocols.http.endpoint
    if config.inspector.enabled:
        yield ("inspector", "endpoint"), config.inspector.endpoint
    yield ("telemetry", "metrics", "endpoint"), config.telemetry.metrics.endpoint


def _overlap(one: str, other: str) -> bool:
    return one == other or one in _EVERY_ADDRESS or other in _EVERY_ADDRESS
