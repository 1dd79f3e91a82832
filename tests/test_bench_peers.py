"""`make bench-peers` measures whatever peers are here, and loses nothing on the way."""

from __future__ import annotations

import platform
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bench.loads import load
from bench.peers import bridge, rotel
from bench.peers.__main__ import LOADS
from bench.peers.child import child
from bench.peers.measure import Figures, LostError, await_all
from bench.peers.peers import batch
from bench.peers.table import HEAD, lines
from bench.sink import running, server_spans
from tests.vendor_server import closed_port

ROOT = Path(__file__).parents[1]


@pytest.mark.field
# The Collector is built if nobody did so before.
@pytest.mark.timeout(2000)
@pytest.mark.skipif(platform.system() != "Linux", reason="programs are measured by Linux's /proc")
def test_a_quick_run_has_a_row_for_every_program_and_loses_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.peers", "--quick", "default"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1900,
        check=False,
    )

    assert (0, "") == (done.returncode, done.stderr)
    rows = [line.split("|")[1].strip() for line in done.stdout.splitlines() if line.startswith("| ")]
    named = [line.split("  ")[1] for line in done.stdout.splitlines() if line.startswith("  ")]
    grown = ["1 API", "10 APIs", "100 APIs", "1,000 APIs", "10,000 APIs"]

    assert ["", *named, "", *grown] == rows
    assert {peer.name for peer in bridge.PEERS} <= set(named)
    assert (rotel.version() is not None) == (rotel.PEER.name in named)
    assert "to deliver it after that" in done.stdout


def test_the_sink_counts_what_peers_hand_on_as_exchanges() -> None:
    for name in LOADS:
        sample = load(name, 1)

        assert sample.exchanges == sum(map(server_spans, sample.requests))


def test_exchanges_that_are_spread_over_apis_stay_exchanges() -> None:
    spread = load("recommended", 200, apis=10, seed=1)

    names = [f"orders-{turn}".encode() for turn in range(10)]
    assert {10} == {sum(name in request for name in names) for request in spread.requests}
    assert spread.exchanges == sum(map(server_spans, spread.requests))


def test_loads_of_different_seed_have_no_request_in_common() -> None:
    assert set() == set(load("default", 1, seed=0).requests) & set(load("default", 1, seed=1).requests)


def test_a_batch_is_of_as_many_exchanges_as_the_bridge_would_take() -> None:
    assert (1000, 5000) == batch(load("default", 1))[:2]
    assert 20 << 20 >= batch(load("large-bodies", 1)).exchanges * load("large-bodies", 1).bytes_each


def test_exchanges_that_come_twice_are_no_figures() -> None:
    with running() as sink:
        await_all(sink, 0)
        sample = load("default", 1)
        _post(sink.port, sample.requests)

        with pytest.raises(LostError, match=f"1 exchanges were sent and {sample.exchanges} arrived"):
            await_all(sink, 1)


def test_a_destination_that_is_away_refuses_until_it_comes_back() -> None:
    with running(away=True) as sink:
        with pytest.raises(ConnectionRefusedError):
            _post(sink.port, [])
        sink.come_back()
        _post(sink.port, [])


def test_a_program_that_does_not_start_says_why(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match="no such option"),
        child(["sh", "-c", "echo no such option; exit 1"], closed_port(), tmp_path / "log"),
    ):
        pass


def test_the_table_has_medians_with_the_least_and_the_most() -> None:
    figures = [Figures(cpu, 1000, 50, 1, 2, 3) for cpu in (9.0, 1.0, 2.0)]

    rows = list(lines({"bridge": figures, "absent": []}))
    table = [[cell.strip() for cell in row.split("|")[1:-1]] for row in rows]
    assert list(HEAD) == table[0]
    assert [["bridge", "2.0 (1.0 to 9.0)", "1000 (1000 to 1000)", "50", "1.0", "2", "3"]] == table[2:]


def _post(port: int, requests: list[bytes]) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection, connection.makefile("rb") as answers:
        for request in requests:
            head = b"POST /v1/traces HTTP/1.1\r\nContent-Length: %d\r\n\r\n" % len(request)
            connection.sendall(head + request)

            assert b"HTTP/1.1 200 OK\r\n" == answers.readline()
            assert b"\r\n" == list(iter(answers.readline, b"\r\n"))[-1][-2:]
