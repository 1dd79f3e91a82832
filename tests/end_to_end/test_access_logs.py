"""Kong Enterprise's access logs on `/v1/logs`, alone and beside the spans of the same requests."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from otel_bridge.otlp.values import Value
from tests.access_logs import EXPORT, MS, Access, log_line, logs, spans
from tests.bridge import PATIENCE, PROTOBUF, Bridge, eventually
from tests.end_to_end.collector import Collector, always, well
from tests.end_to_end.conftest import Wired, entries, exporters, galileo_section, messages
from tests.end_to_end.letters import dead_letters, listed
from tests.end_to_end.test_contents import journaled
from tests.otlp_json import otlp_json
from tests.vendor_server import Reply, VendorServer

SECRET = "c4nary-which-nobody-may-see"
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """So that the tests of this module can share a bridge."""
    return itertools.count(1)


def now() -> int:
    return time.time_ns() // MS * MS


def post_logs(bridge: Bridge, body: bytes, headers: dict[str, str] = PROTOBUF) -> None:
    answer = bridge.post(body, headers, signal="logs")

    assert 200 == answer.status_code


def over_http(bridge: Bridge, body: bytes) -> None:
    post_logs(bridge, body)


def as_json(bridge: Bridge, body: bytes) -> None:
    post_logs(bridge, otlp_json(ExportLogsServiceRequest.FromString(body)), JSON)


def over_grpc(bridge: Bridge, body: bytes) -> None:
    with grpc.insecure_channel(bridge.address("OTLP/gRPC")) as channel:
        channel.unary_unary(EXPORT)(body, timeout=PATIENCE)


TRANSPORTS = (over_http, as_json, over_grpc)


def test_an_access_log_is_an_exchange_at_both_destinations(wired: Wired, numbers: Iterator[int]) -> None:
    calls = [Access(next(numbers), end_ns=now()) for _ in TRANSPORTS]
    for send, access in zip(TRANSPORTS, calls, strict=True):
        send(wired.bridge, log_line("a line of Kong's own") + logs(access))
    told = eventually_told(wired, calls)

    for access, (entry, message) in zip(calls, told, strict=True):
        assert f"http://api.example.com:8000{access.path}?page=2" == entry["request"]["url"]
        assert ("POST", 201) == (entry["request"]["method"], entry["response"]["status"])
        assert [5, 30, 5] == [entry["timings"][name] for name in ("send", "wait", "receive")]
        assert {"name": "content-type", "value": "application/json"} in entry["response"]["headers"]
        assert 17 == entry["request"]["bodySize"]
        otel = entry["_otel"]
        assert "access log" == otel["source"]
        assert ("orders", "orders-route", "alice") == (otel["service"], otel["route"], otel["consumer"])
        assert (access.request_id, access.trace_id.hex()) == (otel["requestId"], otel["traceId"])
        assert {"request": 312, "response": 480} == otel["wireSize"]
        assert f"{access.trace_id.hex()}-{access.span_id.hex()}" == message["unique_identifier"]
        assert (201, 0.04) == (message["response"]["status"], message["response"]["response_time"])


@pytest.mark.parametrize("first", ["logs", "spans"])
def test_a_span_and_a_log_of_one_request_are_one_exchange(
    wired: Wired, numbers: Iterator[int], first: str
) -> None:
    before = wired.bridge.metric("access_logs_joined_total", exporter="galileo")
    # From here on the bridge knows that this node logs.
    post_logs(wired.bridge, logs(Access(next(numbers), end_ns=now(), node=first)))
    calls = [Access(next(numbers), end_ns=now(), node=first) for _ in range(10)]
    parts: list[Callable[[], object]] = [
        lambda: post_logs(wired.bridge, logs(*calls)),
        lambda: wired.bridge.post(spans(*calls)),
    ]
    for part in parts if first == "logs" else reversed(parts):
        part()
    told = eventually_told(wired, calls)
    eventually(lambda: wired.bridge.metric("journal_backlog_records") == 0, "all records are settled")

    assert 10 == wired.bridge.metric("access_logs_joined_total", exporter="galileo") - before
    assert {access.path: 1 for access in calls} == {
        access.path: sum(access.path in entry["request"]["url"] for entry in entries(wired.galileo))
        for access in calls
    }
    for entry, message in told:
        assert "span and access log" == entry["_otel"]["source"] == message["_otel"]["source"]
        assert "orders" == entry["_otel"]["service"]
        assert ["kong.balancer"] == [span["name"] for span in entry["_otel"]["spans"]]
        assert ":8000/" in entry["request"]["url"]


def test_a_log_whose_span_went_out_before_is_not_counted_again(wired: Wired, numbers: Iterator[int]) -> None:
    access = Access(next(numbers), end_ns=now(), node="node-without-logs")
    before = wired.bridge.metric("exchanges_repeated_total", exporter="galileo")
    wired.bridge.post(spans(access))
    eventually_told(wired, [access])
    post_logs(wired.bridge, logs(access))
    eventually(
        lambda: wired.bridge.metric("exchanges_repeated_total", exporter="galileo") == before + 1,
        "the log is recognised",
    )
    eventually(lambda: wired.bridge.metric("journal_backlog_records") == 0, "both records are settled")

    assert 1 == len([entry for entry in entries(wired.galileo) if access.path in entry["request"]["url"]])


def test_other_logs_are_counted_and_not_kept(wired: Wired) -> None:
    names = ("receiver_accepted_log_records_total", "receiver_accepted_bytes_total")
    before = [wired.bridge.metric(name) for name in names]
    post_logs(wired.bridge, log_line("plain"))
    post_logs(wired.bridge, log_line("names a request", {"kong.request.id": "00ff"}))

    assert [before[0] + 2, before[1]] == [wired.bridge.metric(name) for name in names]


def test_routing_waits_for_what_only_the_log_knows(tmp_path: Path) -> None:
    with Collector() as orders, Collector() as rest:
        sections = {
            "galileo/orders": galileo_section(orders, apply_to={"service": "orders"}),
            "galileo/rest": galileo_section(rest),
        }
        with Bridge(tmp_path, exporters=sections) as bridge:
            calls = [Access(number, end_ns=now()) for number in (1, 2)]
            post_logs(bridge, logs(*calls))
            bridge.post(spans(*calls))
            eventually(lambda: len(orders.taken) == 2, "the exporter of the service has them")
            eventually(lambda: bridge.metric("journal_backlog_records") == 0, "all records are settled")

            assert [] == rest.taken


@pytest.mark.field
def test_what_waits_for_its_other_half_survives_a_kill_and_leaves_at_shutdown(tmp_path: Path) -> None:
    with Collector() as galileo:
        bridge = Bridge(tmp_path, exporters={"galileo": galileo_section(galileo)})
        with bridge:
            post_logs(bridge, logs(Access(1, end_ns=now())))
            bridge.kill()
            bridge.start()
            bridge.post(spans(Access(1, end_ns=now())))
            eventually(lambda: bridge.metric("access_logs_joined_total") == 1, "they found each other")
            post_logs(bridge, logs(Access(2, end_ns=now())))

            assert 0 == bridge.stop()
        assert ["/orders/1", "/orders/2"] == galileo.taken


def test_a_refused_exchange_of_both_is_one_dead_letter_that_can_be_replayed(tmp_path: Path) -> None:
    with one_destination(tmp_path) as (galileo, bridge):
        galileo.trouble = always(Reply(400))
        post_logs(bridge, logs(Access(1, end_ns=now())))
        bridge.post(spans(Access(1, end_ns=now())))
        eventually(lambda: bridge.metric("dead_letters") == 1, "the dead letter")
        eventually(lambda: bridge.metric("journal_backlog_records") == 0, "both records are settled")
        refused = entries(galileo)[-1]
        galileo.trouble = well
        (letter,) = listed(bridge)
        dead_letters(bridge, "replay", letter["id"])
        eventually(lambda: galileo.taken == ["/orders/1"], "the replay")

        assert refused == entries(galileo)[-1]
        assert "span and access log" == refused["_otel"]["source"]


def test_secrets_in_access_logs_reach_no_disk_and_no_destination(tmp_path: Path) -> None:
    attributes: dict[str, Value] = {
        "http.request.header.authorization": f"Bearer {SECRET}",
        "url.query": f"access_token={SECRET}&page=2",
        "http.response.header.set-cookie": [f"session={SECRET}"],
    }
    with VendorServer() as galileo, VendorServer() as runscope:
        with Bridge(tmp_path, exporters=exporters(galileo, runscope)) as bridge:
            post_logs(bridge, logs(Access(1, attributes, end_ns=now())))
            sent = [*galileo.wait_for(1), *runscope.wait_for(1)]

            assert not journaled(bridge, SECRET)
            assert journaled(bridge, "orders-route")
            bridge.stop()

        assert [] == [each for each in sent if SECRET.encode() in each.body]
        assert "REDACTED" in str(entries(galileo))
        assert SECRET not in "".join(bridge.output)


@contextmanager
def one_destination(directory: Path) -> Iterator[tuple[Collector, Bridge]]:
    with (
        Collector() as galileo,
        Bridge(directory, exporters={"galileo": galileo_section(galileo)}) as bridge,
    ):
        yield galileo, bridge


def eventually_told(wired: Wired, calls: Sequence[Access]) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The entry and the message of each of *calls*, once they are at both destinations."""

    def told() -> list[tuple[dict[str, Any], dict[str, Any]]]:
        by_entry = {entry["_otel"]["requestId"]: entry for entry in entries(wired.galileo)}
        by_message = {message["_otel"]["requestId"]: message for message in messages(wired.runscope)}
        ids = [access.request_id for access in calls]
        return [(by_entry[each], by_message[each]) for each in ids if each in by_entry and each in by_message]

    eventually(lambda: len(told()) == len(calls), "all exchanges at both destinations")
    return told()
