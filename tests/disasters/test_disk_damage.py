"""Damaged files: the program starts with what is sound, says what is not, and delivers all the rest."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from otel_bridge.journal import DeadLetters
from tests.bridge import Bridge, eventually, run
from tests.disasters.disks import MIB, accepts, assert_refused, on, post, readiness
from tests.end_to_end.collector import Collector, always, well
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.traffic import paths
from tests.vendor_server import Reply

EXCHANGES = paths(12)
DOWN = always(Reply(503))


def bridge_at(directory: Path, galileo: Collector) -> Bridge:
    """Its journal, below *directory*, is in files of half a MiB."""
    exporters = {"galileo": galileo_section(galileo, queue_size=1)}
    return Bridge(directory, exporters=exporters, journal=on(directory, max_size="4MiB"))


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What a killed bridge left: EXCHANGES, one to a record, unsettled, in three files."""
    directory = tmp_path_factory.mktemp("killed")
    with Collector(DOWN) as galileo, bridge_at(directory, galileo) as bridge:
        for path in EXCHANGES:
            assert 200 == post(bridge, path, 110_000).status_code
        bridge.kill()
    assert 3 == len(files(directory / "state"))
    return directory / "state"


class Damage(NamedTuple):
    do: Callable[[Path], None]
    """What befalls the directory."""
    lost: int
    """Exchanges that it costs at most."""
    says: str
    """A line of the log."""
    metric: str = "journal_quarantined_files"
    """What counts it, if anything does."""


def files(state: Path) -> list[Path]:
    return sorted(state.glob("journal-*.db"))


def tear_last_page(state: Path) -> None:
    """As a power failure does on a disk that lies about its syncs: the end was never written."""
    wal = Path(f"{files(state)[-1]}-wal")
    with wal.open("r+b") as file:
        file.truncate(wal.stat().st_size - 9000)


def flip_bytes_of_a_record(state: Path) -> None:
    overwrite(files(state)[0], b"x" * 4000, b"y" * 50)


def garble_a_file(state: Path) -> None:
    files(state)[1].write_bytes(b"not a database " * 9000)


def lose_a_file(state: Path) -> None:
    files(state)[0].unlink()


def garble_the_state(state: Path) -> None:
    (state / "state.db").write_bytes(b"not a database " * 900)


def lose_the_state(state: Path) -> None:
    (state / "state.db").unlink()


def garble_both(state: Path) -> None:
    garble_a_file(state)
    garble_the_state(state)


DAMAGES = {
    "a torn last page": Damage(tear_last_page, 1, "^ready", ""),
    "a corrupted record in the middle": Damage(
        flip_bytes_of_a_record, 1, "journal records are damaged: skipped", "journal_bad_records"
    ),
    "a garbled file": Damage(garble_a_file, 5, "journal segment quarantined"),
    "a lost file": Damage(lose_a_file, 5, "^ready", ""),
    "a garbled state": Damage(garble_the_state, 0, "cursors and dead letters are damaged: quarantined"),
    "a lost state": Damage(lose_the_state, 0, "the file with the cursors is gone", ""),
    "both garbled": Damage(garble_both, 5, "cursors are lost: what the journal holds is sent again"),
}


# Each takes a start of the program; these are much like others.
MORE = frozenset({"a lost file", "a lost state", "both garbled"})


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.field if name in MORE else ()) for name in DAMAGES]
)
def test_after_damage_it_starts_and_delivers_what_is_sound(killed: Path, tmp_path: Path, name: str) -> None:
    damage = DAMAGES[name]
    damage.do(Path(shutil.copytree(killed, tmp_path / "state")))
    with Collector() as galileo, bridge_at(tmp_path, galileo) as bridge:
        assert accepts(bridge, "/next")
        eventually(lambda: "/next" in galileo.taken, "what came after the damage")
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")
        lost = set(EXCHANGES) - set(galileo.taken)

        assert len(lost) <= damage.lost
        assert (damage.lost > 0) == bool(lost)
        assert [path for path in EXCHANGES if path not in lost] == galileo.taken[:-1]
        assert 200 == readiness(bridge).status
        bridge.wait_for_line(damage.says)
        if damage.metric:
            assert bridge.metric(damage.metric) >= 1


