"""What the Collector has acknowledged arrives, whatever befalls the bridge or the Collector itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.bridge import Bridge, eventually
from tests.collector.conftest import before, bridge_on_fixed_ports, to_addresses
from tests.collector.gateway import PATIENCE, Gateway
from tests.end_to_end.collector import Collector, always, well
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.traffic import Call, paths, request
from tests.vendor_server import Reply, VendorServer, closed_port, script

pytestmark = pytest.mark.field

BODY = {"http.response.body.content": "x" * 50_000}


def post(gateway: Gateway, names: list[str]) -> None:
    for path in names:
        answer = gateway.post(request(Call(path, attributes=BODY)))
        assert answer.status_code == 200, answer.text


def all_arrive(galileo: Collector, names: list[str]) -> None:
    eventually(lambda: set(names) <= set(galileo.taken), f"all of {len(names)} exchanges", PATIENCE)


@contextmanager
def traffic(gateway: Gateway) -> Iterator[list[str]]:
    """Requests all the time, each tried again until it is acknowledged; yields the paths that were."""
    confirmed: list[str] = []
    over = threading.Event()

    def send() -> None:
        for path in paths(10_000, "traffic-"):
            while not over.is_set():
                try:
                    if gateway.post(request(Call(path))).status_code == 200:
                        confirmed.append(path)
                        break
                except httpx.TransportError:
                    over.wait(0.05)

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    try:
        yield confirmed
    finally:
        over.set()
        thread.join()


def more(confirmed: list[str], count: int = 50) -> None:
    """Wait for so many more of them."""
    wanted = len(confirmed) + count
    eventually(lambda: len(confirmed) >= wanted, f"{count} more are acknowledged", PATIENCE)


@pytest.mark.parametrize("disaster", ["restart", "kill"])
def test_a_bridge_that_goes_away_and_comes_back_loses_nothing(
    tmp_path: Path, transport: str, disaster: str
) -> None:
    with Collector() as galileo:
        bridge = bridge_on_fixed_ports(tmp_path, exporters={"galileo": galileo_section(galileo)})
        with bridge.start(), before(bridge, transport, tmp_path) as gateway:
            with traffic(gateway) as confirmed:
                more(confirmed)
                if disaster == "restart":
                    bridge.stop()
                else:
                    bridge.kill()
                more(confirmed)
                bridge.start()
                more(confirmed)
            all_arrive(galileo, confirmed)

            assert 0 == gateway.logged("not retryable")


def test_a_collector_that_is_killed_goes_on_with_what_it_acknowledged(tmp_path: Path, transport: str) -> None:
    with Collector() as galileo:
        bridge = bridge_on_fixed_ports(tmp_path, exporters={"galileo": galileo_section(galileo)})
        with bridge.start(), before(bridge, transport, tmp_path) as gateway:
            with traffic(gateway) as confirmed:
                for _ in range(2):
                    more(confirmed)
                    gateway.kill()
                    gateway.start()
                more(confirmed)
            bridge.stop()
            waiting = paths(20, "waiting-")
            post(gateway, waiting)
            gateway.kill()
            bridge.start()
            gateway.start()
            all_arrive(galileo, [*confirmed, *waiting])


def test_a_full_journal_is_waited_for_as_long_as_the_bridge_says(tmp_path: Path, transport: str) -> None:
    # Room for a few of the Collector's batches, which are of 1 MiB and more.
    journal = {"directory": str(tmp_path / "state"), "max_size": "8MiB", "min_free": 0}
    with (
        Collector(always(Reply(503))) as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}, journal=journal) as bridge,
        before(bridge, transport, tmp_path) as gateway,
    ):
        names = paths(250)
        post(gateway, names)
        # What RetryInfo (gRPC) or Retry-After (HTTP) says; the Collector's own first waits are shorter.
        eventually(lambda: gateway.logged('"interval": "5s"') > 0, "the Collector waits", PATIENCE)
        galileo.trouble = well
        all_arrive(galileo, names)

        assert sorted(names) == sorted(galileo.taken)
        assert 0 == gateway.logged("not retryable")


def test_retry_after_is_a_floor_over_http(tmp_path: Path) -> None:
    answers = script([Reply(503, headers={"Retry-After": "3"}), Reply(503), Reply(429)], Reply(200, b""))
    with VendorServer(answers) as bridge, to_addresses("", bridge.url, "http", tmp_path) as gateway:
        post(gateway, ["/1"])
        first, second, *_ = requests = bridge.wait_for(4, PATIENCE)

    assert second.at - first.at >= 3.0
    assert {"gzip"} == {each.headers["content-encoding"] for each in requests}
    assert 1 == len({each.body for each in requests})


def test_a_full_queue_refuses_instead_of_forgetting(tmp_path: Path) -> None:
    dead = f"127.0.0.1:{closed_port()}"
    with to_addresses(dead, "", "grpc", tmp_path, COLLECTOR_QUEUE_BYTES="2097152") as gateway:
        statuses = [gateway.post(request(Call(path, attributes=BODY))).status_code for path in paths(60)]

    assert {200, 503} == set(statuses)
    assert statuses == sorted(statuses)
    assert 30 < statuses.count(200) < 45
