"""Killed at any moment, full disks: nothing is forgotten, and nothing told twice but what was under way."""

from __future__ import annotations

import random
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from otel_bridge.database_files import free_bytes
from otel_bridge.inspector.alerts.book import AlertBook, BookError
from otel_bridge.inspector.alerts.change import SavedWindow
from tests.bridge import eventually
from tests.disasters.disks import MIB, small_disk
from tests.inspector.alerts.books import NOW, RULE, SECOND, begins
from tests.inspector.alerts.couriers import Clock, HttpChannel, working
from tests.vendor_server import VendorServer

_ROOT = Path(__file__).parents[3]


def _tell_and_kill(path: Path, url: str, turn: int, lines: int) -> list[str]:
    """What a child had in its book for certain when it was killed, after so many *lines* of it."""
    command = [sys.executable, "-m", "tests.inspector.alerts.couriers", str(path), url, str(turn * 1_000_000)]
    child = subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    told = [child.stdout.readline() for _ in range(lines)]
    child.send_signal(signal.SIGKILL)
    told += child.stdout.readlines()
    child.wait(30)
    child.stdout.close()
    return [line for line in told if line.endswith("\n")]


@pytest.mark.parametrize("kills", [3, pytest.param(25, marks=pytest.mark.field)])
@pytest.mark.timeout(300)
def test_kill_forgets_nothing_and_repeats_only_what_was_under_way(tmp_path: Path, kills: int) -> None:
    moments = random.Random(kills)
    path = tmp_path / "alerts.db"
    said: list[str] = []
    with VendorServer() as server:
        for turn in range(kills):
            said += _tell_and_kill(path, server.url, turn, moments.randint(1, 60))
        book = AlertBook(path, owner=True)
        clock = Clock()
        clock.us = time.time_ns() // 1000 + 3600 * SECOND
        book.tell(clock.us)
        with working(book, HttpChannel(server.url), clock=clock):
            eventually(lambda: not book.waiting(), "all is told", timeout=60)
        received = [request.json() for request in server.requests]
        _, firing = book.saved()
        book.close()

    began = {line.split()[1] for line in said if line.startswith("began")}
    ended = {line.split()[1] for line in said if line.startswith("ended")}
    notifications = {(each["id"], each["kind"], each["group"]) for each in received}
    told = Counter((kind, group) for _, kind, group in notifications)
    assert {("trigger", group) for group in began} | {("resolve", group) for group in ended} <= told.keys()
    assert {1} == set(told.values())
    assert len(received) - len(notifications) <= kills
    assert began - ended - {str(group) for _, group in firing} <= {
        group for kind, group in told if kind == "resolve"
    }
    order = [(each["group"], each["kind"]) for each in received]
    assert all(
        order.index((group, "trigger")) < order.index((group, "resolve"))
        for kind, group in told
        if kind == "resolve"
    )


def test_full_disk_is_said_and_changes_nothing_until_there_is_room(tmp_path: Path) -> None:
    """In a process of its own: the limit on the size of files stands in for the disk."""
    child = subprocess.run(
        [sys.executable, "-m", __name__, str(tmp_path / "alerts.db")],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (0, "") == (child.returncode, child.stderr)


@pytest.mark.field
def test_full_file_system_is_said_until_there_is_room_again(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", size=MIB) as disk, closing(AlertBook(disk / "alerts.db")) as book:
        book.put(RULE)
        filler = disk / "filler"
        filler.write_bytes(bytes(free_bytes(disk)))
        with pytest.raises(BookError, match="full"):
            book.record([begins()], [], NOW)
        assert ([RULE], []) == (book.rules(), book.firing())
        filler.unlink()
        book.record([begins()], [], NOW)

        assert ["acme"] == [firing.group for firing in book.firing()]


def _outgrow(path: Path) -> None:
    book = AlertBook(path, owner=True)
    book.put(RULE)
    window = SavedWindow(RULE.id, "acme", bytes(100))
    book.record([begins()], [window], NOW)
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (8192, hard))
    for _ in range(2):
        with pytest.raises(BookError, match=str(path)):
            book.record([begins(group="another")], [window._replace(counts=bytes(200_000))], NOW)
        with pytest.raises(BookError, match=str(path)):
            book.take(NOW)
    assert ["acme"] == [firing.group for firing in book.firing()]
    assert {"slack": 1} == book.waiting()
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    book.record([begins(group="another")], [window], NOW)
    assert ["another", "acme"] == [firing.group for firing in book.firing()]
    assert ([window], 2) == (book.saved()[0], len(book.saved()[1]))


if __name__ == "__main__":
    _outgrow(Path(sys.argv[1]))
