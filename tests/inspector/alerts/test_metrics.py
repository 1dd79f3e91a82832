"""docs/alerts.md lists every metric of the alerts as the code has it.

After a change: `python -m tests.inspector.alerts.test_metrics` writes the table anew.
"""

from __future__ import annotations

import re
from pathlib import Path

from otel_bridge.inspector.alerts.metrics import ROWS

PAGE = Path(__file__).parents[3] / "docs" / "alerts.md"
TABLE = re.compile(r"(?<=<!-- metrics -->\n).*?(?=<!-- /metrics -->)", re.DOTALL)


def table() -> str:
    rows = ["| Metric | Labels | Meaning |", "|---|---|---|"]
    rows += [f"| `{each.exposed_name}` | {', '.join(each.labels)} | {each.help} |" for each in ROWS]
    return "\n".join(rows) + "\n"


def test_the_table_of_metrics_is_the_code() -> None:
    found = TABLE.search(PAGE.read_text())

    assert found is not None
    assert table() == found.group()


if __name__ == "__main__":
    PAGE.write_text(TABLE.sub(lambda _: table(), PAGE.read_text()))
