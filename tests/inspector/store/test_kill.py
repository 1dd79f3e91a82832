"""Killed while appending: what was acknowledged is there."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from otel_bridge.inspector.query import parse
from otel_bridge.inspector.store.sqlite import SqliteStore
from tests.inspector.store.conftest import retention
from tests.inspector.strategies import STARTED_US

_KILLS = 4
_APPEND = """
import sys
from pathlib import Path
from otel_bridge.inspector.store.sqlite import SqliteStore
from tests.inspector.store.conftest import kept, retention
from tests.inspector.strategies import STARTED_US

store = SqliteStore(Path(sys.argv[1]), retention=retention(), clock=lambda: STARTED_US)
for number in range(int(sys.argv[2]), 1 << 40, 5):
    store.append([kept(number + each) for each in range(5)])
    print(number + 4, flush=True)
"""


def test_kill_loses_nothing_acknowledged(tmp_path: Path) -> None:
    acknowledged = -1
    for turn in range(_KILLS):
        start = acknowledged + 1
        child = subprocess.Popen(
            [sys.executable, "-c", _APPEND, str(tmp_path), str(start)], stdout=subprocess.PIPE, text=True
        )
        assert child.stdout is not None
        for _ in range(turn * 3 + 1):
            acknowledged = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        acknowledged = max([acknowledged, *map(int, child.stdout.read().split())])
        child.wait(30)
        child.stdout.close()

    store = SqliteStore(tmp_path, retention=retention(), clock=lambda: STARTED_US)
    found = {row.id for row in store.search(parse("example"), limit=10_000).rows}
    store.close()

    assert acknowledged + 1 <= len(found) <= acknowledged + 6
