"""SIGTERM and SIGHUP under load, and what they find on their way: nothing acknowledged is lost by either."""

from __future__ import annotations

import signal
import socket
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx
import pytest

from otel_bridge.service.bridge import DRAIN_SECONDS, RECEIVER_GRACE
from tests.bridge import PROTOBUF, Bridge, eventually, run
from tests.disasters.ports import fixed_ports
from tests.end_to_end.collector import Collector, Trouble, always, well
from tests.end_to_end.conftest import exporters, galileo_section, runscope_section
from tests.end_to_end.senders import Senders
from tests.end_to_end.traffic import EXPORT, Call, paths, request
from tests.loops import LIMIT
from tests.vendor_server import Manner, Reply, VendorServer

DOWN = always(Reply(503))
HANGS = always(Reply(manner=Manner.HANG))
INSPECTOR = {"endpoint": "127.0.0.1:0"}


# SIGTERM.


def test_sigterm_delivers_what_waits_for_company(tmp_path: Path) -> None:
    with Collector() as galileo:
        section = galileo_section(galileo, flush_timeout="1m")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            bridge.post(request(*map(Call, paths(3))))
            code = bridge.stop()

        assert (0, paths(3)) == (code, galileo.taken)


@pytest.mark.parametrize("trouble", [well, DOWN], ids=["well", "down"])
def test_sigterm_under_load_loses_nothing_and_repeats_nothing(tmp_path: Path, trouble: Trouble) -> None:
    with (
        Collector() as galileo,
        Collector(trouble) as runscope,
        Bridge(tmp_path, exporters=exporters(galileo, runscope)) as bridge,
    ):
        with Senders(bridge, grpc_threads=1, retry=False) as senders:
            eventually(lambda: len(senders.confirmed) > 50, "traffic before the end")
            code = bridge.stop()
        runscope.trouble = well
        bridge.start()
        for each in (galileo, runscope):
            eventually(lambda: set(senders.confirmed) <= set(each.taken), "what was acknowledged")  # noqa: B023

        assert 0 == code
        for each in (galileo, runscope):
            assert 1 == max(Counter(each.taken).values())


def test_sigterm_answers_a_request_that_is_on_its_way(tmp_path: Path) -> None:
    with (
        Collector() as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge,
    ):
        url = urlsplit(bridge.address("OTLP/HTTP"))
        body = request(Call("/in-flight"))
        head = f"POST {url.path} HTTP/1.1\r\nHost: it\r\nContent-Type: application/x-protobuf\r\n"
        with socket.create_connection((url.hostname, url.port)) as sender:
            sender.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body[:20])
            eventually(lambda: bridge.metric("receiver_in_flight_bytes") > 0, "it has begun")
            bridge.signal(signal.SIGTERM)
            eventually(lambda: refuses(bridge.address("OTLP/HTTP")), "nothing new is accepted")
            sender.sendall(body[20:])
            status = sender.makefile("rb").readline()
        code = bridge.wait()

        assert b"HTTP/1.1 200 OK\r\n" == status
        assert 0 == code
        assert ["/in-flight"] == galileo.taken


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
        assert took < DRAIN_SECONDS
        assert paths(5) == galileo.taken


@pytest.mark.field
def test_sigterm_waits_for_a_hanging_destination_less_than_20_seconds(tmp_path: Path) -> None:
    with Collector(HANGS) as galileo:
        section = galileo_section(galileo, connection_timeout="1h")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            with Senders(bridge, retry=False) as senders:
                galileo.wait_for(1)
                eventually(lambda: len(senders.confirmed) > 20, "traffic before the end")
                code = bridge.stop()
            galileo.trouble = well
            bridge.start()
            eventually(lambda: set(senders.confirmed) <= set(galileo.taken), "what was acknowledged")

            assert 0 == code
        assert RECEIVER_GRACE + DRAIN_SECONDS < 20


