"""docs/kong.md against the code it speaks of."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

from otel_bridge.kong.check import examine
from otel_bridge.kong.settings import CaptureSettings
from otel_bridge.kong.sizes import recommended_queue, worst_exchange
from tests.kong.gateways import gateway

PAGE = (Path(__file__).parents[2] / "docs" / "kong.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(_format_version.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_passes_the_check(example: str, tmp_path: Path) -> None:
    found = examine(gateway(example, tmp_path))

    assert not [finding for finding in found if finding.wrong]


def test_every_setting_of_the_capture_is_in_the_table() -> None:
    table = PAGE.partition("### Settings")[2].partition("###")[0]

    assert [field.name for field in fields(CaptureSettings)] == re.findall(
        r"^\| `(\w+)` \|", table, re.MULTILINE
    )


def test_the_recommended_queue_is_the_one_that_is_printed() -> None:
    batch, entries = recommended_queue(CaptureSettings().max_body_size)

    assert f"max_batch_size: {batch}\n      max_entries: {entries}\n" in PAGE
    assert f"{worst_exchange(65_536) // 1000} KB at 64 KiB" in PAGE
