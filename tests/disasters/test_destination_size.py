"""A proxy in front of the destination that takes 1 MB, nginx's default, where payloads may have 20."""

from __future__ import annotations

from pathlib import Path

from tests.bridge import Bridge, eventually
from tests.end_to_end.collector import paths_in
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.letters import dead_letters, listed
from tests.end_to_end.traffic import Call, paths, request
from tests.vendor_server import Received, Reply, VendorServer

LIMIT = 1024 * 1024
BODY = {"http.request.body.content": "x" * 30_000}
BATCH = 75


def takes_one_megabyte(received: Received) -> Reply:
    return Reply(413, b"<html>nginx</html>") if len(received.body) > LIMIT else Reply()


def send(bridge: Bridge, calls: list[str]) -> None:
    """As a full buffer: one payload, if the destination took it."""
    bridge.post(request(*(Call(path, attributes=BODY) for path in calls)))


def taken(server: VendorServer) -> list[str]:
    fitting = [received for received in server.requests if len(received.body) <= LIMIT]
    return [path for received in fitting for path in paths_in(received)]


def test_it_costs_one_payload_at_most_and_a_replay_delivers_that_too(tmp_path: Path) -> None:
    calls = paths(4 * BATCH)
    batches = [calls[start : start + BATCH] for start in range(0, len(calls), BATCH)]
    with VendorServer(takes_one_megabyte) as server:
        section = galileo_section(server, queue_size=BATCH, flush_timeout="10s")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            send(bridge, batches[0])
            bridge.wait_for_line(r"payloads hold at most \d+ bytes from now on; one of \d+ was answered 413")
            requests = len(server.requests)
            for batch in batches[1:]:
                send(bridge, batch)
            eventually(lambda: len(taken(server)) == 3 * BATCH, "the other batches")
            eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")
            (letter,) = listed(bridge)
            refused = [received for received in server.requests if len(received.body) > LIMIT]
            dead_letters(bridge, "replay", "--all")
            eventually(lambda: bridge.metric("dead_letters") == 0, "the replay")

        # Whole and in two halves, as the contract has it, and never again.
        assert 3 == requests == len(refused)
        assert (BATCH, "refused with 413") == (letter["exchanges"], letter["reason"])
        assert calls == sorted(taken(server))


def test_payloads_whose_halves_fit_lose_nothing_and_are_halved_once(tmp_path: Path) -> None:
    batch = 40
    calls = paths(3 * batch)
    with VendorServer(takes_one_megabyte) as server:
        section = galileo_section(server, queue_size=batch, flush_timeout="10s")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            send(bridge, calls[:batch])
            bridge.wait_for_line("payloads hold at most")
            send(bridge, calls[batch:])
            eventually(lambda: len(taken(server)) == len(calls), "all exchanges")

            assert calls == taken(server)
            assert [True] == [len(received.body) > LIMIT for received in server.requests[:1]]
            assert all(len(received.body) <= LIMIT for received in server.requests[1:])
            assert 0 == bridge.metric("dead_letters")
