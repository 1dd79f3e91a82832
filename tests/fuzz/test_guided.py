"""A few seconds of coverage-guided fuzzing for each target; `make fuzz` gives it longer."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fuzz.__main__ import fuzz
from tests.fuzz.targets import TARGETS

SECONDS = 8


@pytest.mark.field
@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", TARGETS)
def test_nothing_breaks_a_law_in_a_few_seconds(name: str, tmp_path: Path) -> None:
    outcome = fuzz(name, SECONDS, tmp_path / "findings")

    assert 0 == outcome.code, outcome.output
    assert outcome.executions >= len(TARGETS[name].seeds())
    # Guided: without its instruments the fuzzer would see nothing of the bridge.
    assert outcome.coverage[1] > 200
