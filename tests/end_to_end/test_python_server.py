"""A server in Python, instrumented by OpenTelemetry's middleware, against the running program."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.end_to_end.conftest import Wired
from tests.end_to_end.instrumented import check

pytestmark = pytest.mark.field


@pytest.mark.parametrize("names", ["default", "http", "http/dup"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_calls_of_a_server_in_python_arrive_at_both_destinations(
    wired: Wired, protocol: str, names: str
) -> None:
    wired.galileo.forget()
    wired.runscope.forget()
    what = "OTLP/gRPC" if protocol == "grpc" else "OTLP/HTTP"
    environment = {
        "OTEL_SEMCONV_STABILITY_OPT_IN": names,
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST": "X-Tag",
        "OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE": "Content-Type",
    }
    done = subprocess.run(
        [sys.executable, "-m", "tests.end_to_end.orders", protocol, wired.bridge.address(what)],
        stdout=subprocess.PIPE,
        check=True,
        timeout=60,
        env={**os.environ, **environment},
    )
    calls = check(wired, json.loads(done.stdout), "orders-of-python")

    for call in calls:
        assert {"name": "x-tag", "value": "one"} in call["request"]["headers"]
        assert [{"name": "content-type", "value": "text/plain"}] == call["response"]["headers"]
