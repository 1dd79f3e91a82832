"""docs/operations.md lists every metric as the code has it.

After a change: `python -m tests.telemetry.test_docs` writes the table anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from otel_bridge.telemetry.instruments import INSTRUMENTS, REFUSED_REQUESTS

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
TABLE = re.compile(r"(?<=<!-- metrics -->\n).*?(?=\n<!-- /metrics -->)", re.DOTALL)


def table() -> str:
    rows = ["| Metric | Kind | Labels | Meaning |", "|---|---|---|---|"]
    rows += [
        f"| `{each.exposed_name}` | {each.kind} | {', '.join(each.labels)} | {each.help} |"
        for each in INSTRUMENTS
    ]
    return "\n".join(rows)


def test_the_table_of_metrics_is_the_code() -> None:
    found = TABLE.search(PAGE.read_text())

    assert found is not None
    assert table() == found.group()


def test_every_alert_asks_for_a_metric_that_exists() -> None:
    asked = set(re.findall(r"otel_bridge_\w+", PAGE.read_text()))
    exposed = {each.exposed_name for each in INSTRUMENTS}
    buckets = {f"{name}_bucket" for name in exposed}

    assert asked <= exposed | buckets | {"otel_bridge_"}
    assert REFUSED_REQUESTS.exposed_name in asked


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text()))
