"""Every test that docs/reliability.md names exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "reliability.md"
FILES = sorted(set(re.findall(r"\btest_\w+\.py", PAGE.read_text())))
NAMED = sorted(set(re.findall(r"(test_\w+\.py)::(\w+?)(?=…|\.\.\.|`|\[)", PAGE.read_text())))


@pytest.mark.parametrize("name", FILES)
def test_files_exist(name: str) -> None:
    assert list(TESTS.rglob(name))


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_named_tests_exist(file: str, name: str) -> None:
    text = "".join(path.read_text() for path in TESTS.rglob(file))

    assert re.search(rf"(def|class) {name}", text)
