"""A journal of each release, as its program left it, for all later ones to take up.

`python -m tests.journal.releases 0.2.0` makes that folder with the program of this tree: done once, when
it is released, and never again. Beside `state` lies `owed.json` with what was owed when the program ended.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.bridge import Bridge, eventually, run
from tests.end_to_end.conftest import entries, galileo_section, messages, runscope_section
from tests.recordings import payloads
from tests.vendor_server import Received, Reply, VendorServer

HERE = Path(__file__).parent
TRAFFIC = "kong-3.9-default"
REQUESTS = 24


class Owed(NamedTuple):
    """What a journal still owes; exchanges are known by trace id and span id in hex, joined by `-`."""

    galileo: Sequence[str]
    runscope: Sequence[str]
    dead_letters: Sequence[dict[str, Any]]
    """As `dead-letters list --json` has them."""


class Destinations:
    """A Galileo and a Runscope that take what they are told to."""

    def __init__(self) -> None:
        self.galileo = VendorServer(self._answer)
        self.runscope = VendorServer(self._answer)
        self.reply = Reply()

    def bridge(self, directory: Path) -> Bridge:
        """One whose journal is `state` below *directory*."""
        return Bridge(
            directory,
            exporters={
                "galileo": galileo_section(self.galileo, queue_size=1),
                "runscope": runscope_section(self.runscope, queue_size=1),
            },
        )

    def taken(self) -> tuple[list[str], list[str]]:
        """The exchanges in all requests so far, by destination."""
        galileo = [
            f"{entry['_otel']['traceId']}-{entry['_otel']['spanId']}" for entry in entries(self.galileo)
        ]
        return galileo, [message["unique_identifier"] for message in messages(self.runscope)]

    def _answer(self, _: Received) -> Reply:
        return self.reply

    def __enter__(self) -> Destinations:
        self.galileo.__enter__()
        self.runscope.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.galileo.__exit__(None, None, None)
        self.runscope.__exit__(None, None, None)


def dead_letters(bridge: Bridge) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(
        run("dead-letters", "--config", bridge.config, "list", "--json").out
    )
    return found


def make(folder: Path) -> None:
    """Let the program take recorded traffic: some delivered, some refused, the rest unsettled; kill it."""
    parts = (payloads(TRAFFIC)[:8], payloads(TRAFFIC)[8:12], payloads(TRAFFIC)[12:REQUESTS])
    settled: tuple[list[str], list[str]] = ([], [])
    with tempfile.TemporaryDirectory() as directory, Destinations() as there:
        with there.bridge(Path(directory)) as bridge:
            for reply, part in zip((Reply(), Reply(400), Reply(503)), parts, strict=True):
                there.reply = reply
                for payload in part:
                    assert bridge.post(payload).status_code == 200
                if reply.status != 503:
                    eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")
                    settled = there.taken()
            bridge.wait_for_line("galileo: nothing is sent for now")
            bridge.wait_for_line("runscope: nothing is sent for now")
            letters = dead_letters(bridge)
            bridge.kill()
        shutil.copytree(
            Path(directory) / "state", folder / "state", ignore=shutil.ignore_patterns("lock", "*-shm")
        )
        galileo, runscope = owed_by_all(Path(directory), there, settled)
    owed = Owed(galileo, runscope, letters)
    (folder / "owed.json").write_text(json.dumps(owed._asdict(), indent=1) + "\n")


def owed_by_all(
    directory: Path, there: Destinations, settled: tuple[list[str], list[str]]
) -> tuple[list[str], list[str]]:
    """What else arrives when the program goes on in *directory*, by destination."""
    there.reply = Reply()
    with there.bridge(directory) as bridge:
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")
        bridge.stop()
    return tuple(  # type: ignore[return-value]
        sorted(set(now) - set(before)) for now, before in zip(there.taken(), settled, strict=True)
    )


def owed(folder: Path) -> Owed:
    return Owed(**json.loads((folder / "owed.json").read_text()))
