"""The files that run on Kong, as they come with this package."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

PLUGIN_DIRECTORY = Path("kong/plugins/otel-capture")
"""Below a directory of `lua_package_path`."""
PLUGIN_FILES = ("handler.lua", "schema.lua")

_CAPTURE = files("otel_bridge.kong") / "capture"


def plugin_file(name: str) -> str:
    """The text of one of PLUGIN_FILES."""
    return (_CAPTURE / "plugin" / str(PLUGIN_DIRECTORY) / name).read_text(encoding="utf-8")


def write_plugin(directory: Path) -> list[Path]:
    """Write the plugin below *directory*, over an older one; returns the files. May raise OSError."""
    target = directory / PLUGIN_DIRECTORY
    target.mkdir(parents=True, exist_ok=True)
    written = [target / name for name in PLUGIN_FILES]
    for path in written:
        path.write_text(plugin_file(path.name), encoding="utf-8")
    return written
