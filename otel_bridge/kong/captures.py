"""Where a Kong's captures are: as the plugin or inside a pre-function."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from otel_bridge.kong.gateway import Gateway, Plugin, Scope
from otel_bridge.kong.settings import DEFAULT

PHASES = ("access", "body_filter", "log")

# Set by our core alone; present in whatever way the text came into the pre-function.
_MARK = "kong.capture.version"


class Capture(NamedTuple):
    plugin: Plugin
    bodies: str
    max_body_size: int

    @property
    def scope(self) -> Scope:
        return self.plugin.scope

    @property
    def kept(self) -> int:
        """Bytes kept of each body; 0 where none is."""
        return 0 if self.bodies == "none" else self.max_body_size


def captures(gateway: Gateway) -> Iterator[Capture]:
    """Every capture that is switched on."""
    for plugin in gateway.enabled("otel-capture"):
        size = plugin.config.get("max_body_size")
        yield Capture(
            plugin,
            str(plugin.config.get("bodies") or DEFAULT.bodies),
            size if isinstance(size, int) else DEFAULT.max_body_size,
        )
    for plugin in gateway.enabled("pre-function"):
        phases = captured_phases(plugin)
        if phases:
            text = next(text for text in _texts(plugin, phases[0]) if _MARK in text)
            bodies = re.search(r'^\s*bodies = "(\w+)",', text, re.MULTILINE)
            size_found = re.search(r"^\s*max_body_size = (\d+),", text, re.MULTILINE)
            yield Capture(
                plugin,
                bodies[1] if bodies else DEFAULT.bodies,
                int(size_found[1]) if size_found else DEFAULT.max_body_size,
            )


def captured_phases(plugin: Plugin) -> list[str]:
    """Those of PHASES in which the pre-function *plugin* runs the capture."""
    return [phase for phase in PHASES if any(_MARK in text for text in _texts(plugin, phase))]


def _texts(plugin: Plugin, phase: str) -> list[str]:
    found = plugin.config.get(phase)
    return [text for text in found if isinstance(text, str)] if isinstance(found, list) else []
