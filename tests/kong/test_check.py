"""What keeps a Kong from sending, one fault at a time."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

import otel_bridge.kong
from otel_bridge.kong.check import examine
from otel_bridge.kong.declarative import read_file
from otel_bridge.kong.gateway import Node
from tests.kong.gateways import (
    CAPTURE,
    HEAD,
    OPENTELEMETRY,
    RIGHT,
    gateway,
    with_plugins,
    with_prefunction,
)

CONF: Mapping[str, Any] = {
    "tracing_instrumentations": ["request"],
    "tracing_sampling_rate": 1,
    "untrusted_lua": "sandbox",
    "nginx_http_client_body_buffer_size": "64k",
}


def on_route(plugin: str, route: str) -> str:
    return re.sub(r"(- name: .*\n)", rf"\1  route: {route}\n", plugin, count=1)


def wrongs(text: str, directory: Path, node: Node | None = None) -> list[str]:
    found = examine(gateway(text, directory)._replace(node=node))
    return [finding.message for finding in found if finding.wrong]


def notes(text: str, directory: Path, node: Node | None = None) -> str:
    found = examine(gateway(text, directory)._replace(node=node))
    return "\n".join(finding.message for finding in found if not finding.wrong)


def node(version: tuple[int, int] = (3, 9), conf: Mapping[str, object] = MappingProxyType({})) -> Node:
    return Node(version, {**CONF, **conf}, frozenset({"opentelemetry", "otel-capture"}))


@pytest.mark.parametrize("text", [RIGHT, with_prefunction()], ids=["plugin", "pre-function"])
def test_nothing_is_wrong_with_what_we_recommend(tmp_path: Path, text: str) -> None:
    assert [] == wrongs(text, tmp_path)
    assert [] == wrongs(text, tmp_path, node())


def test_nothing_is_wrong_with_the_shipped_example() -> None:
    example = Path(otel_bridge.kong.__file__).parent / "capture" / "kong-example.yml"

    assert not [finding for finding in examine(read_file(example)) if finding.wrong]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (with_plugins(CAPTURE), "`opentelemetry` is configured nowhere: Kong sends no spans at all"),
        (with_plugins(CAPTURE, OPENTELEMETRY + "  enabled: false\n"), "is switched off (enabled: false)"),
        (
            with_plugins(CAPTURE, on_route(OPENTELEMETRY, "list")),
            "runs only on route list: Kong sends nothing of other requests. Not sent: route upload, pay.",
        ),
        (
            with_plugins(CAPTURE, OPENTELEMETRY.replace("  config", "  consumer: jane\n  config")),
            "runs only on consumer jane",
        ),
        (
            with_plugins(CAPTURE, OPENTELEMETRY.replace("/v1/traces", "")),
            "the path /, where no receiver takes",
        ),
        (with_plugins(CAPTURE, OPENTELEMETRY.replace("/v1/traces", "/v1/logs")), "the path /v1/logs"),
        (with_plugins(CAPTURE, OPENTELEMETRY.replace("4318", "4317")), "sends to port 4317"),
        (with_plugins(CAPTURE, OPENTELEMETRY.replace("http:", "grpc:")), "an endpoint that is no http URL"),
        (
            with_plugins(CAPTURE, OPENTELEMETRY.replace("traces_endpoint", "logs_endpoint")),
            "has no traces_endpoint",
        ),
        (
            with_plugins(CAPTURE, OPENTELEMETRY + "    sampling_rate: 0.25\n"),
            "`opentelemetry` globally has sampling_rate 0.25: 75% of the requests are not sent.",
        ),
        (
            with_plugins(OPENTELEMETRY, CAPTURE + "  config: {max_body_size: 1048576}\n"),
            "max_batch_size 50 allows POSTs of 136 MiB",
        ),
        (
            with_plugins(CAPTURE, OPENTELEMETRY.replace("max_entries: 1000", "max_entries: 10")),
            "max_entries (10) is less than max_batch_size (50)",
        ),
        (with_plugins(OPENTELEMETRY), "Nothing captures: neither the plugin `otel-capture` nor"),
        (with_plugins(OPENTELEMETRY, CAPTURE + "  enabled: false\n"), "`otel-capture` is switched off"),
        (
            with_prefunction(rest="- {name: pre-function, route: list, config: {access: ['return 1']}}\n"),
            "The pre-function on route list replaces the global one that captures",
        ),
        (
            with_prefunction(rest="- {name: pre-function, route: list, config: {access: [*capture]}}\n"),
            "The pre-function on route list lacks the capture in body_filter, log",
        ),
    ],
)
def test_each_fault_is_found_alone(tmp_path: Path, text: str, message: str) -> None:
    [found] = wrongs(text, tmp_path)

    assert message in found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"tracing_instrumentations": ["off"]}, "tracing_instrumentations = off in kong.conf: Kong makes no"),
        ({"tracing_instrumentations": None}, "tracing_instrumentations = off"),
        ({"tracing_instrumentations": "balancer,dns_query"}, "tracing_instrumentations = balancer,dns_query"),
        ({"tracing_sampling_rate": 0.01}, "0.01 in kong.conf: 99% of the requests are not sent"),
        ({"tracing_sampling_rate": None}, "0.01 in kong.conf"),
        ({"nginx_http_client_body_buffer_size": "8k"}, "Request bodies over 8192 bytes go to disk"),
        ({"nginx_http_client_body_buffer_size": None}, "Request bodies over 8192 bytes go to disk"),
    ],
)
def test_each_fault_of_kong_conf_is_found_alone(
    tmp_path: Path, changes: dict[str, object], message: str
) -> None:
    [found] = wrongs(RIGHT, tmp_path, node(conf=changes))

    assert message in found


def test_a_pre_function_with_untrusted_lua_off_cuts_every_request(tmp_path: Path) -> None:
    [found] = wrongs(with_prefunction(), tmp_path, node(conf={"untrusted_lua": "off"}))

    assert "untrusted_lua = off in kong.conf forbids the pre-function" in found
    assert [] == wrongs(RIGHT, tmp_path, node(conf={"untrusted_lua": "off"}))


def test_a_route_that_lists_the_capture_first_is_fine(tmp_path: Path) -> None:
    own = "{access: [*capture, 'return 1'], body_filter: [*capture], log: [*capture]}"

    assert [] == wrongs(
        with_prefunction(rest=f"- {{name: pre-function, route: list, config: {own}}}\n"), tmp_path
    )


def test_the_plugin_form_does_not_mind_a_pre_function_on_a_route(tmp_path: Path) -> None:
    text = with_plugins(
        OPENTELEMETRY, CAPTURE, "- {name: pre-function, route: list, config: {access: ['return 1']}}\n"
    )

    assert [] == wrongs(text, tmp_path)


def test_installed_and_not_configured_is_said_so(tmp_path: Path) -> None:
    [found] = wrongs(with_plugins(OPENTELEMETRY), tmp_path, node())

    assert "`otel-capture` is installed, but configured nowhere" in found


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ((2, 8), "Kong 2.8 has no OpenTelemetry plugin"),
        ((3, 4), "traces_endpoint, which Kong knows from 3.8 on"),
    ],
)
def test_versions_that_can_not(tmp_path: Path, version: tuple[int, int], message: str) -> None:
    assert message in "\n".join(wrongs(RIGHT, tmp_path, node(version)))


OLD = OPENTELEMETRY.replace("traces_endpoint", "endpoint")


@pytest.mark.parametrize(
    ("text", "state", "message"),
    [
        (RIGHT, None, "This file says nothing about kong.conf"),
        (RIGHT.replace("bridge.internal", "127.0.0.1"), None, "sends to 127.0.0.1, which is the machine"),
        (
            with_plugins(
                CAPTURE, OPENTELEMETRY.replace("http://bridge.internal:4318/v1/traces", "'{vault://env/x}'")
            ),
            None,
            "takes its endpoint from a vault",
        ),
        (
            with_plugins(OPENTELEMETRY.replace(", max_entries: 1000", ""), CAPTURE),
            None,
            "max_entries 10000 lets each worker grow by up to 10773 MiB",
        ),
        (
            with_plugins(CAPTURE, *(on_route(OPENTELEMETRY, name) for name in ("list", "upload", "pay"))),
            None,
            "configured on each service or route by itself",
        ),
        (with_plugins(OPENTELEMETRY, on_route(CAPTURE, "list")), None, "The capture runs only on route list"),
        (with_prefunction(rest=CAPTURE), None, "The capture runs twice"),
        (
            RIGHT.replace("name: upload", "name: upload\n    request_buffering: false"),
            None,
            "Route upload streams its requests",
        ),
        (RIGHT, node(conf={"tracing_instrumentations": ["all"]}), "the bridge needs the root span alone"),
        (RIGHT, node((3, 9)), "ignores `traceparent` in requests that carry `tracestate`"),
        (with_plugins(OLD), node((3, 4)), "gives no status to answers it makes itself"),
        (with_plugins(OLD), node((3, 1)), "never tries again"),
        (
            with_plugins(re.sub(" +queue.*\n", "", OLD), CAPTURE),
            node((3, 4)),
            "each span is a POST of its own",
        ),
    ],
)
def test_what_is_worth_knowing(tmp_path: Path, text: str, state: Node | None, message: str) -> None:
    assert message in notes(text, tmp_path, state)


def test_the_lines_of_kong_conf_fit_the_file(tmp_path: Path) -> None:
    [found] = examine(gateway(with_prefunction("max_body_size=16384"), tmp_path))

    assert [
        "tracing_instrumentations = request",
        "tracing_sampling_rate = 1.0",
        "nginx_http_client_body_buffer_size = 16k",
        "untrusted_lua = sandbox (or on)",
    ] == [line.strip() for line in found.remedy.splitlines()[1:]]


def test_entities_may_stand_side_by_side_and_refer_by_id(tmp_path: Path) -> None:
    text = (
        HEAD
        + "services: [{id: 11, name: orders}]\n"
        + "routes: [{id: 22, name: list, service: {id: 11}}, {name: pay, service: 11}]\n"
        + "consumers: [{username: jane, plugins: [{name: opentelemetry}]}]\n"
        + "consumer_groups: [{name: gold, plugins: [{name: rate-limiting}]}]\n"
        + "plugins: [{name: a, service: {name: orders}}, {name: b, route: 22}, {name: c, consumer: jane}]\n"
    )

    found = gateway(text, tmp_path)

    assert ["orders", "orders"] == [route.service for route in found.routes]
    assert [
        "opentelemetry on consumer jane",
        "rate-limiting on group gold",
        "a on service orders",
        "b on route list",
        "c on consumer jane",
    ] == [f"{plugin.name} {plugin.place}" for plugin in found.plugins]
