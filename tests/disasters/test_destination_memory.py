"""Memory beside a dead destination, with one API and with thousands, while its backlog grows."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.bridge import PROTOBUF, Bridge, eventually
from tests.end_to_end.collector import Collector
from tests.end_to_end.conftest import galileo_section, runscope_section
from tests.end_to_end.traffic import Call, request
from tests.processes import peak_memory, processor_seconds
from tests.vendor_server import VendorServer, closed_port

MIB = 1024 * 1024
# Unflushed and queued exchanges of the whole process, by the design.
BOUND = 200 * MIB
# What the program takes besides: itself, payloads on their way, records being read, ids met lately.
BESIDES = 250 * MIB
IN_A_REQUEST = 100


class Run(NamedTuple):
    apis: int
    exchanges: int
    body: int
    """Bytes of each exchange's body."""


RUNS = [Run(1, 30_000, 0), Run(100, 30_000, 0), Run(10_000, 30_000, 0), Run(100, 15_000, 10_000)]


def requests_of(run: Run) -> list[bytes]:
    attributes = {"http.request.body.content": "x" * run.body} if run.body else {}
    calls = [Call(f"/{n}", f"api {n % run.apis}", attributes=attributes) for n in range(run.exchanges)]
    return [request(*calls[start : start + IN_A_REQUEST]) for start in range(0, len(calls), IN_A_REQUEST)]


def send(bridge: Bridge, bodies: Sequence[bytes]) -> None:
    """As gateways do: from three connections, and again while there is no room."""
    url = bridge.address("OTLP/HTTP")

    def post(part: Sequence[bytes]) -> None:
        with httpx.Client(timeout=60, headers=PROTOBUF) as client:
            for body in part:
                while client.post(url, content=body).status_code != 200:
                    time.sleep(0.05)

    senders = [threading.Thread(target=post, args=(bodies[first::3],)) for first in range(3)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()


@pytest.mark.field
@pytest.mark.timeout(600)
@pytest.mark.parametrize("run", RUNS, ids=lambda run: f"{run.apis} APIs, {run.body} bytes")
def test_memory_stays_under_its_bound_while_a_dead_destinations_backlog_grows(
    tmp_path: Path, run: Run
) -> None:
    with Collector() as galileo, VendorServer() as unused:
        sections = {
            "galileo": galileo_section(galileo, flush_timeout="2s"),
            "runscope": runscope_section(unused, api_endpoint=f"http://127.0.0.1:{closed_port()}"),
        }
        with Bridge(tmp_path, exporters=sections) as bridge:
            at_rest = peak_memory(bridge.pid)
            begin = time.monotonic()
            send(bridge, requests_of(run))
            eventually(lambda: len(galileo.taken) >= run.exchanges, "all at the healthy one", timeout=120)
            seconds = time.monotonic() - begin
            held = bridge.metric("exporter_queue_exchanges", exporter="runscope")
            peak = peak_memory(bridge.pid)
            cpu = processor_seconds(bridge.pid) / run.exchanges
        print(
            f"{run.apis} APIs, {run.exchanges} exchanges with {run.body} bytes: peak {peak // MIB} MiB "
            f"(at rest {at_rest // MIB}), {held:.0f} held in memory for the dead one, "
            f"{seconds:.0f} s, {cpu * 1e6:.0f} µs of CPU for each, {len(galileo.requests)} payloads"
        )

    assert 0 < held <= run.exchanges
    assert run.exchanges == len(set(galileo.taken))
    assert peak < BOUND + BESIDES