@pytest.mark.parametrize(
    ("number", "expected"), [(signal.SIGTERM, 143), pytest.param(signal.SIGINT, 130, marks=pytest.mark.field)]
)
def test_a_second_signal_ends_it_whatever_it_waits_for(
    tmp_path: Path, number: signal.Signals, expected: int
) -> None:
    with Collector(HANGS) as galileo:
        with Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge:
            bridge.post(request(Call("/kept")))
            galileo.wait_for(1)
            bridge.signal(number)
            eventually(lambda: refuses(bridge.address("OTLP/HTTP")), "the first one is heard")
            bridge.signal(number)
            code = bridge.wait()
            galileo.trouble = well
            bridge.start()
            eventually(lambda: galileo.taken == ["/kept"], "what was acknowledged")

        assert expected == code


def refuses(url: str) -> bool:
    try:
        httpx.get(url, timeout=LIMIT)
    except httpx.ConnectError:
        return True
    except httpx.TransportError:
        return False
    return False


# SIGHUP with other exporters, redaction or tokens: receivers go on.


def test_reloads_under_load_refuse_nobody_lose_nothing_and_repeat_nothing(tmp_path: Path) -> None:
    with Collector() as galileo, Collector() as runscope:
        alone = {"galileo": galileo_section(galileo)}
        both = exporters(galileo, runscope)
        with Bridge(tmp_path, exporters=alone) as bridge:
            with Senders(bridge, grpc_threads=1, retry=False) as senders:
                for sections in (both, alone, both):
                    count = len(senders.confirmed)
                    eventually(lambda: len(senders.confirmed) > count + 30, "traffic in between")  # noqa: B023
                    bridge.reload(exporters=sections)
                count = len(senders.confirmed)
                eventually(lambda: len(senders.confirmed) > count + 30, "traffic after the reloads")
            eventually(lambda: len(galileo.taken) >= len(senders.confirmed), "all of it")
            eventually(lambda: bool(runscope.taken), "the new destination's share")

            assert [] == senders.failures
            assert Counter(senders.confirmed) == Counter(galileo.taken)
            assert 1 == max(Counter(runscope.taken).values())


def test_a_reload_is_not_put_off_by_traffic_that_goes_on(tmp_path: Path) -> None:
    with Collector(always(Reply(delay=0.3))) as galileo:
        section = {"galileo": galileo_section(galileo)}
        with Bridge(tmp_path, exporters=section) as bridge:
            with Senders(bridge, retry=False) as senders:
                eventually(lambda: len(senders.confirmed) > 50, "traffic before the reload")
                bridge.reload(exporters=section)
                over = len(senders.confirmed)
                eventually(lambda: len(senders.confirmed) > over, "traffic that goes on")
            eventually(lambda: len(galileo.taken) >= len(senders.confirmed), "all of it")

            assert Counter(senders.confirmed) == Counter(galileo.taken)


def test_an_exporter_that_takes_the_place_of_another_under_load_leaves_no_gap(tmp_path: Path) -> None:
    with Collector() as galileo, Collector() as runscope:
        both = exporters(galileo, runscope)
        with Bridge(tmp_path, exporters={"galileo": both["galileo"]}) as bridge:
            with Senders(bridge, grpc_threads=1, retry=False) as senders:
                eventually(lambda: len(senders.confirmed) > 50, "traffic before the reload")
                bridge.reload(exporters={"runscope": both["runscope"]})
                count = len(senders.confirmed)
                eventually(lambda: len(senders.confirmed) > count + 50, "traffic after the reload")
            eventually(
                lambda: set(senders.confirmed) <= {*galileo.taken, *runscope.taken}, "each at one of them"
            )


def test_a_resend_after_a_reload_is_known_and_not_kept_twice(tmp_path: Path) -> None:
    with (
        Collector() as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge,
    ):
        body = request(Call("/again"))
        bridge.post(body)
        bridge.reload(exporters={"galileo": galileo_section(galileo)})
        again = bridge.post(body)
        bridge.post(request(Call("/other")))
        eventually(lambda: "/other" in galileo.taken, "what came after it")

        assert 200 == again.status_code
        assert 1 == bridge.metric("receiver_duplicate_requests_total")
        assert ["/again", "/other"] == galileo.taken


