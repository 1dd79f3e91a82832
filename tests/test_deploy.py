"""deploy/ and the runbook fit the program: metrics, labels and pages exist, and alerts fire as they say."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from otel_bridge.telemetry.instruments import INSTRUMENTS, Kind
from tests.programs import program

ROOT = Path(__file__).parent.parent
ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yaml"
DASHBOARD = ROOT / "deploy" / "grafana" / "dashboard.json"
RUNBOOK = ROOT / "docs" / "runbook.md"

# What Prometheus itself and its client library add.
FOREIGN = {"up", "process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds"}
TARGET_LABELS = {"job", "instance", "le"}


def rules() -> list[dict[str, Any]]:
    document = YAML(typ="safe").load(ALERTS)
    return [rule for group in document["groups"] for rule in group["rules"]]


def expressions() -> Iterator[str]:
    yield from (rule["expr"] for rule in rules())
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def exposed() -> dict[str, set[str]]:
    """The labels of each series that /metrics can have."""
    found: dict[str, set[str]] = {}
    for instrument in INSTRUMENTS:
        endings = ("_bucket", "_sum", "_count") if instrument.kind is Kind.HISTOGRAM else ("",)
        found |= {instrument.exposed_name + ending: set(instrument.labels) for ending in endings}
    return found


def test_every_metric_and_label_that_is_used_exists() -> None:
    known = exposed()
    used: set[str] = set()
    for expression in expressions():
        names = set(re.findall(r"\b(?:otel_bridge_\w+|process_\w+|up)\b", expression))
        used |= names
        labels = set(re.findall(r"(\w+)\s*=~?\"", expression))
        for grouping in re.findall(r"\bby \(([^)]*)\)", expression):
            labels |= {label.strip() for label in grouping.split(",")}
        allowed = TARGET_LABELS.union(*(known.get(name, set()) for name in names))

        assert labels <= allowed, expression

    assert used - FOREIGN <= set(known)
    assert len(used) > 20


def test_every_alert_leads_to_a_page_of_the_runbook() -> None:
    headings = re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE)
    anchors = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for rule in rules():
        page, _, anchor = rule["annotations"]["runbook"].partition("#")

        assert "docs/runbook.md" == page
        assert anchor in anchors, rule["alert"]


@pytest.mark.field
def test_alerts_fire_as_their_tests_say() -> None:
    promtool = program("promtool", package="prometheus")

    for arguments in (("check", "rules", "alerts.yaml"), ("test", "rules", "alerts_test.yaml")):
        done = subprocess.run(
            [promtool, *arguments], cwd=ALERTS.parent, capture_output=True, text=True, timeout=60, check=False
        )

        assert 0 == done.returncode, done.stdout + done.stderr
