from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.journal import JournalLocked
from tests.journal import append, bodies, open_journal


def test_a_second_journal_in_one_directory_is_refused_and_harms_nothing(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as first:
        append(first, [b"one"])
        with pytest.raises(JournalLocked, match=str(tmp_path)):
            open_journal(tmp_path)
        append(first, [b"two"])

        assert [b"one", b"two"] == bodies(first)


def test_closing_lets_the_next_one_in(tmp_path: Path) -> None:
    for _ in range(2):
        open_journal(tmp_path).close()


def test_a_refused_start_lets_the_next_one_in(tmp_path: Path) -> None:
    state = tmp_path / "state.db"
    state.mkdir()
    with pytest.raises(Exception, match=r"state\.db"):
        open_journal(tmp_path)
    state.rmdir()

    open_journal(tmp_path).close()


def test_traffic_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "journal"
    with closing(open_journal(directory)) as journal:
        append(journal, [b"one"])

        assert 0o700 == directory.stat().st_mode & 0o777
        assert {0o600} == {path.stat().st_mode & 0o777 for path in directory.iterdir()}