def test_tokens_change_with_a_reload(tmp_path: Path) -> None:
    protocols = fixed_ports()["receivers"]["otlp"]["protocols"]

    def receivers(token: str) -> dict[str, Any]:
        return {"otlp": {"protocols": protocols, "auth": {"bearer_tokens": [token]}}}

    def answer(token: str) -> int:
        headers = {**PROTOBUF, "Authorization": f"Bearer {token}"}
        return bridge.post(request(Call("/")), headers).status_code

    with Bridge(tmp_path, inspector=INSPECTOR, receivers=receivers("old")) as bridge:
        before = answer("old"), answer("new")
        bridge.reload(inspector=INSPECTOR, receivers=receivers("new"))

        assert (200, 401) == before
        assert (401, 200) == (answer("old"), answer("new"))


@pytest.mark.field
def test_redaction_changes_with_a_reload(tmp_path: Path) -> None:
    with VendorServer() as galileo:
        sections = {"exporters": {"galileo": galileo_section(galileo)}}
        secret = {"http.request.header.x-plate": "secret-plate"}
        with Bridge(tmp_path, **sections) as bridge:
            bridge.reload(**sections, redaction={"headers": ["x-plate"]})
            bridge.post(request(Call("/", attributes=secret)))
            (received,) = galileo.wait_for(1)

            assert b"REDACTED" in received.body
            assert b"secret-plate" not in received.body


def test_a_wrong_destination_is_put_right_by_a_reload(tmp_path: Path) -> None:
    with Collector(always(Reply(404))) as wrong, Collector() as right:
        with Bridge(tmp_path, exporters={"galileo": galileo_section(wrong, queue_size=1)}) as bridge:
            for path in paths(5):
                bridge.post(request(Call(path)))
            bridge.wait_for_line("nothing is sent for now")
            bridge.reload(exporters={"galileo": galileo_section(right, queue_size=1)})
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


@pytest.mark.field
def test_sigterm_in_the_middle_of_a_reload_is_not_put_off_by_it(tmp_path: Path) -> None:
    with Collector(HANGS) as galileo:
        section = galileo_section(galileo, connection_timeout="1h")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            bridge.post(request(Call("/")))
            galileo.wait_for(1)
            bridge.signal(signal.SIGHUP)
            bridge.wait_for_line("a new configuration: what is on its way is delivered first")

            assert 0 == bridge.stop()


# SIGHUP with other receivers, journal bounds, inspector or metrics: another bridge takes over.


def test_a_reload_to_other_bounds_under_load_loses_nothing_and_repeats_nothing(tmp_path: Path) -> None:
    ports = fixed_ports()
    journal = {"directory": str(tmp_path / "state"), "min_free": 0, "max_size": "1GiB"}
    with Collector() as galileo:
        sections = {**ports, "exporters": {"galileo": galileo_section(galileo)}}
        with Bridge(tmp_path, **sections) as bridge:
            with Senders(bridge, grpc_threads=1) as senders:
                eventually(lambda: len(senders.confirmed) > 20, "traffic before the reload")
                bridge.reload(**sections, journal=journal)
                before = len(senders.confirmed)
                eventually(lambda: len(senders.confirmed) > before + 20, "traffic after the reload")
            eventually(lambda: set(senders.confirmed) <= set(galileo.taken), "all of it")

            assert 1 == max(Counter(galileo.taken).values())


def test_a_grpc_channel_outlives_a_change_of_receivers(tmp_path: Path) -> None:
    ports = fixed_ports()
    with (
        Collector() as galileo,
        Bridge(tmp_path, **ports, exporters={"galileo": galileo_section(galileo)}) as bridge,
        grpc.insecure_channel(bridge.address("OTLP/gRPC")) as channel,
    ):
        export = channel.unary_unary(EXPORT)
        export(request(Call("/before")), timeout=LIMIT)
        bounds = {"directory": str(tmp_path / "state"), "min_free": 0, "max_size": "1GiB"}
        bridge.reload(**ports, exporters={"galileo": galileo_section(galileo)}, journal=bounds)
        export(request(Call("/after")), timeout=LIMIT, wait_for_ready=True)
        eventually(lambda: galileo.taken == ["/before", "/after"], "both exchanges")


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


