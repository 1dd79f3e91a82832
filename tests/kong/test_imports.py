"""Old plugin blocks come over whole: loadable, and what has no place is a comment."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.config import ApplyTo, Config, GalileoSettings, RunscopeSettings, check, load
from otel_bridge.kong.gateway import EVERYTHING, Gateway, Plugin, Scope
from otel_bridge.kong.imports import NothingToImportError, convert
from tests.kong.gateways import gateway

VARIABLES = {
    "GALILEO_SERVICE_TOKEN": "g",
    "GALILEO_HOST": "h",
    "RUNSCOPE_TOKEN": "r",
    "RUNSCOPE_BUCKET_KEY": "b",
}


def converted(text: str, directory: Path) -> tuple[str, Config]:
    made = convert(gateway(text, directory))
    file = directory / "bridge.yaml"
    file.write_text(made)
    return made, load(file, VARIABLES)


def test_a_declarative_file_of_kong_1(tmp_path: Path) -> None:
    text = """
_format_version: "1.1"
services:
- name: orders
  plugins:
  - name: runscope
    config: {access_token: secret, bucket_key: bk, timeout: 5000, keepalive: 60, log_body: true}
  routes:
  - name: list
    plugins:
    - name: galileo
      config: {service_token: a$b, host: galileo.example.com, environment: prod, log_bodies: true}
plugins:
- name: galileo
  config: {service_token: t, host: galileo.example.com, port: 8443, https: false, https_verify: false,
           retry_count: 3, connection_timeout: 5, flush_timeout: 1, queue_size: 50}
"""

    _, config = converted(text, tmp_path)

    assert {
        "runscope/orders": RunscopeSettings.model_validate(
            {
                "apply_to": {"service": "orders"},
                "access_token": "secret",
                "bucket_key": "bk",
                "timeout": 5000,
                "keepalive": 60,
                "log_body": True,
            }
        ),
        "galileo/list": GalileoSettings.model_validate(
            {
                "apply_to": {"route": "list"},
                "service_token": "a$b",
                "host": "galileo.example.com",
                "environment": "prod",
                "log_bodies": True,
            }
        ),
        "galileo": GalileoSettings.model_validate(
            {
                "service_token": "t",
                "host": "galileo.example.com",
                "port": 8443,
                "https": False,
                "https_verify": False,
                "retry_count": 3,
                "connection_timeout": 5,
                "flush_timeout": 1,
                "queue_size": 50,
            }
        ),
    } == config.exporters
    assert not config.inspector.enabled


def test_apis_of_kong_0_and_fields_under_attributes(tmp_path: Path) -> None:
    text = """
apis:
- name: mockbin
  plugins:
  - name: galileo
    attributes:
      config: {service_token: t, host: g.example.com}
  - name: runscope
    ensure: removed
    attributes: {config: {access_token: t, bucket_key: b}}
