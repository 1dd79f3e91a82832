"""Runscope for the SDK: `OTEL_TRACES_EXPORTER=runscope`, or by class."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from otel_bridge.exporters.runscope.destination import RunscopeDestination
from otel_bridge.exporters.runscope.settings import RunscopeSettings
from otel_bridge.exporters.sdk import BridgeSpanExporter


class RunscopeSpanExporter(BridgeSpanExporter):
    """Settings by object, by keyword (`access_token=...`), and the others from `RUNSCOPE_*` variables.

    Raises SettingsError for one that is missing or can't be used.
    """

    def __init__(
        self,
        settings: RunscopeSettings | None = None,
        *,
        export_timeout: float | None = None,
        **given: Any,
    ) -> None:
        chosen = replace(settings, **given) if settings else RunscopeSettings.from_env(**given)
        super().__init__(
            "runscope",
            RunscopeDestination(chosen),
            bodies=chosen.log_body,
            queue_size=chosen.queue_size,
            flush_timeout=chosen.flush_timeout,
            retry_count=chosen.retry_count,
            export_timeout=export_timeout,
        )
