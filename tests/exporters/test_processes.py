"""The SDK exporters in real processes: configured by the environment, forked, and at their end."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points

import pytest

from otel_bridge.exporters.galileo import GalileoSpanExporter
from otel_bridge.exporters.runscope import RunscopeSpanExporter
from tests.vendor_server import VendorServer

PATIENCE = 60

# What auto-instrumentation does at its start, and an application that ends right after its work.
CONFIGURED = """
from opentelemetry.sdk._configuration import _OTelSDKConfigurator
_OTelSDKConfigurator().configure()
"""
SPAN = """
from opentelemetry import trace
def span(name):
    attributes = {"http.method": "GET", "http.url": "http://shop.example.com/" + name}
    trace.get_tracer("t").start_span(name, kind=trace.SpanKind.SERVER, attributes=attributes).end()
"""
FORKING = """
import os
span("parent")
if os.fork() == 0:
    span("child")
    trace.get_tracer_provider().shutdown()
    os._exit(0)
os.wait()
"""


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


def galileo(server: VendorServer) -> dict[str, str]:
    return {
        "OTEL_TRACES_EXPORTER": "galileo",
        "GALILEO_SERVICE_TOKEN": "secret",
        # A name and no address: it has to be looked up while the interpreter goes down.
        "GALILEO_HOST": "localhost",
        "GALILEO_PORT": str(server.port),
        "GALILEO_HTTPS": "false",
    }


def run(script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    quiet = {"OTEL_METRICS_EXPORTER": "none", "OTEL_LOGS_EXPORTER": "none"}
    environ = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    return subprocess.run(
        [sys.executable, "-W", "always::ResourceWarning", "-c", script],
        env={**environ, **quiet, **variables},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def urls(server: VendorServer) -> list[str]:
    return sorted(
        entry["request"]["url"]
        for request in server.requests
        for entry in request.json()["har"]["log"]["entries"]
    )


def test_the_entry_points_lead_to_the_exporters() -> None:
    found = {
        each.name: each.load()
        for each in entry_points(group="opentelemetry_traces_exporter")
        if each.name in ("galileo", "runscope")
    }

    assert {"galileo": GalileoSpanExporter, "runscope": RunscopeSpanExporter} == found


def test_galileo_by_environment_sends_what_ended_last(server: VendorServer) -> None:
    done = run(CONFIGURED + SPAN + 'span("a"); span("b")', galileo(server))

    assert (0, "") == (done.returncode, done.stderr)
    assert ["http://shop.example.com/a", "http://shop.example.com/b"] == urls(server)


def test_runscope_by_environment_sends_what_ended_last(server: VendorServer) -> None:
    variables = {
        "OTEL_TRACES_EXPORTER": "runscope",
        "RUNSCOPE_ACCESS_TOKEN": "secret",
        "RUNSCOPE_BUCKET_KEY": "bucket",
        "RUNSCOPE_API_ENDPOINT": f"http://localhost:{server.port}",
    }
    done = run(CONFIGURED + SPAN + 'span("a")', variables)

    assert (0, "") == (done.returncode, done.stderr)
    assert "http://shop.example.com/a" in server.requests[0].body.decode()


def test_a_forked_child_exports_its_own(server: VendorServer) -> None:
    done = run(CONFIGURED + SPAN + FORKING, galileo(server))

    assert 0 == done.returncode
    assert ["http://shop.example.com/child", "http://shop.example.com/parent"] == urls(server)


def test_a_missing_variable_is_named_at_the_start(server: VendorServer) -> None:
    variables = galileo(server)
    del variables["GALILEO_SERVICE_TOKEN"]
    done = run(CONFIGURED, variables)

    assert 0 != done.returncode
    assert "GALILEO_SERVICE_TOKEN is not set, and the exporter needs it" in done.stderr
