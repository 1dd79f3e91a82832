"""A disk without room: everything acknowledged arrives, senders hear 503 until there is room again."""

from __future__ import annotations

import contextlib
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bridge import Bridge, eventually
from tests.disasters.disks import (
    FULL,
    MIB,
    UNWRITABLE,
    Readiness,
    accepts,
    assert_refused,
    on,
    post,
    readiness,
    recovers,
    small_disk,
)
from tests.end_to_end.collector import Collector, always, well
from tests.end_to_end.conftest import galileo_section
from tests.vendor_server import Reply

READY = Readiness(200, "ready\n")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    with small_disk(tmp_path / "disk", size=6 * MIB) as disk:
        yield disk


def bridge_on(disk: Path, galileo: Collector, **journal: object) -> Bridge:
    exporters = {"galileo": galileo_section(galileo, queue_size=1)}
    return Bridge(disk.parent, exporters=exporters, journal=on(disk, **journal))


def test_a_full_disk_refuses_until_what_fills_it_is_delivered(disk: Path) -> None:
    with Collector(always(Reply(503))) as galileo, bridge_on(disk, galileo) as bridge:
        confirmed: list[str] = []
        while accepts(bridge, f"/{len(confirmed)}", 100_000):
            confirmed.append(f"/{len(confirmed)}")
        assert_refused(bridge, "/refused", FULL, size=100_000)
        ready = readiness(bridge)
        galileo.trouble = well
        recovers(bridge, "/later")
        eventually(lambda: {*confirmed, "/later"} <= set(galileo.taken), "all that was confirmed")
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")
        full_again = post(bridge, "/large", 1_000_000).status_code

        assert READY == ready
        assert 10 < len(confirmed)
        assert confirmed == galileo.taken[: len(confirmed)]
        assert 200 == full_again
        assert 0 == bridge.stop()


def test_a_disk_that_others_fill_refuses_until_they_make_room(disk: Path) -> None:
    ballast = disk / "ballast"
    with Collector() as galileo, bridge_on(disk, galileo) as bridge:
        assert accepts(bridge, "/before")
        fill(ballast)
        assert_refused(bridge, "/refused", FULL)
        ready = readiness(bridge)
        ballast.unlink()
        recovers(bridge, "/after")
        eventually(lambda: {"/before", "/after"} <= set(galileo.taken), "all that was confirmed")

        assert READY == ready
        assert "/refused" not in galileo.taken


def test_a_full_disk_is_no_reason_not_to_deliver_nor_to_end(disk: Path) -> None:
    with Collector(always(Reply(503))) as galileo, bridge_on(disk, galileo) as bridge:
        assert accepts(bridge, "/before")
        fill(disk / "ballast")
        galileo.trouble = well
        eventually(lambda: galileo.taken == ["/before"], "what was confirmed")

        assert 0 == bridge.stop()


@pytest.mark.field
def test_a_start_on_a_full_disk_delivers_what_is_there_and_then_takes_more(disk: Path) -> None:
    ballast = disk / "ballast"
    with Collector(always(Reply(503))) as galileo, bridge_on(disk, galileo) as bridge:
        assert accepts(bridge, "/before")
        bridge.kill()
        fill(ballast)
        galileo.trouble = well
        bridge.start()
        eventually(lambda: galileo.taken == ["/before"], "what was confirmed")
        assert_refused(bridge, "/refused", FULL)
        ballast.unlink()
        recovers(bridge, "/after")


@pytest.mark.field
def test_min_free_is_left_to_others(disk: Path) -> None:
    ballast = disk / "ballast"
    with Collector() as galileo, bridge_on(disk, galileo, min_free="3MiB") as bridge:
        assert accepts(bridge, "/before")
        fill(ballast, leave=3 * MIB)
        assert_refused(bridge, "/refused", FULL)
        ready = readiness(bridge)
        ballast.unlink()
        recovers(bridge, "/after")

        assert READY == ready


@pytest.mark.field
def test_a_disk_without_inodes_is_full(tmp_path: Path) -> None:
    with (
        small_disk(tmp_path / "disk", size=128 * MIB, inodes=40) as disk,
        Collector(always(Reply(503))) as galileo,
        bridge_on(disk, galileo, max_size="64MiB") as bridge,
    ):
        assert accepts(bridge, "/before")
        others: list[Path] = []
        # The file being written takes some more; then another is needed. One that is closed frees some.
        while accepts(bridge, "/more", 900_000) or take_inodes(disk, others):
            take_inodes(disk, others)
        assert_refused(bridge, "/refused", FULL)
        ready = readiness(bridge)
        for path in others:
            path.unlink()
        recovers(bridge, "/after")
        galileo.trouble = well
        eventually(lambda: {"/before", "/more", "/after"} <= set(galileo.taken), "all that was confirmed")

        assert READY == ready


def test_a_disk_that_takes_nothing_for_another_reason_makes_it_unready_until_it_does(tmp_path: Path) -> None:
    # No file may grow any more: a real error of the system's, which anybody can bring about.
    with Collector() as galileo, bridge_on(tmp_path / "disk", galileo) as bridge:
        assert accepts(bridge, "/before")
        _, most = resource.prlimit(bridge.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        assert_refused(bridge, "/refused", UNWRITABLE, size=100_000)
        ready = readiness(bridge)
        resource.prlimit(bridge.pid, resource.RLIMIT_FSIZE, (most, most))
        # Without any traffic.
        eventually(lambda: readiness(bridge) == READY, "it finds out by itself")
        recovers(bridge, "/after")
        eventually(lambda: {"/before", "/after"} <= set(galileo.taken), "all that was confirmed")

        assert 503 == ready.status
        assert str(tmp_path / "disk") in ready.why
        bridge.wait_for_line("journal is unwritable")
        bridge.wait_for_line("journal is writable again")


def fill(ballast: Path, *, leave: int = 0) -> None:
    """Take all room of the disk but *leave* bytes."""
    with ballast.open("wb", buffering=0) as file:
        left = file_system_left(ballast)
        while left > leave:
            try:
                file.write(bytes(min(left - leave, MIB)))
            except OSError:
                return
            left = file_system_left(ballast)


def file_system_left(path: Path) -> int:
    status = os.statvfs(path)
    return status.f_bavail * status.f_frsize


def take_inodes(directory: Path, taken: list[Path]) -> bool:
    """Make files until no more can be made, and add them to *taken*; False where none could be made."""
    before = len(taken)
    with contextlib.suppress(OSError):
        while True:
            path = directory / f"other-{len(taken)}"
            path.touch()
            taken.append(path)
    return len(taken) > before
