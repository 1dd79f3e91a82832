"""The OpenTelemetry SDK for Node, whose JSON has ids in hex, against the running program."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.calls import CALLS, check, split, start_of_first
from tests.end_to_end.conftest import Wired
from tests.node_tools import run_node

pytestmark = pytest.mark.field


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["json", "protobuf", "grpc"])
def test_server_spans_of_node_arrive_at_both_destinations(
    wired: Wired, protocol: str, compression: str
) -> None:
    wired.galileo.forget()
    wired.runscope.forget()
    url = wired.bridge.address("OTLP/HTTP")
    if protocol == "grpc":
        url = f"http://{wired.bridge.address('OTLP/gRPC')}"
    start = start_of_first()
    calls = [
        {
            "name": call.name,
            "attributes": call.attributes,
            "start": split(start),
            "end": split(start + call.duration_ns),
        }
        for call in CALLS
    ]
    answer = run_node("send_spans.mjs", protocol, url, compression, stdin=json.dumps(calls).encode())

    check(wired, json.loads(answer))
