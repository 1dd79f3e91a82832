"""Hostile senders by the hundred: honest ones go on being served, and memory stays flat.

The attack comes from a process of its own and the bridge is the real program. How the single refusals
look is tested in tests/test_asgi.py and tests/receiver/.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from tests.bridge import PROTOBUF, Bridge
from tests.disasters.attacks import ATTACKS, Target, attacking
from tests.end_to_end.collector import Collector
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.traffic import EXPORT, Call, request
from tests.loops import LIMIT

KONGS_PATIENCE = 5.0
"""Seconds Kong waits for an answer."""

IN_FLIGHT = 128
"""MiB of `max_in_flight`; with it bodies of 64 MiB may be decompressed two at a time."""

GROWTH = 500
"""MiB that the bridge may grow by at most: what is in flight (and, where a body is put together, a second
time), the chunks of decompressors, connections, and what the allocator keeps of all that."""

FEW = {
    "gzip bombs": 8,
    "gzip bombs of many members": 8,
    "deflate bombs": 8,
    "zstd bombs": 8,
    "gRPC bombs": 4,
    "gRPC without messages": 60,
}
MANY = {"idle": 1500, "idle gRPC": 1500}
USUALLY = 400


QUICKLY = ("idle", "slow heads", "slow bodies", "gzip bombs", "gRPC without messages", "costly bodies")
"""What every run of the tests attacks with; the rest is for `make test-field`."""


class Served(NamedTuple):
    """How honest senders fared: seconds of each request; each was answered with 200 or OK."""

    kept: list[float]
    fresh: list[float]
    grpc: list[float]

    @property
    def usually(self) -> float:
        return statistics.median([*self.kept, *self.fresh, *self.grpc])


@pytest.fixture(scope="module")
def bridge(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bridge]:
    directory: Path = tmp_path_factory.mktemp("bridge")
    with Collector() as galileo:
        bridge = Bridge(directory, exporters={"galileo": galileo_section(galileo)})
        sections = {
            "protocols": {"grpc": {"endpoint": "127.0.0.1:0"}, "http": {"endpoint": "127.0.0.1:0"}},
            "max_in_flight": f"{IN_FLIGHT}MiB",
        }
        bridge.write_config(exporters={"galileo": galileo_section(galileo)}, receivers={"otlp": sections})
        with bridge.start():
            yield bridge


def serve(bridge: Bridge, seconds: float) -> Served:
    """Send as honest senders do, on a kept connection, on fresh ones and by gRPC; each has to succeed."""
    served = Served([], [], [])
    url = bridge.address("OTLP/HTTP")
    with (
        httpx.Client(timeout=LIMIT) as client,
        grpc.insecure_channel(bridge.address("OTLP/gRPC")) as channel,
    ):
        export = channel.unary_unary(EXPORT)

        def on_kept() -> int:
            return client.post(url, content=request(Call("/")), headers=PROTOBUF).status_code

        def on_fresh() -> int:
            connection = HTTPConnection(urlsplit(url).netloc, timeout=LIMIT)
            connection.request("POST", "/v1/traces", request(Call("/")), PROTOBUF)
            with closing(connection), connection.getresponse() as answer:
                return answer.status

        def by_grpc() -> int:
            export(request(Call("/")), timeout=LIMIT)
            return 200

        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for took, send in zip(served, (on_kept, on_fresh, by_grpc), strict=True):
                start = time.monotonic()
                status = send()
                took.append(time.monotonic() - start)
                assert 200 == status
            time.sleep(0.02)
    return served


def peak_memory(bridge: Bridge) -> float:
    """MiB of the bridge's process at its largest since `forget_peak`."""
    status = Path(f"/proc/{bridge.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def forget_peak(bridge: Bridge) -> None:
    Path(f"/proc/{bridge.pid}/clear_refs").write_text("5")


def attacked(bridge: Bridge, name: str, *, seconds: float) -> tuple[Served, float]:
    """How honest senders fared during the attack, and by how many MiB the bridge grew at most."""
    serve(bridge, 0.1)
    forget_peak(bridge)
    before = peak_memory(bridge)
    target = Target(urlsplit(bridge.address("OTLP/HTTP")).netloc, bridge.address("OTLP/gRPC"))
    with attacking(name, target, workers=FEW.get(name) or MANY.get(name, USUALLY)):
        served = serve(bridge, seconds)
    return served, peak_memory(bridge) - before


@pytest.mark.parametrize("name", QUICKLY)
def test_honest_senders_are_served_and_memory_stays_flat(bridge: Bridge, name: str) -> None:
    _, growth = attacked(bridge, name, seconds=0.5)

    assert growth < GROWTH


@pytest.mark.field
@pytest.mark.parametrize("name", ATTACKS)
def test_for_longer(bridge: Bridge, name: str) -> None:
    served, growth = attacked(bridge, name, seconds=2)
    kept, fresh, by_grpc = (sorted(took) for took in served)
    print(
        f"\n{name}: {len(kept)} each; slowest ms kept {kept[-1] * 1000:.0f} fresh {fresh[-1] * 1000:.0f}"
        f" gRPC {by_grpc[-1] * 1000:.0f}; median {kept[len(kept) // 2] * 1000:.0f}; grew {growth:.0f} MiB"
    )

    assert served.usually < KONGS_PATIENCE
    assert growth < GROWTH