plugins:
- {name: runscope, api: other, config.access_token: t, config.bucket_key: b}
"""

    _, config = converted(text, tmp_path)

    assert {
        "galileo/mockbin": ApplyTo(service=("mockbin",)),
        "runscope/other": ApplyTo(service=("other",)),
    } == {key: exporter.apply_to for key, exporter in config.exporters.items()}


@pytest.mark.parametrize("host", ["", ", host: collector.galileo.mashape.com, port: 443, https: true"])
def test_the_retired_host_becomes_the_inspector(tmp_path: Path, host: str) -> None:
    made, config = converted(
        f"plugins: [{{name: galileo, config: {{service_token: t, environment: e{host}}}}}]", tmp_path
    )
    exporter = config.exporters["galileo"]

    assert isinstance(exporter, GalileoSettings)
    assert (config.inspector.endpoint.host, config.inspector.endpoint.port, False, "e") == (
        exporter.host,
        exporter.port,
        exporter.https,
        exporter.environment,
    )
    assert config.inspector.enabled
    assert "collector.galileo.mashape.com is shut down: the inspector takes its place" in made


@pytest.mark.parametrize(
    ("plugin", "comment"),
    [
        ("{name: galileo, config: {service_token: t, host: h, colour: [red, 1]}}", 'colour: ["red", 1]'),
        ("{name: galileo, config: {service_token: t, host: h, queue_size: -5}}", "queue_size: -5"),
        ("{name: galileo, config: {service_token: t, host: 'h:1'}}", 'host: "h:1"'),
        ("{name: galileo, enabled: false, config: {service_token: t, host: h}}", "was switched off"),
        ("{name: galileo, consumer_group: gold, config: {service_token: t, host: h}}", "can't be selected"),
        ("{name: runscope, config: {bucket_key: k}}", "access_token was missing or unusable"),
        ('{name: runscope, config: {access_token: t, bucket_key: k, "a\\nb": 1}}', "a\\U0000000ab: 1"),
    ],
)
def test_what_has_no_place_is_a_comment(tmp_path: Path, plugin: str, comment: str) -> None:
    made, _ = converted(f"plugins:\n- {plugin}\n", tmp_path)

    assert comment in "\n".join(line for line in made.splitlines() if line.lstrip().startswith("#"))


def test_what_has_no_name_is_not_taken_for_everything(tmp_path: Path) -> None:
    made, config = converted(
        "services: [{plugins: [{name: galileo, config: {service_token: t, host: h}}]}]", tmp_path
    )

    assert {"service": {"unnamed-1"}} == config.exporters["galileo/unnamed-1"].apply_to.parts
    assert "this service has no name in Kong" in made


def test_a_second_block_for_the_same_traffic_stays_a_comment(tmp_path: Path) -> None:
    block = "{name: galileo, config: {service_token: t, host: h}}"

    made, config = converted(f"plugins: [{block}, {block}]", tmp_path)

    assert ["galileo"] == list(config.exporters)
    assert "# galileo, globally: is one too many for the same traffic\n  # galileo/other-2:\n" in made


def test_no_block_at_all(tmp_path: Path) -> None:
    with pytest.raises(NothingToImportError, match="holds no `galileo` and no `runscope` plugin"):
        convert(gateway("plugins: [{name: key-auth}]", tmp_path))


NAMES = st.sampled_from(["", "orders", "a b", "ünïcode\u2028\x85", "it's: {odd} #1", "$x ${env:NO}"])
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-5, 100_000), st.floats(), st.text(max_size=12), st.lists(st.text())
)
KNOWN = sorted({*GalileoSettings.model_fields, *RunscopeSettings.model_fields})
PLUGINS = st.builds(
    Plugin,
    name=st.sampled_from(["galileo", "runscope"]),
    config=st.dictionaries(st.one_of(st.sampled_from(KNOWN), st.text(max_size=8)), VALUES, max_size=8),
    scope=st.one_of(st.just(EVERYTHING), st.builds(Scope, NAMES, NAMES, NAMES)),
    enabled=st.booleans(),
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PLUGINS, min_size=1, max_size=4))
def test_whatever_stood_there_the_result_loads_and_names_every_setting(
    tmp_path_factory: pytest.TempPathFactory, plugins: list[Plugin]
) -> None:
    made = convert(Gateway(tuple(plugins)))
    file = tmp_path_factory.mktemp("import") / "bridge.yaml"
    file.write_text(made, encoding="utf-8")

    names = {name for plugin in plugins for name, value in plugin.config.items() if value is not None}
    assert () == check(file, VARIABLES).faults
    assert not [name for name in names if name.isprintable() and f"{name}: " not in made]


def test_selectors_keep_kongs_scopes(tmp_path: Path) -> None:
    text = """
consumers: [{username: jane}]
plugins:
- {name: galileo, service: orders, consumer: jane, config: {service_token: t, host: h}}
"""

    _, config = converted(text, tmp_path)
    expected: dict[str, Any] = {"service": "orders", "consumer": "jane"}

    assert ApplyTo.model_validate(expected) == config.exporters["galileo/orders-jane"].apply_to