def test_a_journal_elsewhere_is_refused_because_what_waits_would_stay_behind(tmp_path: Path) -> None:
    with Collector(DOWN) as galileo:
        section = {"galileo": galileo_section(galileo)}
        with Bridge(tmp_path, exporters=section) as bridge:
            bridge.post(request(Call("/waits")))
            bridge.wait_for_line("nothing is sent for now")
            elsewhere = {"directory": str(tmp_path / "elsewhere"), "min_free": 0}
            bridge.write_config(exporters=section, journal=elsewhere)
            bridge.signal(signal.SIGHUP)
            line = bridge.wait_for_line("the new configuration is refused; the old one goes on").string
            galileo.trouble = well
            eventually(lambda: galileo.taken == ["/waits"], "what waited")

            assert "journal.directory can't change while the bridge runs" in line
            assert not (tmp_path / "elsewhere").exists()


# Exporters that come, leave and are renamed.


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
        with Bridge(tmp_path, exporters=both) as bridge, Senders(bridge) as senders:
            eventually(lambda: len(senders.confirmed) > 20, "traffic before the reload")
            owed = list(senders.confirmed)
            bridge.reload(exporters={"runscope": both["runscope"]})

            assert set(owed) <= set(leaving.taken)


@pytest.mark.field
def test_a_renamed_exporter_takes_over_what_its_old_name_owes(tmp_path: Path) -> None:
    with Collector(DOWN) as galileo:
        section = galileo_section(galileo, queue_size=1)
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            for path in paths(3):
                bridge.post(request(Call(path)))
            bridge.wait_for_line("nothing is sent for now")
            bridge.stop()
            bridge.write_config(exporters={"galileo/renamed": section})
            galileo.trouble = well
            bridge.start("--forget", "galileo")
            eventually(lambda: len(galileo.taken) >= 3, "what waited")

            assert paths(3) == galileo.taken
            assert not any("is given up" in line for line in bridge.output)


def test_an_added_exporter_begins_with_what_comes_after_it_or_with_what_is_there(tmp_path: Path) -> None:
    with Collector(DOWN) as owed, Collector() as late, Collector() as early:
        first = {"galileo": galileo_section(owed)}
        with Bridge(tmp_path, exporters=first) as bridge:
            bridge.post(request(Call("/before")))
            bridge.wait_for_line("nothing is sent for now")
            added = {
                "runscope": runscope_section(late),
                "runscope/all": runscope_section(early, start_at="beginning", apply_to={"service": "orders"}),
            }
            added["runscope"]["apply_to"] = {"service": "users"}
            bridge.reload(exporters={**first, **added})
            bridge.post(request(Call("/orders"), Call("/users", service="users")))
            eventually(lambda: late.taken == ["/users"], "what came after it")
            eventually(lambda: early.taken == ["/before", "/orders"], "what was there and came after it")


# Replays of dead letters on their way.


def test_a_replay_that_a_reload_finds_on_its_way_is_taken_up_again(tmp_path: Path) -> None:
    with Collector(always(Reply(400))) as galileo:
        section = galileo_section(galileo, connection_timeout="1h")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            bridge.post(request(Call("/poison")))
            eventually(lambda: bridge.metric("dead_letters") == 1, "it is refused for good")
            galileo.trouble = DOWN
            replayed = run("dead-letters", "--config", bridge.config, "replay", "--all")
            bridge.wait_for_line("nothing is sent for now")
            galileo.trouble = well
            bridge.reload(exporters={"galileo": section})
            eventually(lambda: galileo.taken == ["/poison"], "the replay")
            eventually(lambda: bridge.metric("dead_letters") == 0, "the letter is gone")

            assert 0 == replayed.code
