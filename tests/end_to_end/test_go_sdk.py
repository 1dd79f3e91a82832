"""A server in Go, instrumented by otelhttp, over gRPC and HTTP against the running program."""

from __future__ import annotations

import json
import subprocess
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.bridge import eventually
from tests.end_to_end.conftest import Wired, entries, messages
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
    ids = json.loads(done.stdout)
    eventually(
        lambda: len(entries(wired.galileo)) >= 3 and len(messages(wired.runscope)) >= 3,
        "three exchanges at both destinations",
    )
    told = {f"{each['_otel']['traceId']}-{each['_otel']['spanId']}": each for each in entries(wired.galileo)}
    got, posted, failed = (told[each] for each in ids)

    assert 3 == len(entries(wired.galileo)) == len(messages(wired.runscope))
    assert set(ids) == {message["unique_identifier"] for message in messages(wired.runscope)}
    assert ["GET", "POST", "DELETE"] == [each["request"]["method"] for each in (got, posted, failed)]
    assert [200, 201, 503] == [each["response"]["status"] for each in (got, posted, failed)]
    asked = urlsplit(got["request"]["url"])
    assert ("http", "127.0.0.1", "/orders/7") == (asked.scheme, asked.hostname, asked.path)
    assert asked.port
    assert [{"name": "user-agent", "value": "agent/1"}] == got["request"]["headers"]
    assert (512, 0) == (posted["request"]["bodySize"], got["request"]["bodySize"])
    assert len("an order") == got["response"]["bodySize"]
    assert {"HTTP/1.1"} == {each["request"]["httpVersion"] for each in told.values()}
    assert {"127.0.0.1"} == {each["clientIPAddress"] for each in told.values()}
    assert {"orders-of-go"} == {each["_otel"]["gateway"]["service.name"] for each in told.values()}
