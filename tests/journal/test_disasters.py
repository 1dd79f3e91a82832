"""What befalls processes, files and disks, and what must be left of the journal then."""

from __future__ import annotations

import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.journal import (
    Cursor,
    Journal,
    JournalFull,
    JournalUnwritable,
    Signal,
)
from otel_bridge.journal.record import checksum
from tests.journal import MIB, PATIENCE, append, bodies, eventually, open_journal, read_all, segment_files
from tests.journal.children import ROOT, body_of

RECORDS = [bytes([65 + number]) * (3000 * number + 10) for number in range(12)]


def child(name: str, directory: Path, **options: int) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.journal.children", name, str(directory)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def crash_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of RECORDS as a crash leaves it: part in the database, part in the WAL only."""
    live = tmp_path_factory.mktemp("live")
    image = tmp_path_factory.mktemp("crashed") / "image"
    # A small segment checkpoints early: at a quarter of its size.
    with closing(open_journal(live, segment_size=400_000)) as journal:
        append(journal, RECORDS)
        shutil.copytree(live, image)
    (path,) = segment_files(image)
    assert path.stat().st_size > 100_000
    assert Path(f"{path}-wal").stat().st_size > 30_000
    return image


@pytest.fixture(scope="module")
def clean_image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A journal of RECORDS in three closed segments: 1 to 7, 8 to 10, 11 and 12."""
    image = tmp_path_factory.mktemp("clean")
    with closing(open_journal(image, segment_size=60_000)) as journal:
        append(journal, RECORDS)
    assert [1, 8, 11] == [int(path.stem[8:]) for path in segment_files(image)]
    return image


@pytest.fixture
def clean(clean_image: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(clean_image, tmp_path / "journal"))


def test_every_acknowledged_record_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: dict[int, int] = {}
    for lines in (40, 300, 700):
        with child("write", tmp_path) as process:
            assert process.stdout
            for _ in range(lines):
                seq, number = process.stdout.readline().split()
                acknowledged[int(seq)] = int(number)
            process.kill()
            # What was said before the end came counts as well; the last line may be torn.
            for line in process.stdout.read().splitlines(keepends=True):
                if line.endswith("\n"):
                    seq, number = line.split()
                    acknowledged[int(seq)] = int(number)

        with closing(open_journal(tmp_path)) as journal:
            kept = {record.seq: record.body for record in read_all(journal)}

        assert {seq: body_of(number) for seq, number in acknowledged.items()}.items() <= kept.items()


def test_a_crashed_journal_is_complete(crash_image: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(crash_image, tmp_path / "journal"))

    with closing(open_journal(directory)) as journal:
        assert bodies(journal) == RECORDS
        assert [len(RECORDS) + 1] == append(journal, [b"next"])


@settings(max_examples=25, deadline=None)
@given(lost=st.integers(0, 70_000))
def test_a_torn_wal_costs_its_last_records_alone(
    crash_image: Path, tmp_path_factory: pytest.TempPathFactory, lost: int
) -> None:
    directory = Path(shutil.copytree(crash_image, tmp_path_factory.mktemp("torn") / "journal"))
    wal = Path(f"{segment_files(directory)[0]}-wal")
    shorten(wal, min(lost, wal.stat().st_size))

    with closing(open_journal(directory)) as journal:
        found = bodies(journal)
        append(journal, [b"next"])

        assert found == RECORDS[: len(found)]
        assert len(found) >= 7
        assert [*found, b"next"] == bodies(journal)


@settings(max_examples=25, deadline=None)
@given(lost=st.integers(1, 200_000))
def test_a_torn_database_keeps_what_is_left_and_takes_new_records(
    clean_image: Path, tmp_path_factory: pytest.TempPathFactory, lost: int
) -> None:
    directory = Path(shutil.copytree(clean_image, tmp_path_factory.mktemp("torn") / "journal"))
    newest = segment_files(directory)[-1]
    shorten(newest, min(lost, newest.stat().st_size))

    with closing(open_journal(directory)) as journal:
        cursor = journal.end()
        append(journal, [b"next"])

        assert set(bodies(journal)) <= {*RECORDS, b"next"}
        assert b"next" in bodies(journal)
        assert [b"next"] == bodies(journal, cursor)
        assert set(RECORDS[:10]) <= set(bodies(journal))


@settings(max_examples=60, deadline=None)
@given(place=st.integers(0, 2**40), bit=st.integers(0, 7), segment=st.integers(0, 2))
def test_a_flipped_bit_never_yields_a_wrong_record_nor_stops_the_journal(
    clean_image: Path, tmp_path_factory: pytest.TempPathFactory, place: int, bit: int, segment: int
) -> None:
    directory = Path(shutil.copytree(clean_image, tmp_path_factory.mktemp("flipped") / "journal"))
    path = segment_files(directory)[segment]
    place %= path.stat().st_size
    if 60 <= place < 64:
        return  # the format's version: a newer one is refused, tested elsewhere
    flip(path, place, 1 << bit)

    with closing(open_journal(directory)) as journal:
        append(journal, [b"next"])
        found = read_all(journal)

        assert all(RECORDS[record.seq - 1] == record.body for record in found[:-1])
        assert b"next" == found[-1].body
        assert len(found) >= len(RECORDS) + 1 - 7
        # Whether there was one more at the end of a file can't be told from a file that lost it.
        if not {1, 2, 3, 4, 5, 6, 8, 9, 11} <= {record.seq for record in found}:
            assert journal.stats().bad_records or journal.stats().quarantined


def test_a_flipped_byte_in_a_body_costs_that_record_alone(clean: Path) -> None:
    path = segment_files(clean)[0]
    target = RECORDS[6]
    flip(path, path.read_bytes().index(target[:2000]) + 100, 0xFF)

    with closing(open_journal(clean)) as journal:
        assert [body for body in RECORDS if body != target] == bodies(journal)
        assert journal.get(7) is None
        bodies(journal)
        assert 1 == journal.stats().bad_records
        assert 0 == journal.stats().quarantined


def test_garbage_instead_of_a_segment_is_set_aside(clean: Path) -> None:
    path = segment_files(clean)[1]
    lost = records_in(clean, 1)
    path.write_bytes(b"not a database " * 5000)

    with closing(open_journal(clean)) as journal:
        assert [body for body in RECORDS if body not in lost] == bodies(journal)
        assert 1 == journal.stats().quarantined
        assert not path.exists()
        assert path.with_name(path.name + ".quarantined").exists()


def test_a_segment_damaged_throughout_is_set_aside_when_it_is_read(clean: Path) -> None:
    path = segment_files(clean)[1]
    lost = records_in(clean, 1)
    with closing(open_journal(clean)) as journal:
        original = path.read_bytes()
        path.write_bytes(original[:100] + bytes(len(original) - 100))

        assert [body for body in RECORDS if body not in lost] == bodies(journal)
        assert 1 == journal.stats().quarantined
        assert [body for body in RECORDS if body not in lost] == bodies(journal)


def test_reading_goes_on_behind_a_lost_segment(clean: Path) -> None:
    lost = records_in(clean, 1)
    segment_files(clean)[1].unlink()

    with closing(open_journal(clean)) as journal:
        assert [body for body in RECORDS if body not in lost] == bodies(journal)
        assert [len(RECORDS) + 1] == append(journal, [b"next"])


def test_after_losing_the_newest_segments_new_records_are_behind_every_cursor(clean: Path) -> None:
    with closing(open_journal(clean)) as journal:
        journal.register("galileo", journal.end())
    for path in segment_files(clean)[1:]:
        path.unlink()

    with closing(open_journal(clean)) as journal:
        assert 0 == journal.backlog("galileo").records
        append(journal, [b"next"])
        assert [b"next"] == bodies(journal, journal.cursors()["galileo"])
        assert (len(b"next"), 1) == journal.backlog("galileo")[:2]


def test_a_refused_commit_that_turns_up_after_all_hides_nothing(clean: Path) -> None:
    # As a sync leaves it that failed: the WAL had the records, and the next file began with their seqs.
    with closing(sqlite3.connect(segment_files(clean)[0])) as db, db:
        for seq in (8, 9):
            refused = (seq, "traces", 1, 0, checksum(seq, "traces", 1, b"refused"), b"refused")
            db.execute("INSERT INTO record VALUES (?, ?, ?, ?, ?, ?)", refused)

    with closing(open_journal(clean)) as journal:
        assert bodies(journal) == RECORDS


def test_after_quarantining_the_newest_segment_no_seq_is_given_twice(clean: Path) -> None:
    segment_files(clean)[-1].write_bytes(b"garbage" * 1000)

    with closing(open_journal(clean)) as journal:
        assert append(journal, [b"next"])[0] > len(RECORDS)
        assert b"next" == bodies(journal)[-1]


def test_a_wal_left_behind_is_not_replayed_into_a_new_segment(crash_image: Path, tmp_path: Path) -> None:
    directory = Path(shutil.copytree(crash_image, tmp_path / "journal"))
    segment_files(directory)[0].unlink()

    with closing(open_journal(directory)) as journal:
        assert [1] == append(journal, [b"next"])
        assert [b"next"] == bodies(journal)


def test_a_creation_that_was_interrupted_leaves_no_trace(tmp_path: Path) -> None:
    (tmp_path / "journal-00000000000000000001.db.new").write_bytes(b"half")

    with closing(open_journal(tmp_path)) as journal:
        assert [1] == append(journal, [b"one"])
        assert [b"one"] == bodies(journal)


def test_another_directory_in_the_place_of_the_locked_one_is_not_written_to(tmp_path: Path) -> None:
    directory = tmp_path / "journal"
    with closing(open_journal(directory)) as journal:
        journal.register("galileo", journal.end())
        append(journal, [b"one"])
        directory.rename(tmp_path / "elsewhere")
        directory.mkdir()
        (directory / "lock").touch()
        with pytest.raises(JournalUnwritable):
            append(journal, [b"two"])
        with pytest.raises(JournalUnwritable, match=r"put that one back, or restart otel-bridge"):
            append(journal, [b"two"])
        journal.commit("galileo", journal.end())

        assert ["lock"] == [path.name for path in directory.iterdir()]

        (directory / "lock").unlink()
        directory.rmdir()
        (tmp_path / "elsewhere").rename(directory)
        eventually(lambda: not journal.stats().fault)
        append(journal, [b"three"])

        assert [b"one", b"three"] == bodies(journal)


def test_reading_goes_on_behind_a_segment_that_somebody_removes(clean: Path) -> None:
    lost = records_in(clean, 1)
    with closing(open_journal(clean)) as journal:
        segment_files(clean)[1].unlink()

        assert [body for body in RECORDS if body not in lost] == bodies(journal)
        assert (2, len(lost)) == (journal.stats().segments, journal.stats().bad_records)


def test_a_file_deleted_under_a_running_journal_is_noticed(journal: Journal, tmp_path: Path) -> None:
    append(journal, [b"one"])
    for path in tmp_path.glob("journal-*"):
        path.unlink()

    with pytest.raises(JournalUnwritable):
        append(journal, [b"two"])
    assert b"three" == journal_body(journal, append(journal, [b"three"])[0])


def test_a_full_journal_refuses_until_room_is_made(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path, max_size=MIB)) as journal:
        journal.register("galileo", journal.end())
        kept = fill(journal)
        assert 5 < kept < 32
        with pytest.raises(JournalFull, match=r"max_size of 1 MiB"):
            append(journal, [bytes(32_768)])
        assert size_of(tmp_path) <= MIB
        assert "" == journal.stats().fault
        assert 3 == len(append(journal, [b"small", b"as", b"this"]))

        journal.commit("galileo", Cursor(kept // 2))
        assert fill(journal) >= kept // 4

        assert size_of(tmp_path) <= MIB
        assert list(range(kept // 2 + 1, journal.end() + 1)) == [
            record.seq for record in read_all(journal, Cursor(kept // 2))
        ]


def test_a_full_journal_that_is_settled_makes_room_of_its_newest_segment(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path, max_size=MIB)) as journal:
        journal.register("galileo", journal.end())
        for _ in range(5):
            assert fill(journal) > 5
            journal.commit("galileo", journal.end())

        assert size_of(tmp_path) <= MIB


def test_a_record_that_does_not_fit_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    with closing(open_journal(tmp_path, max_size=4 * MIB)) as journal:
        futures = [journal.append(Signal.TRACES, body) for body in (b"one", bytes(4 * MIB), b"two")]

        assert isinstance(futures[1].exception(PATIENCE), JournalFull)
        assert [1, 2] == [futures[0].result(PATIENCE), futures[2].result(PATIENCE)]


def test_a_file_system_short_of_space_refuses_until_there_is_more(tmp_path: Path) -> None:
    left = 10 * MIB
    with closing(open_journal(tmp_path, min_free=8 * MIB, free=lambda _: left)) as journal:
        append(journal, [b"one"])
        left = 8 * MIB
        with pytest.raises(JournalFull, match=r"8 MiB that journal.min_free keeps"):
            append(journal, [b"two"])
        left = 10 * MIB
        append(journal, [b"three"])

        assert [b"one", b"three"] == bodies(journal)


def test_a_disk_that_takes_nothing_refuses_and_recovers_by_itself(tmp_path: Path) -> None:
    with child("outgrow", tmp_path) as process:
        _, errors = process.communicate(timeout=PATIENCE)

    assert (0, "") == (process.returncode, errors)


def test_a_directory_that_can_not_be_used_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(JournalUnwritable, match="file"):
        open_journal(tmp_path / "file" / "journal")
    with pytest.raises(JournalUnwritable, match="file"):
        open_journal(tmp_path / "file")


def test_a_directory_that_vanishes_makes_the_journal_unwritable(tmp_path: Path) -> None:
    directory = tmp_path / "journal"

    def free(path: Path) -> int:
        return shutil.disk_usage(path).free

    with closing(open_journal(directory, free=free)) as journal:
        append(journal, [b"one"])
        directory.rename(tmp_path / "elsewhere")
        directory.write_text("in the way")
        with pytest.raises(JournalUnwritable):
            append(journal, [b"two"])
        assert journal.stats().fault
        directory.unlink()
        (tmp_path / "elsewhere").rename(directory)
        eventually(lambda: not journal.stats().fault)
        append(journal, [b"three"])

        assert [b"one", b"three"] == bodies(journal)


def fill(journal: Journal) -> int:
    """Append 32 KiB at a time until it is refused; how many went in."""
    for number in range(1000):
        try:
            append(journal, [bytes(32_768)])
        except JournalFull:
            return number
    raise AssertionError("it never gets full")


def size_of(directory: Path) -> int:
    return sum(path.stat().st_size for path in directory.glob("journal-*") if not path.name.endswith("-shm"))


def records_in(directory: Path, index: int) -> list[bytes]:
    """The bodies in the segment at *index*."""
    firsts = [int(path.stem.split("-")[1]) for path in segment_files(directory)]
    return RECORDS[firsts[index] - 1 : firsts[index + 1] - 1]


def journal_body(journal: Journal, seq: int) -> bytes | None:
    record = journal.get(seq)
    return record and record.body


def shorten(path: Path, lost: int) -> None:
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - lost)


def flip(path: Path, place: int, mask: int) -> None:
    with path.open("r+b") as file:
        file.seek(place)
        byte = file.read(1)[0]
        file.seek(place)
        file.write(bytes([byte ^ mask]))
