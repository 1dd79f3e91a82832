"""A few seconds of coverage-guided fuzzing for each target, the same ones each time.

`make fuzz` gives it longer, and goes another way in each run.
"""

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
    outcome = fuzz(name, SECONDS, tmp_path / "findings", seed=1)

    assert 0 == outcome.code, outcome.output
    assert outcome.executions >= len(TARGETS[name].seeds())
    # Guided: without its instruments the fuzzer would see nothing of the bridge.
    assert outcome.coverage[1] > 200
