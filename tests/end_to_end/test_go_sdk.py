"""A server in Go, instrumented by otelhttp, over gRPC and HTTP against the running program."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.end_to_end.conftest import Wired
from tests.end_to_end.instrumented import check
from tests.programs import program

pytestmark = [pytest.mark.field, pytest.mark.timeout(300)]

BUILD = Path(__file__).parents[1] / "go" / "build.sh"


@cache
def orders() -> str:
    """The path of the program."""
    program("go", package="Go")
    return subprocess.run([BUILD], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()


@pytest.mark.parametrize("compression", ["none", "gzip"])
@pytest.mark.parametrize("protocol", ["grpc", "http"])
def test_calls_of_a_server_in_go_arrive_at_both_destinations(
    wired: Wired, protocol: str, compression: str
) -> None:
    wired.galileo.forget()
    wired.runscope.forget()
    url = wired.bridge.address("OTLP/HTTP")
    if protocol == "grpc":
        url = f"http://{wired.bridge.address('OTLP/gRPC')}"
    done = subprocess.run(
        [orders(), protocol, url, compression], stdout=subprocess.PIPE, check=True, timeout=60
    )
    # otelhttp records no query.
    got, posted, _ = check(wired, json.loads(done.stdout), "orders-of-go", query="")

    assert [{"name": "user-agent", "value": "agent/1"}] == got["request"]["headers"]
    assert (512, 0) == (posted["request"]["bodySize"], got["request"]["bodySize"])
    assert len("an order") == got["response"]["bodySize"]
