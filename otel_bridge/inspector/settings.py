"""What the inspector runs with; it can be pickled, for it goes to a process of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from otel_bridge.inspector.access import AccessToken
from otel_bridge.inspector.alerts.channels.settings import ChannelSettings
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.wire.tokens import IngestToken
from otel_bridge.redaction import DEFAULTS, RedactionRules


class LogBodies(StrEnum):
    """Whose bodies are kept."""

    ALL = "all"
    ERRORS = "errors"
    """Of exchanges that failed: status 400 and above, or none."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectorSettings:
    directory: Path
    retention: Retention
    log_bodies: LogBodies = LogBodies.ALL
    exclude: tuple[str, ...] = ()
    """Queries; what one of them matches is not kept."""
    redaction: RedactionRules = DEFAULTS
    """For what does not come through a bridge."""
    tokens: tuple[AccessToken, ...] = field(repr=False)
    """Of people; at least one."""
    ingest_tokens: tuple[IngestToken, ...] = field(default=(), repr=False)
    """Of senders; without any everybody may send."""
    allowed_hosts: tuple[str, ...] = ()
    """Names it answers to."""
    public_url: str | None = None
    sampling_rate: float = 1.0
    """The share of exchanges that the gateway sends at all; below 1 the pages say what that means."""
    channels: tuple[ChannelSettings, ...] = ()
    """Who can be told of alerts."""
    bridge_metrics: str | None = None
    """`host:port` of the /metrics of the bridge that it is a child of."""
