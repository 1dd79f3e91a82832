"""Every recording of a real Kong, by HTTP and by gRPC, through the program to both destinations."""

from __future__ import annotations

from typing import Any

import grpc
import pytest

from tests.bridge import PATIENCE, eventually
from tests.end_to_end.conftest import Wired, entries, messages
from tests.end_to_end.traffic import EXPORT, replayed
from tests.end_to_end.truth import body, differences
from tests.recordings import WITH_TRUTH, scenarios

# Bodies put into attributes without a check, so what arrives isn't what a capture would have made of it.
UNCHECKED = {"binary-response", "latin1-response", "gzip-response", "echo-binary"}


def send(wired: Wired, request: bytes, transport: str) -> None:
    if transport == "http":
        answer = wired.bridge.post(request)

        assert (200, "application/x-protobuf", b"") == (
            answer.status_code,
            answer.headers["content-type"],
            answer.content,
        )
        return
    with grpc.insecure_channel(wired.bridge.address("OTLP/gRPC")) as channel:
        assert channel.unary_unary(EXPORT)(request, timeout=PATIENCE) == b""


def expected(name: str) -> list[dict[str, Any]]:
    """The scenarios of a recording that Kong made an exchange of."""
    return [each for each in scenarios(name) if each["payloads"] and each.get("spans_expected", True)]


@pytest.mark.parametrize("transport", ["http", "grpc"])
@pytest.mark.parametrize("name", WITH_TRUTH)
def test_each_exchange_arrives_once_and_true(wired: Wired, name: str, transport: str) -> None:
    wired.galileo.forget()
    wired.runscope.forget()
    requests, ids = replayed(name)
    for request in requests:
        send(wired, request, transport)
    wanted = expected(name)
    count = len(wanted) + 6 * (name == "kong-3.9-invalid-utf8")  # its batches say no trace ids
    eventually(
        lambda: len(entries(wired.galileo)) >= count and len(messages(wired.runscope)) >= count,
        f"{count} exchanges at both destinations",
    )

    assert (count, count) == (len(entries(wired.galileo)), len(messages(wired.runscope)))
    by_trace = {entry["_otel"]["traceId"]: entry for entry in entries(wired.galileo)}
    by_id = {message["unique_identifier"]: message for message in messages(wired.runscope)}
    for scenario in wanted:
        entry = by_trace[ids[bytes.fromhex(scenario["trace_id"])].hex()]
        if scenario["name"] not in UNCHECKED:
            assert [] == list(differences(name, scenario, entry)), scenario["name"]
        message = by_id[f"{entry['_otel']['traceId']}-{entry['_otel']['spanId']}"]
        assert entry["request"]["method"] == message["request"]["method"]
        assert entry["response"]["status"] == message["response"]["status"]
        assert body(entry["response"].get("content")) == runscope_body(message["response"])


def test_a_burst_gives_each_exchange_once_though_traces_were_split(wired: Wired) -> None:
    wired.galileo.forget()
    requests, _ = replayed("kong-3.9-split-traces")
    for request in requests:
        send(wired, request, "http")
    eventually(lambda: len(entries(wired.galileo)) >= 600, "600 exchanges")

    arrived = entries(wired.galileo)
    assert 600 == len(arrived) == len({entry["_otel"]["spanId"] for entry in arrived})
    assert all(has_balancer(entry) for entry in arrived if entry["response"]["status"] < 400)


def test_a_resend_is_acknowledged_and_not_delivered_again(wired: Wired) -> None:
    wired.galileo.forget()
    (request, *_), _ = replayed("kong-3.9-default")
    before = wired.bridge.metric("receiver_duplicate_requests_total")
    for _ in range(3):
        send(wired, request, "http")
    eventually(lambda: len(entries(wired.galileo)) >= 1, "the exchange")

    assert 2 == wired.bridge.metric("receiver_duplicate_requests_total") - before
    assert len(entries(wired.galileo)) == 1


def has_balancer(entry: dict[str, Any]) -> bool:
    return any(span["name"] == "kong.balancer" for span in entry["_otel"].get("spans", ()))


def runscope_body(response: dict[str, Any]) -> bytes:
    if response.get("body_encoding") == "base64":
        return body({"text": response["body"]})
    return str(response.get("body", "")).encode()
