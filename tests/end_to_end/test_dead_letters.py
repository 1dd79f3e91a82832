"""What a destination refuses for good, and what becomes of it beside the running program."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from tests.bridge import Bridge, eventually
from tests.end_to_end.collector import Collector, always, well
from tests.end_to_end.conftest import galileo_section, runscope_section
from tests.end_to_end.letters import dead_letters, listed
from tests.end_to_end.traffic import Call, paths, request
from tests.vendor_server import Reply, VendorServer

POISON = "/poison"


def refuses_poison(payload: Sequence[str]) -> Reply:
    return Reply(400, b'{"error": "no, thanks"}') if POISON in payload else Reply()


def test_one_poisonous_exchange_costs_none_of_its_neighbours(tmp_path: Path) -> None:
    calls = [*paths(10), POISON, *paths(9, "later-")]
    with (
        Collector(refuses_poison) as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge,
    ):
        bridge.post(request(*map(Call, calls)))
        eventually(lambda: bridge.metric("dead_letters", exporter="galileo") == 1, "the dead letter")
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "the record is settled")

        assert [path for path in calls if path != POISON] == sorted(galileo.taken, key=calls.index)
        (letter,) = listed(bridge)
        assert ("galileo", 1, "held") == (letter["exporter"], letter["exchanges"], letter["state"])
        assert '400 Bad Request: {"error": "no, thanks"}' == letter["answer"]


def test_a_payload_too_large_for_the_destination_is_cut_to_its_measure(tmp_path: Path) -> None:
    def takes_six(payload: Sequence[str]) -> Reply:
        return Reply(413) if len(payload) > 6 else Reply()

    calls = paths(12)
    with (
        Collector(takes_six) as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge,
    ):
        bridge.post(request(*map(Call, calls)))
        eventually(lambda: len(galileo.taken) >= len(calls), "all exchanges")
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "the record is settled")

        assert calls == galileo.taken
        assert [] == listed(bridge)


def test_an_entry_that_a_207_names_is_a_dead_letter_with_its_reason(tmp_path: Path) -> None:
    fault = "ALF[0] har.log.entries.1.request.bodySize is required in {}"
    partly = Reply(207, json.dumps({"errors": [fault]}).encode())
    with (
        Collector(always(partly)) as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge,
    ):
        bridge.post(request(*map(Call, ["/good", "/bad", "/fine"])))
        eventually(lambda: bridge.metric("dead_letters") == 1, "the dead letter")

        (letter,) = listed(bridge)
        assert (1, fault) == (letter["exchanges"], letter["reason"])
        assert "/bad" in dead_letters(bridge, "show", letter["id"]).stdout
        assert 2 == bridge.metric("exporter_sent_exchanges_total")
        assert 1 == len(galileo.requests)


def test_a_replay_goes_to_its_exporter_alone_and_then_the_letter_is_gone(tmp_path: Path) -> None:
    with Collector(refuses_poison) as galileo, VendorServer() as runscope:
        sections = {"galileo": galileo_section(galileo), "runscope": runscope_section(runscope)}
        with Bridge(tmp_path, exporters=sections) as bridge:
            bridge.post(request(Call(POISON)))
            eventually(lambda: bridge.metric("dead_letters") == 1, "the dead letter")
            runscope.wait_for(1)
            (letter,) = listed(bridge)
            shown = dead_letters(bridge, "show", letter["id"])
            galileo.trouble = well
            replayed = dead_letters(bridge, "replay", letter["id"])
            eventually(lambda: bridge.metric("dead_letters") == 0, "the letter is gone")

            assert POISON in shown.stdout
            assert (0, "1 dead letter will be sent again") == (replayed.exit_code, replayed.stdout[:32])
            assert [POISON] == galileo.taken
            assert 1 == len(runscope.requests)


def test_a_replay_that_is_refused_again_stays_until_it_is_dropped(tmp_path: Path) -> None:
    with (
        Collector(refuses_poison) as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)}) as bridge,
    ):
        bridge.post(request(Call(POISON)))
        eventually(lambda: bridge.metric("dead_letters") == 1, "the dead letter")
        galileo.trouble = always(Reply(422, b"still not"))
        dead_letters(bridge, "replay", "--all")
        refused = "exporter_dead_lettered_exchanges_total"
        eventually(lambda: bridge.metric(refused) == 2, "the second refusal")
        (letter,) = listed(bridge)
        dropped = dead_letters(bridge, "drop", letter["id"])

        assert ("held", "refused with 422") == (letter["state"], letter["reason"])
        assert "422 Unprocessable Entity: still not" == letter["answer"]
        assert (0, "1 dead letter dropped, with 1 exchange.\n") == (dropped.exit_code, dropped.stdout)
        assert [] == listed(bridge)


def test_a_full_store_holds_the_pipeline_until_somebody_makes_room(tmp_path: Path) -> None:
    body = {"http.request.body.content": "x" * 40_000}
    calls = paths(4)
    with Collector(always(Reply(400))) as galileo:
        section = galileo_section(galileo, queue_size=1)
        with Bridge(tmp_path, exporters={"galileo": section}, dead_letters={"max_size": "64KiB"}) as bridge:
            for path in calls:
                bridge.post(request(Call(path, attributes=body)))
            line = bridge.wait_for_line("galileo: nothing is sent for now").string
            held = len(listed(bridge))
            galileo.trouble = well
            dead_letters(bridge, "drop", "--all")
            eventually(lambda: galileo.taken == calls[held + 1 :], "what came behind the hold")
            eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")

            assert "dead letters can't be written: make room (dead_letters.max_size)" in line
            assert 0 < held < 3
            assert 1 == len(listed(bridge))


def test_an_exchange_that_no_payload_can_hold_waits_for_room_too(tmp_path: Path) -> None:
    filling = {"http.request.body.content": "x" * 40_000}
    large = {f"http.request.header.x-{number:04d}": "x" * 30_000 for number in range(800)}
    calls = paths(30)
    with Collector(refuses_poison) as galileo:
        sections = {"galileo": galileo_section(galileo)}
        with Bridge(tmp_path, exporters=sections, dead_letters={"max_size": "64KiB"}) as bridge:
            bridge.post(request(Call(POISON, attributes=filling)))
            eventually(lambda: bridge.metric("dead_letters") == 1, "the store is full")
            bridge.post(request(Call("/large", attributes=large)))
            bridge.wait_for_line("a dead letter can't be kept; its pipeline holds")
            for path in calls:
                bridge.post(request(Call(path)))
            delivered_meanwhile = len(galileo.taken)
            dead_letters(bridge, "drop", "--all")
            eventually(lambda: galileo.taken == calls, "what came behind it")
            eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")

            assert 0 == delivered_meanwhile
            assert 1 == len(listed(bridge))
            # As often as it was tried, not for each exchange that waited.
            assert len([line for line in bridge.output if "can't be kept" in line]) < len(calls)


def test_past_max_backlog_the_oldest_is_given_up_loudly_and_the_newest_arrives(tmp_path: Path) -> None:
    calls = paths(60)
    # One wait that outlasts the rest of this is quicker than a backoff that grows meanwhile.
    with Collector(always(Reply(503, headers={"Retry-After": "3"}))) as galileo:
        section = galileo_section(galileo, max_backlog="4KiB")
        with Bridge(tmp_path, exporters={"galileo": section}) as bridge:
            for path in calls:
                bridge.post(request(Call(path)))
            eventually(lambda: bridge.metric("journal_backlog_bytes") <= 4096, "the backlog is cut")
            given_up = int(bridge.metric("exporter_given_up_exchanges_total"))
            galileo.trouble = well
            eventually(lambda: len(galileo.taken) >= len(calls) - given_up, "the rest")
            (letter,) = listed(bridge)

            assert 0 < given_up < len(calls)
            assert calls[given_up:] == galileo.taken
            assert ("given up", given_up) == (letter["state"], letter["exchanges"])
            bridge.wait_for_line("max_backlog is reached: the oldest exchanges are given up")
