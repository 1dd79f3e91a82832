"""`make bench` runs, and prints a row for every stage."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

from bench.__main__ import SERVE
from bench.alerts import KINDS, RULES, typical_rules
from bench.loads import NAMES
from bench.stages import STAGES
from tests.recordings import HERE

ROOT = Path(__file__).parents[1]


@pytest.mark.skipif(platform.system() != "Linux", reason="`serve` is measured by Linux's /proc")
def test_a_quick_run_prints_every_row_and_loses_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "default", "bodies"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    rows = [line.strip() for line in done.stdout.splitlines() if line.startswith("  ")]
    assert [*STAGES, SERVE] * 2 == [name for row in rows for name in (*STAGES, SERVE) if row.startswith(name)]
    assert ["all 560 delivered", "all 200 delivered"] == [
        row.rpartition(", ")[2] for row in rows if row.startswith(SERVE)
    ]


def test_every_load_is_recorded() -> None:
    assert set(NAMES) == {folder.name for folder in (HERE / "kong-3.9-load").iterdir()}


def test_the_inspector_takes_traffic_and_answers_every_question() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--exchanges", "3", "inspector"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    assert "inspector: 3 exchanges over 168 h" in done.stdout
    for row in ("through HTTP", "into the store", "on disk", "newest 50", "dashboard, week"):
        assert f"  {row}" in done.stdout


def test_alert_rules_of_every_kind_are_measured() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench", "--quick", "alerts"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    rows = [line[2:26].rstrip() for line in done.stdout.splitlines() if line.startswith("  ")]

    assert (0, "") == (done.returncode, done.stderr)
    assert ["no rule", *KINDS, "100 typical rules"] == rows
    assert len(typical_rules()) == RULES
