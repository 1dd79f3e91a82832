"""A disk that fails: refusals while it does, no loss, and no restart needed when it is over."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.bridge import Bridge, eventually
from tests.disasters.disks import FULL, UNWRITABLE, accepts, assert_refused, on, post, readiness
from tests.disasters.faults import Faults
from tests.end_to_end.collector import Collector, always, well
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.traffic import paths
from tests.loops import LIMIT
from tests.vendor_server import Reply

pytestmark = pytest.mark.field

DOWN = always(Reply(503))
# Of each file; in the first record of those that `ended` has.
PLACE = range(60_000, 64_096)


class Failing(NamedTuple):
    bridge: Bridge
    galileo: Collector
    faults: Faults


def start(directory: Path, galileo: Collector, faults: Faults) -> Bridge:
    exporters = {"galileo": galileo_section(galileo, queue_size=1)}
    bridge = Bridge(directory, exporters=exporters, journal=on(directory, max_size="4MiB"))
    return bridge.start(environment=faults.environment)


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Failing]:
    """One program for one fault after the other."""
    directory = tmp_path_factory.mktemp("failing")
    with Collector() as galileo, Faults(directory) as faults, start(directory, galileo, faults) as bridge:
        yield Failing(bridge, galileo, faults)


@pytest.mark.parametrize(
    ("name", "faults", "reason"),
    [
        ("writes", {"write": errno.EIO}, UNWRITABLE),
        ("syncs", {"sync": errno.EIO}, UNWRITABLE),
        ("read-only", {"write": errno.EROFS, "open_": errno.EROFS}, UNWRITABLE),
        ("quota", {"write": errno.EDQUOT}, FULL),
        ("room", {"write": errno.ENOSPC, "open_": errno.ENOSPC}, FULL),
        ("permission", {"write": errno.EACCES, "open_": errno.EACCES}, UNWRITABLE),
    ],
)
def test_while_the_disk_fails_senders_are_told_to_come_back_and_then_it_goes_on(
    failing: Failing, name: str, faults: dict[str, Any], reason: str
) -> None:
    bridge, galileo, disk = failing
    assert accepts(bridge, f"/{name}/before")
    disk.set(**faults)
    assert_refused(bridge, f"/{name}/refused", reason)
    # The file that was being written is given up; that another can't be made fails differently.
    assert_refused(bridge, f"/{name}/refused-again", reason)
    meanwhile = readiness(bridge).status
    disk.set()
    eventually(lambda: readiness(bridge).status == 200, "it finds out by itself")
    eventually(lambda: accepts(bridge, f"/{name}/after"), "it accepts again")
    confirmed = {f"/{name}/before", f"/{name}/after"}
    eventually(lambda: confirmed <= set(galileo.taken), "all that was confirmed")
    eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")

    assert (200 if reason == FULL else 503) == meanwhile
    assert 0 == bridge.metric("pipeline_restarts_total")


def test_dead_letters_wait_while_the_disk_fails(failing: Failing) -> None:
    bridge, galileo, disk = failing
    galileo.trouble = lambda seen: Reply(400) if "/poison" in seen else Reply()
    before = bridge.metric("dead_letters")
    galileo.trouble = DOWN
    assert accepts(bridge, "/poison")
    assert accepts(bridge, "/healthy")
    disk.set(write=errno.EIO, sync=errno.EIO, open_=errno.EIO)
    galileo.trouble = lambda seen: Reply(400) if "/poison" in seen else Reply()
    bridge.wait_for_line("a dead letter can't be kept; its pipeline holds")
    held = bridge.metric("dead_letters")
    disk.set()
    eventually(lambda: bridge.metric("dead_letters") == before + 1, "it is kept")
    eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")

    assert before == held
    assert "/healthy" in galileo.taken


@pytest.fixture
def ended(tmp_path: Path) -> Iterator[Failing]:
    """A program that has ended with twelve exchanges unsettled, in three files."""
    with Collector(DOWN) as galileo, Faults(tmp_path) as faults, start(tmp_path, galileo, faults) as bridge:
        for path in paths(12):
            assert 200 == post(bridge, path, 110_000).status_code
        bridge.stop()
        yield Failing(bridge, galileo, faults)


def test_a_place_that_can_not_be_read_costs_the_records_on_it_alone(ended: Failing) -> None:
    bridge, galileo, disk = ended
    disk.set(read=errno.EIO, places=PLACE)
    galileo.trouble = well
    bridge.start(environment=disk.environment)
    assert accepts(bridge, "/next")
    eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled", timeout=2 * LIMIT)
    lost = set(paths(12)) - set(galileo.taken)

    assert 3 == len(lost)
    assert [path for path in paths(12) if path not in lost] == galileo.taken[:-1]
    assert len(lost) == bridge.metric("journal_bad_records")
    bridge.wait_for_line("the disk fails")
    bridge.wait_for_line("journal records are damaged: skipped")


def test_while_the_disk_takes_nothing_either_no_record_is_given_up(ended: Failing) -> None:
    bridge, galileo, disk = ended
    disk.set(read=errno.EIO, places=PLACE)
    galileo.trouble = well
    bridge.start(environment=disk.environment)
    disk.set(read=errno.EIO, places=PLACE, write=errno.EIO)
    # Oftener than a place is tried that alone can't be read.
    eventually(lambda: sum("the disk fails" in line for line in bridge.output) > 7, "it is tried")
    bad = bridge.metric("journal_bad_records")
    disk.set()
    eventually(lambda: set(paths(12)) <= set(galileo.taken), "all that was confirmed")

    assert 0 == bad


def test_files_that_can_not_be_read_at_start_are_set_aside(ended: Failing) -> None:
    bridge, galileo, disk = ended
    # Their beginnings can be.
    disk.set(read=errno.EIO, places=range(65_536, 1 << 40))
    galileo.trouble = well
    bridge.start(environment=disk.environment)
    assert accepts(bridge, "/next")
    eventually(lambda: galileo.taken == ["/next"], "what came after")

    assert 3 == bridge.metric("journal_quarantined_files")
    assert 3 == sum("journal segment quarantined" in line for line in bridge.output)
