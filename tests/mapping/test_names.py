"""docs/mapping.md tells what the tables do."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from otel_bridge.mapping.names import BODY, FIELDS, HEADER_OBJECTS, HEADERS, SIDES

DOCUMENT = (Path(__file__).parents[2] / "docs" / "mapping.md").read_text()
ROWS = {
    cells[1].strip(): re.findall(r"`([^`]+)`", cells[2])
    for cells in (line.split("|") for line in DOCUMENT.splitlines() if line.startswith("| "))
}


@pytest.mark.parametrize(("row", "names"), [*FIELDS.items(), *BODY.items()])
def test_every_row_is_documented_in_its_order(row: str, names: tuple[str, ...]) -> None:
    assert list(names) == ROWS[row]


@pytest.mark.parametrize("pattern", [*HEADERS, *HEADER_OBJECTS])
@pytest.mark.parametrize("side", SIDES)
def test_every_header_attribute_is_documented(pattern: str, side: str) -> None:
    assert f"`{pattern.format(side=side, name='{name}')}`" in DOCUMENT


def test_no_attribute_is_documented_that_is_not_read() -> None:
    assert {*FIELDS, *BODY} == {row for row in ROWS if re.fullmatch("[a-z_]+", row)} - {
        "field",
        "attribute",
        "part",
    }
