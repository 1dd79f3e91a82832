"""`otel-bridge dead-letters` in this process, beside the bridge that serves."""

from __future__ import annotations

import json
from typing import Any

from click.testing import CliRunner, Result

from otel_bridge.cli import main
from tests.bridge import Bridge


def dead_letters(bridge: Bridge, *arguments: object) -> Result:
    return CliRunner().invoke(main, ["dead-letters", "--config", str(bridge.config), *map(str, arguments)])


def listed(bridge: Bridge) -> list[dict[str, Any]]:
    """All of them, oldest first."""
    found: list[dict[str, Any]] = json.loads(dead_letters(bridge, "list", "--json").stdout)
    return found
