"""Why Kong sends nothing, or not all: every finding about one gateway."""

from __future__ import annotations

from otel_bridge.kong.check_capture import check_capture
from otel_bridge.kong.check_export import check_export
from otel_bridge.kong.check_node import check_node
from otel_bridge.kong.findings import Finding
from otel_bridge.kong.gateway import Gateway


def examine(gateway: Gateway) -> list[Finding]:
    """What is wrong first, then what is worth knowing."""
    found = [*check_node(gateway), *check_export(gateway), *check_capture(gateway)]
    return sorted(found, key=lambda finding: not finding.wrong)
