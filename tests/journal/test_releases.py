"""Every release's journal is taken up by the program of today: nothing it owes is lost."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from otel_bridge import __version__
from tests.bridge import eventually, run
from tests.journal.releases import HERE, Destinations, dead_letters, owed

FOLDERS = sorted(path.parent for path in HERE.glob("*/owed.json"))


def test_this_release_has_its_journal() -> None:
    """`python -m tests.journal.releases VERSION` makes it."""
    assert __version__ in {folder.name for folder in FOLDERS}


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_what_a_release_owed_is_delivered_and_its_dead_letters_are_there(
    folder: Path, tmp_path: Path
) -> None:
    shutil.copytree(folder / "state", tmp_path / "state")
    expected = owed(folder)
    with Destinations() as there, there.bridge(tmp_path) as bridge:
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")
        galileo, runscope = there.taken()
        letters = dead_letters(bridge)
        run("dead-letters", "--config", bridge.config, "replay", "--all")
        eventually(lambda: bridge.metric("dead_letters") == 0, "they are delivered")
        replayed = there.taken()

        assert expected.galileo == sorted(galileo)
        assert expected.runscope == sorted(runscope)
        assert len(expected.galileo) > 5
        assert list(map(timeless, expected.dead_letters)) == list(map(timeless, letters))
        assert {"galileo", "runscope"} == {letter["exporter"] for letter in letters}
        assert len(galileo) + sum(exchanges(letters, "galileo")) == len(replayed[0])
        assert len(runscope) + sum(exchanges(letters, "runscope")) == len(replayed[1])
        assert 0 == bridge.metric("journal_bad_records")


def exchanges(letters: list[dict[str, Any]], exporter: str) -> list[int]:
    """How many are in each dead letter of *exporter*."""
    return [letter["exchanges"] for letter in letters if letter["exporter"] == exporter]


def timeless(letter: dict[str, Any]) -> dict[str, Any]:
    """Without what begins anew on a machine whose clock is behind."""
    return {name: value for name, value in letter.items() if name != "since"}
