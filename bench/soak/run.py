"""One soak: the real bridge between gateways and two destinations, while the script happens to it."""

from __future__ import annotations

import itertools
import signal
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from bench.soak.destination import Destination
from bench.soak.gateway import Gateways
from bench.soak.script import Act, Event, Trouble, script
from bench.soak.watch import Sample, Thirds, peak_memory, sample, thirds
from tests.bridge import Bridge, run
from tests.disasters.ports import fixed_ports
from tests.end_to_end.conftest import galileo_section, runscope_section

_TICK = 0.1
_SAMPLE_SECONDS = 0.5
# Backoff after a trouble is seconds long; what has not come by then never does.
_PATIENCE = 120.0
_CONNECTION_TIMEOUT = 2
_REPLACE_EVERY = 3


class Progress(NamedTuple):
    seconds: float
    sent: int
    acknowledged: int
    missing: int
    """Acknowledged and not yet at every destination."""
    memory: float
    """MiB."""
    troubles: Mapping[str, Trouble | None]


class Outcome(NamedTuple):
    sent: int
    acknowledged: int
    delivered: Mapping[str, int]
    """Acknowledged exchanges that arrived, by destination."""
    duplicated: Mapping[str, int]
    replayed: int
    """Dead letters, which a 207 made."""
    repeated: int
    """Requests that the gateways sent again."""
    acts: Mapping[Act, int]
    peak: float
    """MiB, over all lives."""
    life: Thirds
    """The last and longest one."""
    exit_code: int

    @property
    def lost(self) -> int:
        return sum(self.acknowledged - delivered for delivered in self.delivered.values())


class Soak:
    def __init__(
        self, *, seconds: float, rate: float, seed: int, progress: Callable[[Progress], None]
    ) -> None:
        """*rate* is exchanges a second; *progress* is called a few times a second."""
        self._seconds = seconds
        self._rate = rate
        self._seed = seed
        self._progress = progress
        self._destinations = {name: Destination(Random(f"{seed} {name}")) for name in ("galileo", "runscope")}
        self._events = script(seconds, list(self._destinations), Random(seed))
        self._happened = dict.fromkeys(Act, 0)
        self._ports = fixed_ports()
        del self._ports["inspector"]
        self._revisions = itertools.count(1)
        self._samples: list[Sample] = []
        self._next_sample = 0.0
        self._peak = 0.0

    def run(self) -> Outcome:
        with ExitStack() as stack:
            directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="otel-bridge-soak-")))
            for destination in self._destinations.values():
                stack.enter_context(destination)
            self._bridge = Bridge(directory, **self._sections(0))
            stack.enter_context(self._bridge)
            gateways = Gateways(
                self._bridge.address("OTLP/HTTP"),
                self._bridge.address("OTLP/gRPC"),
                rate=self._rate,
                seed=self._seed,
            )
            self._started = time.monotonic()
            with gateways:
                self._play(gateways)
            life = thirds(self._samples)
            replayed = self._settle(gateways)
            code = self._bridge.stop()
        return self._outcome(gateways, life, replayed, code)

    def _play(self, gateways: Gateways) -> None:
        waiting = list(self._events)
        while (now := self._now()) < self._seconds:
            while waiting and waiting[0].at <= now:
                self._happen(waiting.pop(0))
            self._watch(gateways)
            time.sleep(_TICK)

    def _happen(self, event: Event) -> None:
        self._happened[event.act] += 1
        match event.act:
            case Act.KILL:
                self._bridge.kill()
                self._bridge.start()
                self._samples.clear()
            case Act.RELOAD:
                self._bridge.write_config(**self._sections(next(self._revisions)))
                self._bridge.signal(signal.SIGHUP)
            case Act.TROUBLE | Act.WELL:
                self._destinations[event.destination].trouble = event.trouble

    def _settle(self, gateways: Gateways) -> int:
        """Wait for what is still to arrive, dead letters too; returns how many of these there were."""
        for destination in self._destinations.values():
            destination.trouble = None
        self._await(gateways, lambda: self._backlog() == 0)
        letters = int(self._bridge.metric("dead_letters"))
        if letters:
            run("dead-letters", "--config", self._bridge.config, "replay", "--all")
        self._await(gateways, lambda: self._missing(gateways) == 0)
        return letters

    def _await(self, gateways: Gateways, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not condition() and time.monotonic() < deadline:
            self._watch(gateways)
            time.sleep(_TICK)

    def _watch(self, gateways: Gateways) -> None:
        if self._now() < self._next_sample:
            return
        self._next_sample = self._now() + _SAMPLE_SECONDS
        with suppress(OSError):
            self._samples.append(sample(self._bridge.pid))
            self._peak = max(self._peak, peak_memory(self._bridge.pid))
        self._progress(
            Progress(
                seconds=self._now(),
                sent=gateways.sent,
                acknowledged=len(gateways.acknowledged),
                missing=self._missing(gateways),
                memory=self._samples[-1].memory if self._samples else 0.0,
                troubles={name: each.trouble for name, each in self._destinations.items()},
            )
        )

    def _missing(self, gateways: Gateways) -> int:
        acknowledged = list(gateways.acknowledged)
        return max(len(acknowledged) - self._delivered(acknowledged, name) for name in self._destinations)

    def _delivered(self, acknowledged: list[str], name: str) -> int:
        taken = self._destinations[name].taken
        return sum(1 for each in acknowledged if each in taken)

    def _backlog(self) -> float:
        return sum(
            self._bridge.metric("journal_backlog_records", pipeline=name) for name in self._destinations
        )

    def _now(self) -> float:
        return time.monotonic() - self._started

    def _sections(self, revision: int) -> dict[str, Any]:
        """The configuration after so many reloads. Each changes pipelines, some the bridge around them."""
        settings = {"flush_timeout": f"{50 + revision % 2}ms"}
        galileo, runscope = self._destinations["galileo"], self._destinations["runscope"]
        return {
            **self._ports,
            "receivers": self._ports["receivers"],
            "exporters": {
                "galileo": galileo_section(galileo, connection_timeout=_CONNECTION_TIMEOUT, **settings),
                "runscope": runscope_section(runscope, timeout=_CONNECTION_TIMEOUT * 1000, **settings),
            },
            "dead_letters": {"max_age": f"{30 + revision // _REPLACE_EVERY}d"},
        }

    def _outcome(self, gateways: Gateways, life: Thirds, replayed: int, code: int) -> Outcome:
        return Outcome(
            sent=gateways.sent,
            acknowledged=len(gateways.acknowledged),
            delivered={name: self._delivered(gateways.acknowledged, name) for name in self._destinations},
            duplicated={name: each.duplicated for name, each in self._destinations.items()},
            replayed=replayed,
            repeated=gateways.repeated,
            acts=self._happened,
            peak=self._peak,
            life=life,
            exit_code=code,
        )