@contextmanager
def with_a_dead_letter(directory: Path) -> Iterator[tuple[Bridge, Collector]]:
    """A running bridge whose destination has refused /refused, and takes everything now."""
    with Collector(always(Reply(400))) as galileo, bridge_at(directory, galileo) as bridge:
        assert accepts(bridge, "/refused")
        eventually(lambda: bridge.metric("dead_letters") == 1, "the dead letter")
        galileo.trouble = well
        yield bridge, galileo


def test_dead_letters_outlive_the_damage_of_their_file_where_they_can_be_read(tmp_path: Path) -> None:
    with with_a_dead_letter(tmp_path) as (bridge, galileo):
        bridge.kill()
        state = tmp_path / "state" / "state.db"
        blank_cursors(state)
        bridge.start()
        bridge.wait_for_line("dead letters are damaged: quarantined")
        (letter,) = json.loads(run("dead-letters", "--config", bridge.config, "list", "--json").out)
        replayed = run("dead-letters", "--config", bridge.config, "replay", letter["id"])
        eventually(lambda: "/refused" in galileo.taken, "the replay")

        assert ("galileo", 1) == (letter["exporter"], letter["exchanges"])
        assert 0 == replayed.code


@pytest.mark.field
def test_a_store_of_dead_letters_damaged_in_use_holds_its_pipeline_until_a_restart(tmp_path: Path) -> None:
    with with_a_dead_letter(tmp_path) as (bridge, galileo):
        galileo.trouble = always(Reply(400))
        (tmp_path / "state" / "state.db").write_bytes(b"not a database " * 900)
        assert accepts(bridge, "/held")
        bridge.wait_for_line("a dead letter can't be kept; its pipeline holds")
        held = bridge.metric("journal_backlog_records")
        bridge.stop()
        bridge.start()
        eventually(lambda: bridge.metric("dead_letters") >= 1, "what was held")
        with closing(DeadLetters.open(tmp_path / "state", max_size=MIB, max_age_s=1e9)) as letters:
            (letter, *_) = letters.list()

        assert held >= 1
        assert "refused with 400" == letter.reason


def test_a_directory_removed_under_a_running_bridge_is_not_missed_in_silence(tmp_path: Path) -> None:
    with Collector(DOWN) as galileo, bridge_at(tmp_path, galileo) as bridge:
        assert accepts(bridge, "/before")
        (tmp_path / "state").rename(tmp_path / "elsewhere")
        assert_refused(bridge, "/refused", "journal_unwritable")
        gone = readiness(bridge)
        # As an empty mount point where the disk went away: another directory, though of the same name.
        (tmp_path / "state").mkdir()
        assert_refused(bridge, "/refused-too", "journal_unwritable")
        replaced = readiness(bridge)
        (tmp_path / "state").rmdir()
        (tmp_path / "elsewhere").rename(tmp_path / "state")
        eventually(lambda: accepts(bridge, "/after"), "it accepts again")
        galileo.trouble = well
        eventually(lambda: {"/before", "/after"} <= set(galileo.taken), "all that was confirmed")

        assert [503, 503, 200] == [gone.status, replaced.status, readiness(bridge).status]
        assert str(tmp_path / "state") in gone.why


@pytest.mark.field
def test_files_removed_under_a_running_bridge_cost_what_was_in_them_alone(tmp_path: Path) -> None:
    with Collector(DOWN) as galileo, bridge_at(tmp_path, galileo) as bridge:
        for path in EXCHANGES:
            post(bridge, path, 110_000)
        bridge.kill()
        # Nothing of it is in memory: only what it reads from now on can be delivered.
        bridge.start()
        bridge.wait_for_line("nothing is sent for now")
        for file in (tmp_path / "state").glob("*.db*"):
            file.unlink()
        eventually(lambda: accepts(bridge, "/next"), "it accepts again")
        galileo.trouble = well
        eventually(lambda: "/next" in galileo.taken, "what came after")
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")

        assert 0 == bridge.stop()


def overwrite(path: Path, what: bytes, by: bytes) -> None:
    content = path.read_bytes()
    place = content.index(what)
    path.write_bytes(content[:place] + by + content[place + len(by) :])


def blank_cursors(state: Path) -> None:
    """A page of zeros where the cursors were."""
    with closing(sqlite3.connect(state)) as db:
        (page,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'cursor'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    with state.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
