from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_bridge.journal import Journal
from tests.journal import open_journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    """An empty journal in `tmp_path`."""
    journal = open_journal(tmp_path)
    yield journal
    journal.close()
