"""Destinations that refuse, hang, break off, answer nonsense or say no: nothing is lost by any of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from tests.bridge import PATIENCE, Bridge, eventually
from tests.end_to_end.collector import Collector, always, paths_in, well
from tests.end_to_end.conftest import galileo_section, runscope_section
from tests.end_to_end.traffic import Call, paths, request
from tests.vendor_server import Manner, Received, Reply, VendorServer, refusing_socket, script

REFUSES = "refuses connections"
# The quick ones first: each is over as soon as the bridge noticed it.
OUTAGES = {
    REFUSES: Reply(),
    "closes early": Reply(manner=Manner.CLOSE),
    "resets": Reply(manner=Manner.RESET),
    "speaks something else": Reply(raw=b"SSH-2.0-OpenSSH_9.6\r\n"),
    "is overloaded": Reply(503, b"<html>come back later</html>"),
    "wants quiet": Reply(429, headers={"Retry-After": "1"}),
    "knows no token": Reply(401),
    "forbids": Reply(403),
    "is somewhere else": Reply(302, headers={"Location": "https://elsewhere.example.com/"}),
    "is moved for good": Reply(301, headers={"Location": "https://elsewhere.example.com/"}),
    "has no such path": Reply(404, b"nothing here"),
    "hangs": Reply(manner=Manner.HANG),
    "drips": Reply(manner=Manner.DRIP, interval=0.2),
}
WRONG_DESTINATION = {
    "knows no token": "check service_token",
    "forbids": "check service_token",
    "is somewhere else": "check host, port and https",
    "is moved for good": "check host, port and https",
    "has no such path": "check host, port and https",
}
# Seconds that those which do not answer have for it; everything else has more than it takes.
SILENT = {"hangs": "1s", "drips": "1s"}
EXCHANGES = paths(5)


class Outage(NamedTuple):
    collector: Collector
    line: str
    """What was logged when it began."""
    backlog: float
    """Records that the journal kept for it in the meantime."""


@pytest.fixture(scope="module")
def outages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Outage]]:
    """All of them at once, each at an exporter of its own; they are over when this is."""
    with ExitStack() as stack:
        collectors = {
            name: Collector(always(reply), sock=refusing_socket() if name == REFUSES else None)
            for name, reply in OUTAGES.items()
        }
        for name, collector in collectors.items():
            if name != REFUSES:
                stack.enter_context(collector)
        sections = {
            f"galileo/{name}": galileo_section(
                collector,
                apply_to={"service": name},
                queue_size=1,
                connection_timeout=SILENT.get(name, "1m"),
            )
            for name, collector in collectors.items()
        }
        bridge = stack.enter_context(Bridge(tmp_path_factory.mktemp("outages"), exporters=sections))
        for path in EXCHANGES:
            bridge.post(request(*(Call(path, service=name) for name in OUTAGES)))
        ridden_out = {}
        for name, collector in collectors.items():
            line = bridge.wait_for_line(rf"galileo/{name}: nothing is sent for now").string
            backlog = bridge.metric("journal_backlog_records", pipeline=f"galileo/{name}")
            ridden_out[name] = Outage(collector, line, backlog)
            collector.trouble = well
            if name == REFUSES:
                stack.enter_context(collector)
        yield ridden_out


@pytest.mark.parametrize("name", OUTAGES)
def test_what_an_outage_holds_up_arrives_after_it_once_and_in_order(
    outages: dict[str, Outage], name: str
) -> None:
    outage = outages[name]
    taken = outage.collector.taken
    eventually(lambda: set(EXCHANGES) == set(taken), "all exchanges after the outage")

    # Where time is short, a machine that is slow for once has an exchange sent again.
    assert EXCHANGES == (list(dict.fromkeys(taken)) if name in SILENT else taken)
    assert len(EXCHANGES) == outage.backlog


@pytest.mark.parametrize("name", OUTAGES)
def test_a_hold_says_why_and_loudly_where_somebody_has_to_act(outages: dict[str, Outage], name: str) -> None:
    line = outages[name].line

    assert WRONG_DESTINATION.get(name, "") in line
    assert ("[error" if name in WRONG_DESTINATION else "[warning") in line
    assert "galileo-token" not in line


def test_a_destination_that_wants_quiet_has_it(outages: dict[str, Outage]) -> None:
    first, second, *_ = outages["wants quiet"].collector.wait_for(2)

    assert second.at - first.at >= 1.0


def test_success_is_success_whatever_comes_with_it(tmp_path: Path) -> None:
    answers = [
        Reply(200, b"\xff\x00 nonsense"),
        Reply(200, b"{" * 2000),
        Reply(207, b"<html>all well</html>"),
        Reply(200, b"half of this", manner=Manner.CUT),
    ]
    with (
        VendorServer(script(answers)) as server,
        Bridge(tmp_path, exporters={"galileo": galileo_section(server)}) as bridge,
    ):
        for count, path in enumerate(paths(5), 1):
            bridge.post(request(Call(path)))
            server.wait_for(count)
        eventually(lambda: bridge.metric("exporter_sent_exchanges_total") == 5, "all were taken")

        assert [[path] for path in paths(5)] == [paths_in(received) for received in server.requests]
        assert 0 == bridge.metric("dead_letters")


def test_a_dead_destination_does_not_delay_the_other(tmp_path: Path) -> None:
    with Collector(always(Reply(manner=Manner.HANG))) as galileo, VendorServer() as runscope:
        sections = {
            "galileo": galileo_section(galileo, connection_timeout="1h"),
            "runscope": runscope_section(runscope),
        }
        with Bridge(tmp_path, exporters=sections) as bridge:
            for count, path in enumerate(paths(20), 1):
                bridge.post(request(Call(path)))
                runscope.wait_for(count)
            galileo.wait_for(1)

            assert not galileo.taken


def test_a_full_journal_refuses_until_the_destination_is_back_and_loses_nothing(tmp_path: Path) -> None:
    body = {"http.request.body.content": "x" * 50_000}
    journal = {"directory": str(tmp_path / "state"), "max_size": "1MiB", "min_free": 0}
    with (
        Collector(always(Reply(503))) as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}, journal=journal) as bridge,
    ):
        confirmed: list[str] = []
        while (answer := bridge.post(request(Call(f"/{len(confirmed)}", attributes=body)))).is_success:
            confirmed.append(f"/{len(confirmed)}")
        ready = httpx.get(bridge.address("metrics").replace("/metrics", "/readyz"), timeout=PATIENCE)
        galileo.trouble = well
        eventually(lambda: bridge.post(request(Call("/later"))).status_code == 200, "there is room again")
        eventually(lambda: "/later" in galileo.taken, "the newest")

        assert 503 == answer.status_code
        assert "5" == answer.headers["retry-after"]
        assert 200 == ready.status_code
        assert len(confirmed) > 3
        assert confirmed == galileo.taken[: len(confirmed)]


def test_a_runscope_api_that_takes_no_arrays_gets_objects(tmp_path: Path) -> None:
    def objects_only(received: Received) -> Reply:
        return Reply(400) if received.body.startswith(b"[") else Reply(201)

    with (
        VendorServer(objects_only) as runscope,
        Bridge(tmp_path, exporters={"runscope": runscope_section(runscope)}) as bridge,
    ):
        bridge.post(request(*map(Call, paths(3))))
        bridge.wait_for_line("takes no arrays; messages are sent one by one from now on")
        runscope.forget()
        bridge.post(request(*map(Call, paths(2))))
        eventually(lambda: bridge.metric("exporter_sent_exchanges_total") == 5, "all were taken")

        assert [True, True] == [received.body.startswith(b"{") for received in runscope.requests]
        assert 0 == bridge.metric("dead_letters")
