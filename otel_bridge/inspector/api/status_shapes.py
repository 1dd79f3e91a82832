"""The JSON document of /api/status, with the units of `shapes.py`; ages and waits are seconds."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from otel_bridge.inspector.api.shapes import Shape


class HeldShape(Shape):
    count: int
    bytes: int
    oldest: int | None
    newest: int | None
    hours_left: float | None = Field(description="null: age comes before size")
    bodies_since: int | None


class WarningShape(Shape):
    text: str
    fix: str


class PipelineShape(Shape):
    """What the bridge still owes to one destination."""

    name: str = Field(description="the exporter's key in the configuration")
    backlog_bytes: int
    backlog_records: int
    oldest_seconds: float = Field(description="age of the oldest record that is not settled; 0 without one")
    holding: bool = Field(description="nothing can be delivered at present, and the journal keeps what comes")
    hold_seconds: float
    dead_letters: int
    given_up: int = Field(description="exchanges, since the bridge started, because max_backlog says so")


class BridgeShape(Shape):
    journal_bytes: int
    journal_limit: int
    journal_seconds_to_full: float | None = Field(description="null: it does not grow")
    journal_damaged: int = Field(description="files that were set aside")
    dead_letter_bytes: int
    dead_letter_limit: int
    unprotected: list[str] = Field(description="protocols by which anybody in the network may send")
    pipelines: list[PipelineShape]


class StatusShape(Shape):
    held: HeldShape
    rates: dict[str, float] = Field(description="exchanges a second")
    not_captured: float | None = Field(
        description="share of the last 10 minutes' exchanges without headers and bodies; null: none came"
    )
    disk_free: int
    disk_total: int
    bridge: BridgeShape | None = Field(description="null: the inspector runs alone, or it does not answer")
    settings: dict[str, Any]
    warnings: list[WarningShape]
    kong_snippet: str
