"""A server in Node, instrumented by OpenTelemetry's own package, against the running program."""

from __future__ import annotations

import json

import pytest

from tests.end_to_end.conftest import Wired
from tests.end_to_end.instrumented import check
from tests.node_tools import run_node

pytestmark = pytest.mark.field


@pytest.mark.parametrize("names", ["default", "http", "http/dup"])
@pytest.mark.parametrize("protocol", ["json", "protobuf", "grpc"])
def test_calls_of_a_server_in_node_arrive_at_both_destinations(
    wired: Wired, protocol: str, names: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    wired.galileo.forget()
    wired.runscope.forget()
    monkeypatch.setenv("OTEL_SEMCONV_STABILITY_OPT_IN", names)
    url = wired.bridge.address("OTLP/HTTP")
    if protocol == "grpc":
        url = f"http://{wired.bridge.address('OTLP/gRPC')}"
    calls = check(wired, json.loads(run_node("orders.cjs", protocol, url, "gzip")), "orders-of-node")

    for call in calls:
        assert {"name": "x-tag", "value": "one"} in call["request"]["headers"]
        assert {"name": "content-type", "value": "text/plain"} in call["response"]["headers"]
