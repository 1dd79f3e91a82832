"""The pure modules of the pages: tests/node/lib.test.mjs tries them under Node."""

from __future__ import annotations

import pytest

from tests.node_tools import run_node


@pytest.mark.field
def test_pure_modules() -> None:
    run_node("--test", "lib.test.mjs")
