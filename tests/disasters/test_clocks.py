"""Clocks that are wrong: those of senders, in their spans, and the bridge's own, stepping back and forth."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from otel_bridge.formats import alf, har, runscope
from otel_bridge.mapping import spot
from tests.bridge import Bridge, eventually, run
from tests.disasters.disks import accepts, post, readiness
from tests.disasters.faults import Faults
from tests.end_to_end.collector import Collector, always, paths_in, well
from tests.end_to_end.conftest import entries, exporters, galileo_section, messages
from tests.end_to_end.traffic import Call, request
from tests.vendor_server import Reply, VendorServer

SECOND = 10**9
YEAR = 365 * 24 * 3600
NOW = 1_800_000_000 * SECOND
LAST = 2**64 - 1
TIMES = {
    "/none": (0, 0),
    "/no-start": (0, NOW),
    "/no-end": (NOW, 0),
    "/1970": (1, 2),
    "/end-before-start": (NOW, NOW - SECOND),
    "/in-a-year": (NOW + YEAR * SECOND, NOW + YEAR * SECOND + 1),
    "/the-last-there-is": (LAST - 1, LAST),
    "/from-the-first-to-the-last": (1, LAST),
    "/from-the-last-to-the-first": (LAST, 1),
}
nanoseconds = st.one_of(st.integers(0, LAST), st.sampled_from([0, 1, NOW, LAST]))


def timed(path: str, start_ns: int, end_ns: int) -> bytes:
    """An exchange that says it took place then."""
    message = ExportTraceServiceRequest.FromString(request(Call(path)))
    (span,) = message.resource_spans[0].scope_spans[0].spans
    span.start_time_unix_nano, span.end_time_unix_nano = start_ns, end_ns
    return message.SerializeToString()


def assert_sane(entry: dict[str, Any]) -> None:
    """An ALF or HAR entry has a date, and durations that add up."""
    assert 1970 <= datetime.fromisoformat(entry["startedDateTime"]).year <= 2554
    assert min(entry["timings"].values()) >= 0
    assert pytest.approx(sum(entry["timings"].values()), rel=1e-6, abs=0.01) == entry["time"]


@given(nanoseconds, nanoseconds)
def test_whatever_a_span_says_of_its_time_payloads_have_dates_and_durations(
    start_ns: int, end_ns: int
) -> None:
    (found,) = spot(timed("/", start_ns, end_ns)).exchanges
    exchange = found.exchange
    message = json.loads(runscope.message(exchange, bodies=True, extension=True))

    assert_sane(json.loads(alf.entry(exchange, bodies=True, extension=True)))
    assert_sane(json.loads(har.entry(exchange, bodies=True)))
    assert 0 <= message["request"]["timestamp"] <= message["response"]["timestamp"]
    assert message["response"]["response_time"] >= 0


def test_an_exchange_without_a_start_began_when_it_ended() -> None:
    (found,) = spot(timed("/", 0, NOW)).exchanges

    assert (NOW, NOW) == (found.exchange.start_ns, found.exchange.end_ns)


def test_spans_of_any_time_are_delivered_and_settled(tmp_path: Path) -> None:
    with VendorServer() as galileo, VendorServer() as runscope_api:
        with Bridge(tmp_path, exporters=exporters(galileo, runscope_api)) as bridge:
            for path, (start_ns, end_ns) in TIMES.items():
                assert 200 == bridge.post(timed(path, start_ns, end_ns)).status_code
            eventually(lambda: len(messages(runscope_api)) == len(TIMES), "all at the one")
            eventually(lambda: len(entries(galileo)) == len(TIMES), "all at the other")
            eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all is settled")

            assert set(TIMES) == {path for each in galileo.requests for path in paths_in(each)}
            assert 0 == bridge.metric("dead_letters")
            assert 0 == bridge.metric("pipeline_restarts_total")
        for entry in entries(galileo):
            assert_sane(entry)


STEPS = {
    "a day on": 86_400,
    "a day back": -86_400,
    "ten years on": 10 * YEAR,
    "to 1976": -50 * YEAR,
    "a second back": -1,
    "right again": 0,
}


@pytest.mark.field
def test_while_the_clock_steps_back_and_forth_everything_goes_on(tmp_path: Path) -> None:
    with Collector() as galileo, Faults(tmp_path) as clock:
        bridge = Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)})
        with bridge.start(environment=clock.environment):
            repeated = request(Call("/repeated"))
            assert 200 == bridge.post(repeated).status_code
            confirmed = {"/repeated"}
            for name, seconds in STEPS.items():
                path = "/" + name.replace(" ", "-")
                # What waits in a buffer while the clock steps is flushed all the same.
                assert accepts(bridge, path + "/before")
                clock.set(clock_s=seconds)
                assert accepts(bridge, path + "/after")
                confirmed |= {path + "/before", path + "/after"}
                eventually(lambda: confirmed <= set(galileo.taken), name)  # noqa: B023
                eventually(lambda: bridge.metric("journal_backlog_records") == 0, name)
                # Within two minutes, whatever the clock says of them.
                assert 200 == bridge.post(repeated).status_code
                assert 0 <= bridge.metric("journal_oldest_unsettled_seconds")

            assert len(STEPS) == bridge.metric("receiver_duplicate_requests_total")
            assert sorted(confirmed) == sorted(galileo.taken)
            assert 200 == readiness(bridge).status
            assert 0 == bridge.stop()


@pytest.mark.field
def test_a_hold_ends_and_dead_letters_stay_whatever_the_clock_does_meanwhile(tmp_path: Path) -> None:
    with Collector(always(Reply(400))) as galileo, Faults(tmp_path) as clock:
        bridge = Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)})
        with bridge.start(environment=clock.environment):
            assert accepts(bridge, "/refused")
            eventually(lambda: bridge.metric("dead_letters") == 1, "the dead letter")
            galileo.trouble = always(Reply(503))
            clock.set(clock_s=-50 * YEAR)
            assert 200 == post(bridge, "/held").status_code
            # In the last century, by its own account.
            bridge.wait_for_line("^19.*nothing is sent for now")
            clock.set(clock_s=10 * YEAR)
            galileo.trouble = well
            eventually(lambda: "/held" in galileo.taken, "the hold ends")
            bridge.kill()
            bridge.start(environment=clock.environment)
            clock.set()
            listed = run("dead-letters", "--config", bridge.config, "list", "--json")

            assert 1 == len(json.loads(listed.out))
