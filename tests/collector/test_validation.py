"""The Collector finds no fault in collector-config.yaml, whichever exporters are chosen."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.collector.gateway import CONFIG, collector

pytestmark = pytest.mark.field


@pytest.mark.parametrize("to_bridge", ["otlp_grpc/bridge", "otlp_http/bridge"])
@pytest.mark.parametrize("to_backend", ["nop", "otlp_grpc/backend", "otlp_http/backend"])
def test_it_is_valid(tmp_path: Path, to_bridge: str, to_backend: str) -> None:
    chosen = {"BRIDGE_EXPORTER": to_bridge, "BACKEND_EXPORTER": to_backend}
    done = subprocess.run(
        [collector(), "validate", "--config", str(CONFIG)],
        capture_output=True,
        text=True,
        env={**os.environ, "COLLECTOR_DIRECTORY": str(tmp_path), **chosen},
        timeout=60,
        check=False,
    )

    assert (0, "", "") == (done.returncode, done.stdout, done.stderr)
