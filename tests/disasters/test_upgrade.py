"""A journal of a newer release, given to this one."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.bridge import Bridge, run
from tests.disasters.disks import accepts
from tests.end_to_end.collector import Collector, always
from tests.end_to_end.conftest import galileo_section
from tests.vendor_server import Reply


@pytest.mark.parametrize("name", ["journal-00000000000000000001.db", "state.db"])
def test_a_newer_journal_stops_the_start_and_stays_as_it_is_to_the_byte(tmp_path: Path, name: str) -> None:
    with Collector(always(Reply(503))) as galileo:
        with Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge:
            assert accepts(bridge, "/kept")
            bridge.kill()
        with closing(sqlite3.connect(tmp_path / "state" / name)) as db:
            db.execute("PRAGMA user_version = 2")
        before = snapshot(tmp_path / "state")
        ended = run("serve", "--config", bridge.config)
        listed = run("dead-letters", "--config", bridge.config, "list")

        assert (3, "") == (ended.code, ended.out)
        sentence = ended.err.strip()
        assert sentence.startswith("otel-bridge serve: Cannot use the journal: ")
        assert f"{name} was written by a newer otel-bridge (format 2, this one knows 1): run that" in sentence
        assert 1 == len(sentence.splitlines())
        if name == "state.db":
            assert (1, True) == (listed.code, "newer otel-bridge" in listed.err)
        assert before == snapshot(tmp_path / "state")


def snapshot(directory: Path) -> dict[str, tuple[bytes, int]]:
    """Content and time of change of every file."""
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.iterdir()}
