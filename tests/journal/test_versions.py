"""Files of other versions: an older one is migrated in place, a newer one is refused untouched."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
import zlib
from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.journal import Cursor, DeadLetters, JournalError, JournalTooNew, database
from tests.journal import MIB, append, bodies, eventually, open_journal, segment_files
from tests.journal.children import ROOT

# More than SQLite keeps in memory of one transaction, so a step writes to its file before it commits.
BODIES = [bytes([number]) * 700_000 for number in range(12)]


def fill(directory: Path) -> Path:
    """Three segments, two cursors, a dead letter."""
    with closing(open_journal(directory, segment_size=2_500_000)) as journal:
        journal.register("galileo", journal.end())
        append(journal, BODIES)
        journal.register("runscope", Cursor(1))
    with closing(DeadLetters.open(directory, max_size=MIB, max_age_s=1e9)) as letters:
        letters.add(
            exporter="galileo",
            api="",
            reason="refused",
            answer="",
            exchanges=1,
            first_ns=1,
            last_ns=2,
            otlp=b"otlp",
        )
    assert 3 == len(segment_files(directory))
    return directory


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return fill(tmp_path)


def next_release(directory: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.journal.children", "next", str(directory)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def what_it_found(process: subprocess.Popen[str]) -> list[str]:
    """Without log lines, which begin with the year."""
    out, _ = process.communicate(timeout=60)
    assert 0 == process.returncode, out
    return [line for line in out.splitlines() if not line.startswith("20")]


def expected() -> list[str]:
    return [*(str(zlib.crc32(body)) for body in BODIES), "{'galileo': 0, 'runscope': 1} [1]"]


def versions(directory: Path) -> list[int]:
    """Of all files, read as a program does that can take every one of them."""
    found = []
    for path in [*segment_files(directory), directory / "state.db"]:
        with closing(sqlite3.connect(path)) as db:
            found.append(db.execute("PRAGMA user_version").fetchone()[0])
    return found


def snapshot(directory: Path) -> dict[str, tuple[bytes, int]]:
    return {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in directory.iterdir()}


def test_an_older_journal_is_migrated_in_place_and_has_all_that_it_had(directory: Path) -> None:
    with next_release(directory) as process:
        found = what_it_found(process)

    assert expected() == found
    assert [2, 2, 2, 2] == versions(directory)

    with next_release(directory) as process:
        assert expected() == what_it_found(process)


@pytest.mark.parametrize("files", [1, 2, 3])
def test_a_migration_that_is_killed_in_the_middle_goes_on_with_the_next_start(
    directory: Path, files: int
) -> None:
    path = segment_files(directory)[files - 1]
    with next_release(directory) as process:
        # A rollback journal lies beside the file while its step is not committed.
        eventually(lambda: process.poll() is not None or grown(path.with_name(path.name + "-journal")))
        process.kill()
    killed = {number: database.identify(each, ANY) for number, each in enumerate(segment_files(directory))}

    assert set(killed.values()) <= {1, 2}

    with next_release(directory) as process:
        assert expected() == what_it_found(process)
    assert [2, 2, 2, 2] == versions(directory)


def test_a_step_that_was_not_committed_leaves_the_older_version_to_the_older_program(directory: Path) -> None:
    path = segment_files(directory)[0]
    with next_release(directory) as process:
        eventually(lambda: process.poll() is not None or grown(path.with_name(path.name + "-journal")))
        process.kill()
    (directory / "state.db").write_bytes(fill(directory / "other").joinpath("state.db").read_bytes())
    if 2 in {database.identify(each, ANY) for each in segment_files(directory)}:
        with pytest.raises(JournalTooNew):
            open_journal(directory)
        return

    with closing(open_journal(directory)) as journal:
        assert bodies(journal) == BODIES


def test_a_failing_step_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    form = database.Format(pragmas="", schema="CREATE TABLE a (b)", journal_mode="WAL")
    database.create(path, form)
    steps = ("ALTER TABLE a ADD COLUMN c", "ALTER TABLE a ADD COLUMN d; UPDATE missing SET x = 1")
    newer = database.Format(pragmas="", schema="", journal_mode="WAL", steps=steps)

    with pytest.raises(sqlite3.OperationalError, match="missing"):
        database.migrate(path, newer)

    with closing(sqlite3.connect(path)) as db:
        assert [(2,)] == db.execute("PRAGMA user_version").fetchall()
        assert ["b", "c"] == [row[1] for row in db.execute("PRAGMA table_info(a)").fetchall()]


@pytest.mark.parametrize("change", ["segment", "state"])
def test_a_newer_journal_is_refused_and_left_untouched(directory: Path, change: str) -> None:
    path = segment_files(directory)[1] if change == "segment" else directory / "state.db"
    make_version(path, 2)
    # A damaged neighbour must not be set aside either before somebody decided what to do.
    segment_files(directory)[0].write_bytes(b"garbage")
    before = snapshot(directory)

    with pytest.raises(JournalTooNew, match=rf"{path.name} was written by a newer otel-bridge \(format 2"):
        open_journal(directory)

    assert before == snapshot(directory)


def test_a_wal_left_by_a_newer_program_is_left_untouched_too(directory: Path) -> None:
    path = segment_files(directory)[1]
    make_version(path, 2)
    wal = path.with_name(path.name + "-wal")
    wal.write_bytes(b"frames of a newer program")
    before = snapshot(directory)

    with pytest.raises(JournalTooNew):
        open_journal(directory)

    assert before == snapshot(directory)


@pytest.mark.parametrize(("version", "error"), [(2, JournalTooNew), (0, JournalError)])
def test_dead_letters_of_another_version_are_not_for_the_command_line(
    directory: Path, version: int, error: type[Exception]
) -> None:
    make_version(directory / "state.db", version)

    with pytest.raises(error):
        DeadLetters.open(directory, max_size=1, max_age_s=1)


def test_somebody_elses_database_is_set_aside(directory: Path) -> None:
    path = segment_files(directory)[1]
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE record (seq)")

    with closing(open_journal(directory)) as journal:
        assert 1 == journal.stats().quarantined
        assert 8 == journal.stats().records


ANY = database.Format(pragmas="", schema="", journal_mode="WAL", steps=("",) * 9)


def make_version(path: Path, version: int) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute(f"PRAGMA user_version = {version}")


def grown(path: Path) -> bool:
    try:
        return path.stat().st_size > 100_000
    except FileNotFoundError:
        return False
