"""Disasters around the alerts of a real `serve`: the inspector goes on, and nobody is told twice or never."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest

from otel_bridge.inspector.alerts.book import FILE_NAME, AlertBook
from otel_bridge.inspector.alerts.rule import Count, Rule
from tests.bridge import PATIENCE, Bridge, eventually
from tests.disasters.disks import MIB, small_disk
from tests.end_to_end.traffic import Call, request
from tests.vendor_server import Reply, VendorServer

TOKEN = "people's-token-of-some-length"
RULE = Rule(
    id="00000000000000aa",
    name="It comes",
    query="path:/alarm",
    condition=Count(1),
    window=3600,
    channels=("webhook",),
)
FULL = "full"
# Less than a channel waits for an answer.
STOPPED_SECONDS = 9.0


class Program:
    """A bridge with an inspector, and what a person asks of it."""

    def __init__(self, place: Path, hook: str, **inspector: Any) -> None:
        self.hook = hook
        self.kept = Path(inspector.get("directory", place / "inspector"))
        self._inspector = inspector
        self.bridge = Bridge(place, inspector=self.section(hook))

    def section(self, hook: str, **others: Any) -> dict[str, Any]:
        return {
            "enabled": True,
            "endpoint": "127.0.0.1:0",
            "tokens": [{"token": TOKEN, "role": "admin"}],
            "alerts": {"channels": {"webhook": {"url": hook, "secret": "s" * 24}}},
            **self._inspector,
            **others,
        }

    def with_rule(self) -> None:
        self.kept.mkdir(parents=True, exist_ok=True)
        book = AlertBook(self.kept / FILE_NAME)
        book.put(RULE)
        book.close()

    def get(self, path: str, **params: Any) -> httpx.Response:
        return httpx.get(
            self.bridge.address("inspector").rstrip("/") + path,
            params=params,
            headers={"authorization": f"Bearer {TOKEN}"},
            timeout=PATIENCE,
        )

    def shows(self, path: str) -> bool:
        rows: Sequence[Any] = self.get("/api/search", q=f"path:{path}").json()["rows"]
        return rows != []

    def firing(self) -> int:
        answer = self.get("/api/alerts/firing")
        total: int = answer.json()["total"] if answer.status_code == 200 else -1
        return total

    def inspector_pid(self) -> int:
        """Beside multiprocessing's own helper, it is the only child."""
        children = Path(f"/proc/{self.bridge.pid}/task/{self.bridge.pid}/children").read_text().split()
        (found,) = [pid for pid in children if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()]
        return int(found)


@pytest.fixture
def told() -> Iterator[VendorServer]:
    with VendorServer(lambda _: Reply(200)) as server:
        yield server


def test_a_kill_of_the_inspector_while_something_fires_repeats_nothing(
    tmp_path: Path, told: VendorServer
) -> None:
    program = Program(tmp_path, told.url)
    program.with_rule()
    with program.bridge.start() as bridge:
        bridge.post(request(Call("/alarm")))
        told.wait_for(1)
        eventually(
            lambda: "delivered" in program.get("/api/alerts/firing").text, "the delivery is written down"
        )
        os.kill(program.inspector_pid(), signal.SIGKILL)
        bridge.wait_for_line("the inspector ended")
        bridge.post(request(Call("/later")))

        eventually(lambda: program.shows("/later"), "it shows traffic again")
        eventually(lambda: program.firing() == 1, "it fires as before")
        assert 1 == len(told.requests)


def test_a_book_of_a_later_version_does_not_keep_the_inspector_from_starting(
    tmp_path: Path, told: VendorServer
) -> None:
    program = Program(tmp_path, told.url)
    program.kept.mkdir()
    with apsw.Connection(str(program.kept / FILE_NAME)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    with program.bridge.start() as bridge:
        bridge.post(request(Call("/one")))

        eventually(lambda: program.shows("/one"), "traffic is shown")
        answer = program.get("/api/alerts")
        assert (503, True) == (answer.status_code, "later version" in answer.text)
        assert not any("the inspector ended" in line for line in bridge.output)


def test_what_fires_while_the_disk_is_full_is_told_once_there_is_room(
    tmp_path: Path, told: VendorServer
) -> None:
    with small_disk(tmp_path / "disk", size=24 * MIB) as disk:
        program = Program(tmp_path, told.url, directory=str(disk / "inspector"))
        program.with_rule()
        ballast = disk / "ballast"
        with program.bridge.start() as bridge:
            eventually(lambda: program.firing() == 0, "the alerts work")
            fill(ballast)
            bridge.post(request(Call("/alarm")))
            eventually(lambda: any(FULL in line for line in bridge.output), "somebody says so")
            assert [] == told.requests
            ballast.unlink()

            told.wait_for(1)
            eventually(lambda: program.firing() == 1, "it fires")
            assert not any("the inspector ended" in line for line in bridge.output)


def test_a_disk_that_is_full_at_the_start_holds_alerts_up_until_there_is_room(
    tmp_path: Path, told: VendorServer
) -> None:
    with small_disk(tmp_path / "disk", size=24 * MIB) as disk:
        program = Program(tmp_path, told.url, directory=str(disk / "inspector"))
        # It has kept traffic before, and alerts are new to it.
        program.bridge.start()
        eventually(lambda: program.firing() == 0, "the alerts work")
        # An inspector that still runs would make the file anew.
        assert 0 == program.bridge.stop()
        for each in program.kept.glob(f"{FILE_NAME}*"):
            each.unlink()
        ballast = disk / "ballast"
        fill(ballast)
        with program.bridge.start() as bridge:
            eventually(lambda: "the file system is full" in program.get("/api/alerts").text, "it says so")
            ballast.unlink()

            eventually(lambda: program.firing() == 0, "the alerts work")
            assert not any("the inspector ended" in line for line in bridge.output)


def test_a_channel_that_hangs_holds_up_no_stop(tmp_path: Path) -> None:
    with VendorServer(lambda _: Reply(200, delay=60)) as told:
        program = Program(tmp_path, told.url)
        program.with_rule()
        with program.bridge.start() as bridge:
            bridge.post(request(Call("/alarm")))
            told.wait_for(1)
            began = time.monotonic()
            os.kill(program.inspector_pid(), signal.SIGTERM)
            ended = bridge.wait_for_line("the inspector ended")

            assert time.monotonic() - began < STOPPED_SECONDS
            assert "code=0" in ended.string


def test_a_reload_takes_over_who_is_told(tmp_path: Path, told: VendorServer) -> None:
    program = Program(tmp_path, told.url)
    program.with_rule()
    with VendorServer(lambda _: Reply(200)) as other, program.bridge.start() as bridge:
        eventually(lambda: program.firing() == 0, "the alerts work")
        bridge.reload(
            inspector=program.section(
                other.url, public_url="https://inspector.example.com", sampling_rate=0.1
            )
        )
        eventually(lambda: "The gateway samples" in program.get("/api/alerts").text, "it is taken over")
        bridge.post(request(Call("/alarm")))

        (trigger,) = other.wait_for(1)
        assert b"https://inspector.example.com/alerts?firing=" in trigger.body
        assert [] == told.requests


def fill(path: Path) -> None:
    """Write to *path* until nothing fits any more."""
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY)
    size = MIB
    while size:
        try:
            os.write(descriptor, bytes(size))
        except OSError:
            size //= 2
    os.close(descriptor)
