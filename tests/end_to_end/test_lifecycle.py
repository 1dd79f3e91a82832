"""Starts, reloads, ends and kills of the program, with traffic that must survive them."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import time
from collections import Counter
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest

from tests.bridge import PROGRAM, Bridge, eventually, run
from tests.end_to_end.collector import Collector, always, well
from tests.end_to_end.conftest import galileo_section, runscope_section
from tests.end_to_end.senders import Senders
from tests.end_to_end.traffic import EXPORT, Call, paths, request
from tests.vendor_server import Manner, Reply, VendorServer, closed_port

DOWN = always(Reply(503))
CHILDREN = Path("/proc/thread-self/children")


def fixed_ports() -> dict[str, Any]:
    """Sections that keep their ports over a reload, an inspector among them."""
    http, grpc, metrics, inspector = ({"endpoint": f"127.0.0.1:{closed_port()}"} for _ in range(4))
    return {
        "receivers": {"otlp": {"protocols": {"http": http, "grpc": grpc}}},
        "telemetry": {"metrics": metrics},
        "inspector": inspector,
    }


# Kills.


def survive_kills(directory: Path, *, kills: int, most: int) -> None:
    """Kill it under load, *kills* times, each after up to *most* confirmed requests."""
    confirmed: list[str] = []
    with Collector() as galileo, Bridge(directory, exporters={"galileo": galileo_section(galileo)}) as bridge:
        for _ in range(kills):
            with Senders(bridge, retry=False) as senders:
                enough = random.randrange(most)
                eventually(lambda: len(senders.confirmed) > enough, "requests are confirmed")  # noqa: B023
                bridge.kill()
            confirmed += senders.confirmed
            bridge.start()
        eventually(lambda: set(confirmed) <= set(galileo.taken), "all that was confirmed")

        assert 0 == bridge.metric("dead_letters")


def test_what_was_confirmed_before_a_kill_arrives_after_it(tmp_path: Path) -> None:
    survive_kills(tmp_path, kills=3, most=50)


@pytest.mark.field
@pytest.mark.timeout(600)
def test_what_was_confirmed_before_many_kills_arrives(tmp_path: Path) -> None:
    survive_kills(tmp_path, kills=40, most=1000)


def test_a_killed_bridge_takes_its_inspector_along(tmp_path: Path) -> None:
    with Bridge(tmp_path, **fixed_ports()) as bridge:
        bridge.kill()
        bridge.start()
        bridge.post(request(Call("/later")))
        bridge.wait_for_line("/later ")


# SIGTERM.


def test_sigterm_delivers_what_waits_for_company(tmp_path: Path) -> None:
    with Collector() as galileo:
        section = galileo_section(galileo, flush_timeout="1m")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            bridge.post(request(*map(Call, paths(3))))
            code = bridge.stop()

        assert (0, paths(3)) == (code, galileo.taken)


def test_sigterm_in_a_hold_ends_at_once_and_the_rest_arrives_after_a_restart(tmp_path: Path) -> None:
    with (
        Collector(DOWN) as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo, queue_size=1)}) as bridge,
    ):
        for path in paths(5):
            bridge.post(request(Call(path)))
        bridge.wait_for_line("nothing is sent for now")
        asked = time.monotonic()
        code = bridge.stop()
        took = time.monotonic() - asked
        galileo.trouble = well
        bridge.start()
        eventually(lambda: len(galileo.taken) >= 5, "what the journal kept")

        assert 0 == code
        assert took < 4.0
        assert paths(5) == galileo.taken


@pytest.mark.field
def test_sigterm_waits_for_a_hanging_destination_less_than_20_seconds(tmp_path: Path) -> None:
    with Collector(always(Reply(manner=Manner.HANG))) as galileo:
        section = galileo_section(galileo, connection_timeout="1h")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            bridge.post(request(Call("/")))
            galileo.wait_for(1)
            asked = time.monotonic()
            code = bridge.stop()

            assert 0 == code
            assert time.monotonic() - asked < 20.0


def test_a_second_sigterm_ends_it_whatever_it_waits_for(tmp_path: Path) -> None:
    with Collector(always(Reply(manner=Manner.HANG))) as galileo:
        with Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge:
            bridge.post(request(Call("/kept")))
            galileo.wait_for(1)
            bridge.signal(signal.SIGTERM)
            eventually(lambda: refuses(bridge.address("OTLP/HTTP")), "the first one is heard")
            asked = time.monotonic()
            bridge.signal(signal.SIGTERM)
            code = bridge.wait()
            took = time.monotonic() - asked
            galileo.trouble = well
            bridge.start()
            eventually(lambda: galileo.taken == ["/kept"], "what was acknowledged")

        assert 130 == code
        assert took < 4.0


def refuses(url: str) -> bool:
    try:
        httpx.get(url)
    except httpx.ConnectError:
        return True
    except httpx.TransportError:
        return False
    return False


# SIGHUP.


def test_a_reload_under_load_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    with Collector() as galileo, VendorServer() as runscope:
        sections = {"galileo": galileo_section(galileo)}
        ports = fixed_ports()
        with Bridge(tmp_path, **ports, exporters=sections) as bridge:
            with Senders(bridge) as senders:
                eventually(lambda: len(senders.confirmed) > 20, "traffic before the reload")
                bridge.write_config(**ports, exporters={**sections, "runscope": runscope_section(runscope)})
                bridge.signal(signal.SIGHUP)
                bridge.wait_for_line("the configuration was read anew")
                before = len(senders.confirmed)
                eventually(lambda: len(senders.confirmed) > before + 20, "traffic after the reload")
            eventually(lambda: len(galileo.taken) >= len(senders.confirmed), "all of it")
            runscope.wait_for(1)

            assert Counter(senders.confirmed) == Counter(galileo.taken)


def test_a_grpc_channel_outlives_a_reload(tmp_path: Path) -> None:
    with (
        Collector() as galileo,
        Bridge(tmp_path, **fixed_ports(), exporters={"galileo": galileo_section(galileo)}) as bridge,
        grpc.insecure_channel(bridge.address("OTLP/gRPC")) as channel,
    ):
        export = channel.unary_unary(EXPORT)
        export(request(Call("/before")), timeout=10)
        bridge.signal(signal.SIGHUP)
        bridge.wait_for_line("the configuration was read anew")
        export(request(Call("/after")), timeout=10, wait_for_ready=True)
        eventually(lambda: galileo.taken == ["/before", "/after"], "both exchanges")


@pytest.mark.field
def test_sigterm_in_the_middle_of_a_reload_is_not_put_off_by_it(tmp_path: Path) -> None:
    with Collector(always(Reply(manner=Manner.HANG))) as galileo:
        section = galileo_section(galileo, connection_timeout="1h")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            bridge.post(request(Call("/")))
            galileo.wait_for(1)
            bridge.signal(signal.SIGHUP)
            eventually(lambda: refuses(bridge.address("OTLP/HTTP")), "the reload has begun")
            asked = time.monotonic()
            code = bridge.stop()

            assert 0 == code
            assert time.monotonic() - asked < 20.0


def test_a_wrong_destination_is_put_right_by_a_reload(tmp_path: Path) -> None:
    with Collector(always(Reply(404))) as wrong, Collector() as right:
        with Bridge(tmp_path, exporters={"galileo": galileo_section(wrong, queue_size=1)}) as bridge:
            for path in paths(5):
                bridge.post(request(Call(path)))
            bridge.wait_for_line("nothing is sent for now")
            bridge.write_config(exporters={"galileo": galileo_section(right, queue_size=1)})
            bridge.signal(signal.SIGHUP)
            eventually(lambda: len(right.taken) >= 5, "what was held")

        assert paths(5) == right.taken


def test_a_faulty_configuration_changes_nothing(tmp_path: Path) -> None:
    with (
        Collector() as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge,
    ):
        bridge.write_config(exporters={"galileo": galileo_section(galileo, flush_timout=1)})
        bridge.signal(signal.SIGHUP)
        line = bridge.wait_for_line("the new configuration is refused; the old one goes on").string
        bridge.post(request(Call("/")))
        eventually(lambda: galileo.taken == ["/"], "the exchange")

        assert "exporters.galileo.flush_timout: is unknown; did you mean `flush_timeout`?" in line
        assert "[error" in line


def test_a_configuration_that_can_not_start_leaves_the_old_one_at_work(tmp_path: Path) -> None:
    with Collector() as galileo:
        sections = {"galileo": galileo_section(galileo)}
        with Bridge(tmp_path, exporters=sections) as bridge:
            taken = {"metrics": {"endpoint": f"{galileo.host}:{galileo.port}"}}
            bridge.write_config(exporters=sections, telemetry=taken)
            bridge.signal(signal.SIGHUP)
            bridge.wait_for_line("the new configuration can't start; back to the old one")
            eventually(lambda: accepts(bridge, Call("/")), "the old one listens again")
            eventually(lambda: galileo.taken == ["/"], "the exchange")


def accepts(bridge: Bridge, call: Call) -> bool:
    try:
        return bridge.post(request(call)).status_code == 200
    except httpx.TransportError:
        return False


def test_an_exporter_that_is_still_owed_records_leaves_only_by_forget(tmp_path: Path) -> None:
    with Collector(DOWN) as galileo, VendorServer() as runscope:
        both = {"galileo": galileo_section(galileo), "runscope": runscope_section(runscope)}
        alone = {"runscope": both["runscope"]}
        owed = "galileo is no longer configured, and 3 records of the journal wait for it"
        with Bridge(tmp_path, exporters=both) as bridge:
            for count, path in enumerate(paths(3), 1):
                bridge.post(request(Call(path)))
                runscope.wait_for(count)
            bridge.wait_for_line("galileo: nothing is sent for now")
            bridge.write_config(exporters=alone)
            bridge.signal(signal.SIGHUP)
            bridge.wait_for_line(owed)
            bridge.stop()
            refused = run("serve", "--config", bridge.config)
            bridge.start("--forget", "galileo")
            bridge.wait_for_line("what a pipeline still owed is given up .* pipeline=galileo records=3")
            bridge.post(request(Call("/later")))
            runscope.wait_for(4)

            assert 1 == refused.code
            assert refused.err.startswith(f"Error: {owed}")
            assert "otel-bridge serve --forget galileo" in refused.err
            assert 4 == len(runscope.requests)
            assert [] == galileo.taken
            assert 0 == bridge.metric("journal_backlog_records", pipeline="galileo")


def test_an_exporter_leaves_under_load_with_all_that_was_its_own(tmp_path: Path) -> None:
    with Collector() as leaving, VendorServer() as staying:
        both = {"galileo": galileo_section(leaving), "runscope": runscope_section(staying)}
        ports = fixed_ports()
        with Bridge(tmp_path, **ports, exporters=both) as bridge, Senders(bridge) as senders:
            eventually(lambda: len(senders.confirmed) > 20, "traffic before the reload")
            bridge.write_config(**ports, exporters={"runscope": both["runscope"]})
            owed = list(senders.confirmed)
            bridge.signal(signal.SIGHUP)
            bridge.wait_for_line("the configuration was read anew")

            assert set(owed) <= set(leaving.taken)


# The inspector's side.


def test_without_exporters_the_inspector_prints_each_exchange(tmp_path: Path) -> None:
    with Bridge(tmp_path, inspector={"endpoint": "127.0.0.1:0"}) as bridge:
        bridge.post(request(Call("/seen")))
        bridge.wait_for_line(r"GET +200 +shop\.example\.com/seen ")

        assert 0 == bridge.stop()


@pytest.mark.skipif(not CHILDREN.exists(), reason="this system does not list a process's children")
def test_a_killed_inspector_comes_back_and_costs_nothing(tmp_path: Path) -> None:
    with Bridge(tmp_path, inspector={"endpoint": "127.0.0.1:0"}) as bridge:
        bridge.post(request(Call("/before")))
        bridge.wait_for_line("/before ")
        os.kill(inspector_of(bridge), signal.SIGKILL)
        bridge.post(request(Call("/after")))
        bridge.wait_for_line("the inspector ended; it is started again")
        bridge.wait_for_line("/after ")

        assert 0 == bridge.stop()


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


def test_a_demo_shows_each_exchange_and_leaves_nothing_behind(tmp_path: Path) -> None:
    ended = run("demo", "--duration", "2s", environment={"TMPDIR": str(tmp_path), "HOME": str(tmp_path)})

    summary = re.search(
        r"(\d+) OTLP requests with (\d+) exchanges were sent, (\d+) exchanges were delivered", ended.out
    )
    assert summary
    requests, sent, delivered = map(int, summary.groups())
    lines = [line for line in ended.out.splitlines() if re.match(r"\d\d:\d\d:\d\d\.\d{3} ", line)]
    assert 0 == ended.code
    assert requests > 0
    assert 0 < sent == delivered == len(lines)
    assert [] == list(tmp_path.iterdir())
