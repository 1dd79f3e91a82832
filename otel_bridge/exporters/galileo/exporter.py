"""Galileo for the SDK: `OTEL_TRACES_EXPORTER=galileo`, or by class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from otel_bridge.exporters.galileo.destination import GalileoDestination
from otel_bridge.exporters.galileo.settings import GalileoSettings
from otel_bridge.exporters.sdk import BridgeSpanExporter


class GalileoSpanExporter(BridgeSpanExporter):
    """Settings by object, by keyword (`service_token=...`), and the others from `GALILEO_*` variables.

    Raises SettingsError for one that is missing or can't be used.
    """

    def __init__(
        self,
        settings: GalileoSettings | None = None,
        *,
        export_timeout: float | None = None,
        **given: Any,
    ) -> None:
        chosen = replace(settings, **given) if settings else GalileoSettings.from_env(**given)
        super().__init__(
            "galileo",
            GalileoDestination(chosen),
            bodies=chosen.log_bodies,
            queue_size=chosen.queue_size,
            flush_timeout=chosen.flush_timeout,
            retry_count=chosen.retry_count,
            export_timeout=export_timeout,
        )
