"""The committed vendor files are what their script makes of the pinned packages."""

from __future__ import annotations

from pathlib import Path

import pytest

import otel_bridge.inspector
from tests.node_tools import run_node

STATIC = Path(otel_bridge.inspector.__file__).parent / "pages" / "static"


@pytest.mark.field
@pytest.mark.parametrize("name", ["vendor.js", "vendor.css"])
def test_vendor_files_are_what_the_script_makes(name: str, tmp_path: Path) -> None:
    run_node("vendor.mjs", str(tmp_path))

    assert (tmp_path / name).read_text() == (STATIC / name).read_text()
