"""The journal as its callers see it: appending, following, settling, several at once."""

from __future__ import annotations

import itertools
import random
import threading
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.journal import Cursor, Journal, JournalError, JournalUnwritable, Record, Signal
from tests.journal import MIB, PATIENCE, append, bodies, eventually, open_journal, read_all, segment_files


def test_records_come_back_as_appended(tmp_path: Path) -> None:
    times = itertools.count(1000)

    with closing(open_journal(tmp_path, clock=lambda: next(times))) as journal:
        before = journal.end()
        journal.append(Signal.TRACES, b"one").result()
        journal.append(Signal.LOGS, b"").result()

        assert [
            Record(1, Signal.TRACES, 1000, b"one"),
            Record(2, Signal.LOGS, 1001, b""),
        ] == journal.read(before, limit_bytes=MIB)


def test_an_appended_record_is_there_when_its_future_resolves(journal: Journal) -> None:
    seen: list[Record | None] = []

    def look(future: Future[int]) -> None:
        seen.append(journal.get(future.result()))

    for number in range(20):
        journal.append(Signal.TRACES, b"%d" % number).add_done_callback(look)
    eventually(lambda: len(seen) == 20)

    assert [b"%d" % number for number in range(20)] == [record.body for record in seen if record]


def test_reading_at_the_tail_gives_nothing(journal: Journal) -> None:
    assert [] == journal.read(journal.start(), limit_bytes=MIB)

    append(journal, [b"one"])

    assert [] == journal.read(journal.end(), limit_bytes=MIB)


@settings(max_examples=25, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 40_000), min_size=1, max_size=12),
    limit=st.integers(0, 100_000),
)
def test_a_read_keeps_its_limit_but_always_moves_on(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], limit: int
) -> None:
    with closing(open_journal(tmp_path_factory.mktemp("journal"), segment_size=64 * 1024)) as journal:
        append(journal, (bytes(size) for size in sizes))
        found = []
        cursor = journal.start()
        while records := journal.read(cursor, limit_bytes=limit):
            assert len(records) == 1 or sum(len(record.body) for record in records) <= limit
            found += records
            cursor = records[-1].cursor

        assert sizes == [len(record.body) for record in found]


def test_upto_ends_a_read(journal: Journal) -> None:
    append(journal, [b"one", b"two", b"three"])

    records = journal.read(journal.start(), limit_bytes=MIB, upto=Cursor(2))

    assert [b"one", b"two"] == [record.body for record in records]


def test_get_finds_one_record_or_none(journal: Journal) -> None:
    append(journal, [b"one", b"two"])

    record = journal.get(2)

    assert record is not None
    assert b"two" == record.body
    assert journal.get(3) is None
    assert journal.get(0) is None


def test_seqs_and_cursors_go_on_after_a_restart(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        journal.register("galileo", journal.end())
        append(journal, [b"one", b"two", b"three"])
        journal.commit("galileo", Cursor(2))

    with closing(open_journal(tmp_path)) as journal:
        assert {"galileo": Cursor(2)} == journal.cursors()
        assert [4] == append(journal, [b"four"])
        assert [b"three", b"four"] == bodies(journal, journal.cursors()["galileo"])


def test_a_commit_never_moves_a_cursor_back(journal: Journal) -> None:
    append(journal, [b"one", b"two"])
    journal.register("galileo", Cursor(0))
    journal.commit("galileo", Cursor(2))
    journal.commit("galileo", Cursor(1))

    assert {"galileo": Cursor(2)} == journal.cursors()


def test_registering_again_sets_a_cursor_back(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        append(journal, [b"one", b"two"])
        journal.register("galileo", Cursor(2))
        journal.register("galileo", journal.start())

    with closing(open_journal(tmp_path)) as journal:
        assert [b"one", b"two"] == bodies(journal, journal.cursors()["galileo"])


def test_a_forgotten_pipeline_is_gone_after_a_restart(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path)) as journal:
        journal.register("galileo", journal.end())
        journal.register("runscope", journal.end())
        journal.forget("galileo")

    with closing(open_journal(tmp_path)) as journal:
        assert ["runscope"] == list(journal.cursors())


def test_settled_segments_are_unlinked_once_the_slowest_pipeline_is_past(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path, segment_size=100_000)) as journal:
        journal.register("fast", journal.end())
        journal.register("slow", journal.end())
        seqs = append(journal, (bytes(60_000) for _ in range(6)))
        assert 3 == len(segment_files(tmp_path))

        journal.commit("fast", Cursor(seqs[-1]))
        journal.commit("slow", Cursor(seqs[2]))
        eventually(lambda: len(segment_files(tmp_path)) == 2)
        journal.commit("slow", Cursor(seqs[-1]))
        eventually(lambda: len(segment_files(tmp_path)) == 1)

        assert Cursor(seqs[3]) == journal.start()
        assert [7] == append(journal, [b"next"])


def test_without_pipelines_everything_is_kept(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path, segment_size=100_000)) as journal:
        append(journal, (bytes(60_000) for _ in range(6)))
        journal.register("galileo", journal.end())
        journal.forget("galileo")

    with closing(open_journal(tmp_path)) as journal:
        assert 6 == len(bodies(journal))


