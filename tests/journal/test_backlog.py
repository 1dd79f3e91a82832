from __future__ import annotations

import itertools
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.journal import Backlog, Cursor, Surplus
from tests.journal import append, open_journal

Sizes = st.lists(st.integers(0, 30_000), min_size=1, max_size=15)


@settings(max_examples=25, deadline=None)
@given(sizes=Sizes)
def test_the_backlog_is_what_lies_behind_the_cursor(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int]
) -> None:
    ticks = itertools.count(1001)
    directory = tmp_path_factory.mktemp("journal")
    with closing(open_journal(directory, segment_size=40_000, clock=lambda: next(ticks))) as journal:
        append(journal, map(bytes, sizes))
        for seq in range(len(sizes) + 1):
            journal.register("galileo", Cursor(seq))
            oldest = 1000 + seq + 1 if seq < len(sizes) else None

            assert Backlog(sum(sizes[seq:]), len(sizes) - seq, oldest) == journal.backlog("galileo")


@settings(max_examples=25, deadline=None)
@given(sizes=Sizes, settled=st.integers(0, 15), most=st.integers(0, 120_000))
def test_no_more_is_given_up_than_the_limit_asks_for(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], settled: int, most: int
) -> None:
    settled = min(settled, len(sizes))
    ticks = itertools.count(1001)
    directory = tmp_path_factory.mktemp("journal")
    with closing(open_journal(directory, segment_size=40_000, clock=lambda: next(ticks))) as journal:
        append(journal, map(bytes, sizes))
        surplus = journal.cursor_leaving(Cursor(settled), most)

        lost = settled
        while sum(sizes[lost:]) > most:
            lost += 1
        if lost == settled:
            assert Surplus(Cursor(settled), 0, 0, 0) == surplus
        else:
            assert Surplus(Cursor(lost), lost - settled, 1001 + settled, 1000 + lost) == surplus


def test_a_backlog_survives_a_restart(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path, clock=lambda: 77)) as journal:
        journal.register("galileo", journal.end())
        append(journal, [bytes(10), bytes(20)])
        journal.commit("galileo", Cursor(1))

    with closing(open_journal(tmp_path)) as journal:
        assert Backlog(20, 1, 77) == journal.backlog("galileo")


def test_an_unregistered_pipeline_has_no_backlog_to_tell(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal, pytest.raises(KeyError):
        journal.backlog("nobody")
