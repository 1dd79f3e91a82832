"""The inspector beside the bridge, `tail` and `demo`: started, killed, ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path

import httpx
import pytest

from otel_bridge.formats.offline import gather
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.query import All
from otel_bridge.inspector.store.interface import StoreError
from otel_bridge.inspector.store.sqlite import SqliteStore
from otel_bridge.otlp.normalise import normalise
from tests.bridge import PATIENCE, PROGRAM, Bridge, eventually
from tests.end_to_end.traffic import Call, replayed, request
from tests.vendor_server import free_port

CHILDREN = Path("/proc/thread-self/children")


def test_without_exporters_the_inspector_keeps_each_exchange(tmp_path: Path) -> None:
    with Bridge(tmp_path, inspector={"endpoint": "127.0.0.1:0"}) as bridge:
        bridge.post(request(Call("/seen")))
        eventually(lambda: ["/seen"] == kept_paths(tmp_path), "it is kept")

        assert 0 == bridge.stop()
        assert not [line for line in bridge.output if "/seen" in line]


@pytest.mark.skipif(not CHILDREN.exists(), reason="this system does not list a process's children")
def test_a_killed_inspector_comes_back_and_costs_nothing(tmp_path: Path) -> None:
    with Bridge(tmp_path, inspector={"endpoint": "127.0.0.1:0"}) as bridge:
        bridge.post(request(Call("/before")))
        eventually(lambda: ["/before"] == kept_paths(tmp_path), "the first is kept")
        os.kill(inspector_of(bridge), signal.SIGKILL)
        bridge.post(request(Call("/after")))
        bridge.wait_for_line("the inspector ended; it is started again")
        eventually(lambda: ["/after", "/before"] == kept_paths(tmp_path), "the second is kept too")

        assert 0 == bridge.stop()


def test_an_exchange_that_comes_by_two_exporters_is_kept_once(tmp_path: Path) -> None:
    """As after `kong import` of two plugins that named the retired host."""
    port = free_port()
    beside = {"service_token": "t", "host": "127.0.0.1", "port": port, "https": False, "extensions": True}
    sections = {
        "inspector": {"endpoint": f"127.0.0.1:{port}"},
        "exporters": {
            "galileo": beside | {"flush_timeout": "50ms"},
            "runscope": {
                "access_token": "t",
                "bucket_key": "b",
                "api_endpoint": f"http://127.0.0.1:{port}",
                "flush_timeout": "50ms",
            },
        },
    }
    with Bridge(tmp_path, **sections) as bridge:
        bridge.post(request(Call("/twice"), Call("/again")))
        eventually(lambda: 6 == bridge.metric("exporter_sent_exchanges_total"), "all three have delivered")

        assert {"/twice": 1, "/again": 1} == Counter(kept_paths(tmp_path))


def test_all_of_the_gateways_spans_of_an_exchange_reach_the_inspector(tmp_path: Path) -> None:
    payloads, _ = replayed("kong-3.9-split-traces")
    payloads = payloads[:14]
    sent = gather(normalise(payload).record for payload in payloads).exchanges
    with Bridge(tmp_path, inspector={"endpoint": "127.0.0.1:0"}) as bridge:
        for payload in payloads:
            bridge.post(payload)
        eventually(lambda: len(sent) == bridge.metric("exporter_sent_exchanges_total"), "all is delivered")

    assert {
        exchange.span_id.hex(): {each.span_id.hex() for each in exchange.helpers} for exchange in sent
    } == {exchange.span_id: {span["spanId"] for span in exchange.spans} for exchange in kept(tmp_path)}


def kept(directory: Path) -> list[Exchange]:
    """What the inspector of the bridge in *directory* holds, newest first; read beside it."""
    try:
        store = SqliteStore(directory / "inspector")
    except StoreError:  # not made yet
        return []
    try:
        found = [store.get(row.id) for row in store.search(All(), limit=1000).rows]
    finally:
        store.close()
    return [each.exchange for each in found if each]


def kept_paths(directory: Path) -> list[str]:
    return [exchange.path for exchange in kept(directory)]


def inspector_of(bridge: Bridge) -> int:
    """Its process id."""
    children = Path(f"/proc/{bridge.pid}/task/{bridge.pid}/children").read_text()
    commands = {int(child): Path(f"/proc/{child}/cmdline").read_text() for child in children.split()}
    (inspector,) = (child for child, command in commands.items() if "spawn_main" in command)
    return inspector


def test_a_tail_stands_in_for_the_destination(tmp_path: Path) -> None:
    config = tmp_path / "tail.yaml"
    config.write_text("inspector: {endpoint: '127.0.0.1:0'}\n")
    with subprocess.Popen(
        [*PROGRAM, "tail", "--config", config], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as tail:
        assert tail.stdout
        assert tail.stderr
        found = re.search(r"http://(\S+):(\d+)", tail.stderr.readline())
        assert found
        section = {"service_token": "t", "host": found[1], "port": int(found[2]), "https": False}
        with Bridge(tmp_path, exporters={"galileo": section | {"flush_timeout": "50ms"}}) as bridge:
            bridge.post(request(Call("/beside")))
            line = tail.stdout.readline()
        tail.terminate()

        assert "shop.example.com/beside" in line


def test_a_demo_shows_its_traffic_on_a_page_and_leaves_nothing_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*PROGRAM, "demo", "--duration", "1h"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path)},
    ) as demo:
        try:
            assert demo.stdout
            link = re.compile(r"  (http://\S+/)\?token=(\S+)\n")
            page = next(found for line in demo.stdout if (found := link.fullmatch(line)))
            eventually(lambda: rows_on(*page.groups()) > 0, "the traffic is on the page")
            demo.send_signal(signal.SIGINT)
            rest, _ = demo.communicate(timeout=PATIENCE)
        finally:
            demo.kill()
    summary = re.search(
        r"(\d+) OTLP requests with (\d+) exchanges were sent, (\d+) exchanges were delivered", rest
    )

    assert summary
    requests, sent, delivered = map(int, summary.groups())
    assert 0 == demo.returncode
    assert 0 < sent <= requests
    assert delivered in (sent, sent + 1)  # one may have been on its way when it was interrupted
    assert [] == list(tmp_path.iterdir())


def rows_on(url: str, token: str) -> int:
    """How many exchanges the page there shows."""
    answer = httpx.get(f"{url}api/search", headers={"Authorization": f"Bearer {token}"}, timeout=PATIENCE)
    return len(answer.raise_for_status().json()["rows"])
