from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.journal import Cursor, Journal, Signal
from otel_bridge.service.cursors import UnsettledError, reconcile


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    opened = Journal.open(tmp_path, max_size=1 << 30, min_free=0)
    for _ in range(5):
        opened.append(Signal.TRACES, b"record").result()
    yield opened
    opened.close()


def test_a_first_pipeline_starts_behind_the_newest_record(journal: Journal) -> None:
    reconcile(journal, {"galileo": None}, forget=())

    assert {"galileo": journal.end()} == journal.cursors()


def test_start_at_says_where_a_new_one_starts(journal: Journal) -> None:
    reconcile(journal, {"galileo": "beginning", "runscope": "end"}, forget=())

    assert {"galileo": journal.start(), "runscope": journal.end()} == journal.cursors()


def test_a_known_pipeline_stays_where_it_is_whatever_start_at_says(journal: Journal) -> None:
    journal.register("galileo", Cursor(3))

    reconcile(journal, {"galileo": "beginning"}, forget=())

    assert {"galileo": Cursor(3)} == journal.cursors()


def test_one_that_left_with_unsettled_records_stops_the_start_and_changes_nothing(journal: Journal) -> None:
    journal.register("galileo", Cursor(3))

    with pytest.raises(UnsettledError, match=r"galileo is no longer configured, and 2 records"):
        reconcile(journal, {"runscope": None}, forget=())

    assert {"galileo": Cursor(3)} == journal.cursors()


def test_one_that_left_and_owes_nothing_is_forgotten(journal: Journal) -> None:
    journal.register("galileo", journal.end())

    reconcile(journal, {"runscope": None}, forget=())

    assert ["runscope"] == list(journal.cursors())


def test_a_renamed_pipeline_takes_over_what_its_predecessor_owes(journal: Journal) -> None:
    journal.register("galileo", Cursor(3))

    reconcile(journal, {"galileo/orders": None}, forget=["galileo"])

    assert {"galileo/orders": Cursor(3)} == journal.cursors()


def test_what_comes_after_a_change_is_owed_to_nobody_who_left_and_to_everybody_new(journal: Journal) -> None:
    journal.register("galileo", Cursor(3))

    reconcile(journal, {"runscope": None}, since=Cursor(3))

    assert {"runscope": Cursor(3)} == journal.cursors()


def test_one_that_owes_what_came_before_a_change_does_not_leave(journal: Journal) -> None:
    journal.register("galileo", Cursor(2))

    with pytest.raises(UnsettledError, match=r"galileo is no longer configured, and 3 records"):
        reconcile(journal, {"runscope": None}, since=Cursor(3))


def test_where_cursors_were_lost_a_pipeline_is_not_new_whatever_start_at_says(tmp_path: Path) -> None:
    with closing(Journal.open(tmp_path, max_size=1 << 30, min_free=0)) as journal:
        journal.append(Signal.TRACES, b"record").result()
    (tmp_path / "state.db").unlink()

    with closing(Journal.open(tmp_path, max_size=1 << 30, min_free=0)) as journal:
        reconcile(journal, {"galileo": "end"}, forget=())

        assert {"galileo": journal.start()} == journal.cursors()