def test_space_of_unlinked_segments_is_given_back_though_they_were_read(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path, segment_size=100_000)) as journal:
        journal.register("galileo", journal.end())
        append(journal, (bytes(60_000) for _ in range(4)))
        read_all(journal)
        journal.commit("galileo", journal.end())
        eventually(lambda: journal.stats().segments == 1)

        deleted = [path for path in map(_target, Path("/proc/self/fd").iterdir()) if "(deleted)" in path]
        assert [] == [path for path in deleted if str(tmp_path) in path]


def test_listeners_hear_of_commits_until_they_leave(journal: Journal) -> None:
    heard = threading.Event()
    journal.listen(heard.set)
    append(journal, [b"one"])

    assert heard.wait(PATIENCE)

    journal.unlisten(heard.set)
    heard.clear()
    append(journal, [b"two"])

    assert not heard.is_set()


def test_a_failing_listener_harms_nobody(journal: Journal) -> None:
    heard = threading.Event()
    journal.listen(lambda: 1 / 0)  # type: ignore[arg-type]
    journal.listen(heard.set)

    assert [1, 2] == append(journal, [b"one", b"two"])
    assert heard.wait(PATIENCE)


def test_what_comes_during_a_commit_shares_the_next(tmp_path: Path) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def free(_: Path) -> int:
        begun.set()
        assert go_on.wait(PATIENCE)
        return 1 << 40

    with closing(open_journal(tmp_path, free=free)) as journal:
        futures = [journal.append(Signal.TRACES, b"first")]
        assert begun.wait(PATIENCE)
        futures += [journal.append(Signal.TRACES, b"%d" % number) for number in range(400)]
        go_on.set()

        assert list(range(1, 402)) == [future.result(PATIENCE) for future in futures]
        eventually(lambda: journal.stats().commits == 2)


def test_many_appenders_lose_nothing(journal: Journal) -> None:
    seqs: dict[int, bytes] = {}

    def work(worker: int) -> None:
        for number in range(25):
            body = b"%d/%d " % (worker, number) * random.Random(number).randrange(1, 2000)
            seqs[journal.append(Signal.TRACES, body).result()] = body

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seqs == {record.seq: record.body for record in read_all(journal)}
    assert list(range(1, 401)) == sorted(seqs)


def test_several_pipelines_follow_while_records_come(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path, segment_size=50_000)) as journal:
        names = ["galileo", "runscope", "inspector"]
        for name in names:
            journal.register(name, journal.end())
        seen: dict[str, list[int]] = {name: [] for name in names}

        def follow(name: str) -> None:
            cursor = journal.cursors()[name]
            news = threading.Event()
            journal.listen(news.set)
            while len(seen[name]) < 300:
                records = journal.read(cursor, limit_bytes=20_000)
                if not records:
                    news.wait(PATIENCE)
                    news.clear()
                for record in records:
                    seen[name].append(record.seq)
                    cursor = record.cursor
                journal.commit(name, cursor)

        threads = [threading.Thread(target=follow, args=(name,)) for name in names]
        for thread in threads:
            thread.start()
        futures = [journal.append(Signal.TRACES, bytes(number * 10)) for number in range(300)]
        for thread in threads:
            thread.join(PATIENCE)

        assert all(list(range(1, 301)) == numbers for numbers in seen.values())
        assert list(range(1, 301)) == [future.result() for future in futures]
        eventually(lambda: journal.stats().segments <= 2)


def test_closing_commits_what_was_appended_and_refuses_what_comes(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    futures = [journal.append(Signal.TRACES, bytes(10_000)) for _ in range(100)]
    journal.close()

    assert list(range(1, 101)) == [future.result(0) for future in futures]
    with pytest.raises(JournalUnwritable, match="closed"):
        journal.append(Signal.TRACES, b"late").result(0)
    with pytest.raises(JournalError, match="closed"):
        journal.read(Cursor(0), limit_bytes=1)


def test_a_cancelled_append_disturbs_nobody(journal: Journal) -> None:
    futures = [journal.append(Signal.TRACES, b"%d" % number) for number in range(50)]
    cancelled = [future.cancel() for future in futures[::2]]
    kept = [future.result(PATIENCE) for future, gone in zip(futures[::2], cancelled, strict=True) if not gone]

    assert [future.result(PATIENCE) for future in futures[1::2]] == sorted(
        future.result(PATIENCE) for future in futures[1::2]
    )
    assert len(kept) + 25 == len(bodies(journal))


def test_stats_tell_what_is_there(tmp_path: Path) -> None:
    times = itertools.count(1000)
    with closing(open_journal(tmp_path, max_size=10 * MIB, clock=lambda: next(times))) as journal:
        append(journal, [bytes(100_000), bytes(100_000)])
        stats = journal.stats()

        on_disk = sum(path.stat().st_size for path in tmp_path.glob("journal-*") if path.suffix != ".db-shm")
        assert on_disk == stats.bytes_on_disk
        assert (2, 1, 1000, 10 * MIB) == (stats.records, stats.segments, stats.oldest_ns, stats.max_size)
        assert ("", False, 0, 0) == (stats.fault, stats.cursors_lost, stats.bad_records, stats.quarantined)


def _target(link: Path) -> str:
    try:
        return str(link.readlink())
    except FileNotFoundError:
        return ""
