"""`kill -9` of the bridge at random moments: what was acknowledged arrives, at both destinations."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.bridge import Bridge, eventually
from tests.disasters.ports import fixed_ports
from tests.end_to_end.collector import Collector, always, well
from tests.end_to_end.conftest import exporters
from tests.end_to_end.senders import Senders
from tests.end_to_end.traffic import Call, request
from tests.vendor_server import Reply

DOWN = always(Reply(503))
SLOW = always(Reply(delay=0.3))
# Longer than a start takes here, so that some kills come before it is ready and some right after.
START = 1.5


@dataclass
class Ordeal:
    """A bridge to be killed, two destinations, and what it acknowledged in all of its lives."""

    bridge: Bridge
    destinations: Sequence[Collector]
    chance: random.Random
    most: int
    """Requests that are confirmed before a kill, at most."""
    confirmed: list[str] = field(default_factory=list)

    def under_load(self) -> None:
        with Senders(self.bridge, grpc_threads=1, retry=False) as senders:
            enough = self.chance.randrange(self.most)
            eventually(lambda: len(senders.confirmed) > enough, "requests are confirmed")
            self.bridge.kill()
        self.confirmed += senders.confirmed

    def during_start_up(self) -> None:
        self._traffic()
        self.bridge.kill()
        self.bridge.launch()
        time.sleep(self.chance.uniform(0, START))
        self.bridge.kill()

    def during_a_drain(self) -> None:
        for each in self.destinations:
            each.trouble = SLOW
        self._traffic()
        self.bridge.signal(signal.SIGTERM)
        time.sleep(self.chance.uniform(0, 1))
        self.bridge.kill()
        self._heal()

    def while_a_destination_is_down(self) -> None:
        self.chance.choice(self.destinations).trouble = DOWN
        self.under_load()
        self._heal()

    def duplicated(self) -> float:
        """The share of exchanges that came again."""
        delivered = [Counter(each.taken) for each in self.destinations]
        return 1 - sum(map(len, delivered)) / sum(each.total() for each in delivered)

    def _traffic(self) -> None:
        with Senders(self.bridge) as senders:
            eventually(lambda: len(senders.confirmed) > self.most // 10, "requests are confirmed")
        self.confirmed += senders.confirmed

    def _heal(self) -> None:
        for each in self.destinations:
            each.trouble = well


UNDER_LOAD, START_UP, DRAIN, DOWNTIME = (
    Ordeal.under_load,
    Ordeal.during_start_up,
    Ordeal.during_a_drain,
    Ordeal.while_a_destination_is_down,
)


def survive(directory: Path, moments: Sequence[Callable[[Ordeal], None]], *, most: int) -> None:
    """Kill it at these *moments*, in a random order, and check that nothing acknowledged is missing."""
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    with (
        Collector() as galileo,
        Collector() as runscope,
        Bridge(directory, exporters=exporters(galileo, runscope)) as bridge,
    ):
        ordeal = Ordeal(bridge, [galileo, runscope], chance, most)
        for kill in chance.sample(moments, len(moments)):
            kill(ordeal)
            bridge.start()
        for each in ordeal.destinations:
            eventually(lambda: set(ordeal.confirmed) <= set(each.taken), "all that was confirmed")  # noqa: B023
        print(
            f"{len(moments)} kills, {len(ordeal.confirmed)} exchanges confirmed, 0 lost, "
            f"{ordeal.duplicated():.2%} of what arrived came again"
        )

        assert 0 == bridge.metric("dead_letters")
        assert 0 == bridge.metric("journal_quarantined_files")


def test_what_was_confirmed_before_a_kill_arrives_after_it(tmp_path: Path) -> None:
    survive(tmp_path, [START_UP, DRAIN, DOWNTIME], most=50)


@pytest.mark.field
@pytest.mark.timeout(600)
def test_what_was_confirmed_before_many_kills_arrives(tmp_path: Path) -> None:
    survive(tmp_path, [UNDER_LOAD] * 14 + [START_UP] * 6 + [DRAIN] * 6 + [DOWNTIME] * 6, most=500)


def test_a_killed_bridge_takes_its_inspector_along(tmp_path: Path) -> None:
    with Bridge(tmp_path, **fixed_ports()) as bridge:
        bridge.kill()
        bridge.start()
        bridge.post(request(Call("/later")))
        eventually(
            lambda: bridge.metric("exporter_sent_exchanges_total", exporter="inspector") == 1, "its successor"
        )
