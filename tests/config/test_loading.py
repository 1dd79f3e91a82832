"""One file for each fault and each warning; its first lines say what has to be found, and where."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from otel_bridge.config import (
    ConfigError,
    Endpoint,
    GalileoSettings,
    RunscopeSettings,
    check,
    load,
)

FAULTS = sorted((Path(__file__).parent / "faults").glob("*.yaml"))
WARNINGS = sorted((Path(__file__).parent / "warnings").glob("*.yaml"))

EVERYTHING = """
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "[::1]:4317", tls: {cert_file: /dev/null, key_file: /dev/null}}
      http: {endpoint: ":4318", cors: {allowed_origins: ["https://a.example.com"]}}
    max_request_body_size: 16MiB
    max_in_flight: 64MiB
    auth: {bearer_tokens: ["${env:BRIDGE_TOKEN}"]}
journal: {directory: /var/lib/bridge, max_size: 4GiB, min_free: 0}
dead_letters: {max_size: 512MB, max_age: 12h}
exporters:
  galileo:
    service_token: "a-${env:PART}-b"
    host: galileo.example.com
    port: "${env:PORT}"
    https: "${env:HTTPS:-false}"
    https_verify: false
    environment: production
    log_bodies: true
    retry_count: 3
    connection_timeout: 500ms
    flush_timeout: 1.5
    queue_size: 0
    extensions: true
    max_backlog: 256MiB
    start_at: beginning
  galileo/orders:
    apply_to: {service: orders, route: [one, two]}
    service_token: t
    host: "::1"
  runscope:
    access_token: "$${x}"
    bucket_key: b
    log_body: true
    api_endpoint: https://api.example.com/v2/
    timeout: 2500
    keepalive: 1s
redaction: {defaults: false, headers: [X-Own], query: [q], fields: [pin], patterns: ["a{2}$"]}
inspector:
  endpoint: 127.0.0.1:4381
  allowed_hosts: [inspector.example.com]
  public_url: https://inspector.example.com
  directory: ~/inspector
  log_bodies: errors
  exclude: ["path:/health*"]
  retention: {age: 1, size: 1GiB, bodies: 1h, min_free: 1MiB}
  tokens: [{token: t, role: admin}]
  ingest_tokens: [{token: t, bucket: b}]
  alerts:
    allow_link_local: true
    channels:
      slack: {url: "https://hooks.slack.com/services/T0/B0/${env:PART}"}
      slack/ops: {url: "https://hooks.slack.com/services/T0/B0/ops"}
      pagerduty: {routing_key: k}
      email: {host: mail.example.com, username: u, password: "p w", from: "Al <a@b.example>", to: b@b.example}
      webhook: {url: "https://h/x?y=1", secret: whsec_c2VjcmV0, headers: {Authorization: Bearer t}}
      alertmanager: {url: "http://localhost:9093/am/"}
      apprise: {url: "ntfys://ntfy.example.com/topic"}
telemetry: {metrics: {endpoint: "localhost:9464"}, logs: {level: debug, format: json}}
"""
ENVIRONMENT = {"BRIDGE_TOKEN": "bridge-secret", "PART": "0123", "PORT": "8443"}


def announced(file: Path) -> list[str]:
    return re.findall(r"^# (\d+: .*)$", file.read_text(), re.MULTILINE)


@pytest.mark.parametrize("file", FAULTS, ids=lambda file: file.stem)
def test_each_fault_is_named_with_its_path_and_line(file: Path) -> None:
    found = [f"{fault.line}: {fault}" for fault in check(file, {}).faults]

    assert announced(file) == found
    assert found


@pytest.mark.parametrize("file", FAULTS, ids=lambda file: file.stem)
def test_a_faulty_file_is_never_loaded(file: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load(file, {})

    assert check(file, {}).faults == caught.value.faults


@pytest.mark.parametrize("file", WARNINGS, ids=lambda file: file.stem)
def test_each_warning_is_named_with_its_path_and_line(file: Path) -> None:
    found = [f"{warning.line}: {warning}" for warning in check(file, {}).warnings]

    assert announced(file) == found
    assert found


def test_everything_of_the_file_arrives(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(EVERYTHING)

    config = load(file, ENVIRONMENT)

    otlp = config.receivers.otlp
    assert Endpoint("::1", 4317) == otlp.protocols.grpc.endpoint
    assert Endpoint("0.0.0.0", 4318) == otlp.protocols.http.endpoint
    assert ("https://a.example.com",) == otlp.protocols.http.cors.allowed_origins
    assert (16 * 1024**2, 64 * 1024**2) == (otlp.max_request_body_size, otlp.max_in_flight)
    assert ["bridge-secret"] == [token.get_secret_value() for token in otlp.auth.bearer_tokens]
    assert (Path("/var/lib/bridge"), 4 * 1024**3, 0) == (
        config.journal.directory,
        config.journal.max_size,
        config.journal.min_free,
    )
    assert (512 * 1000**2, 12 * 3600.0) == (config.dead_letters.max_size, config.dead_letters.max_age)
    assert ["galileo", "galileo/orders", "runscope"] == list(config.exporters)
    assert config.inspector.enabled
    assert 86400.0 == config.inspector.retention.age
    assert config.inspector.alerts.allow_link_local
    assert [
        "slack",
        "slack/ops",
        "pagerduty",
        "email",
        "webhook",
        "alertmanager",
        "apprise",
    ] == list(config.inspector.alerts.channels)


def test_exporters_keep_the_plugins_names_and_units(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(EVERYTHING)

    exporters = load(file, ENVIRONMENT).exporters
    galileo, orders, runscope = exporters.values()

    assert isinstance(galileo, GalileoSettings)
    assert "a-0123-b" == galileo.service_token.get_secret_value()
    assert (8443, False, 0.5, 1.5, 1) == (
        galileo.port,
        galileo.https,
        galileo.connection_timeout,
        galileo.flush_timeout,
        galileo.queue_size,
    )
    assert isinstance(orders, GalileoSettings)
    assert "::1" == orders.host
    assert {"service": {"orders"}, "route": {"one", "two"}} == orders.apply_to.parts
    assert isinstance(runscope, RunscopeSettings)
    assert "${x}" == runscope.access_token.get_secret_value()
    assert "https://api.example.com/v2" == runscope.api_endpoint
    assert (2.5, 1.0, 100) == (runscope.timeout, runscope.keepalive, runscope.queue_size)


def test_a_file_may_hold_a_secret(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file\n")
    file = tmp_path / "bridge.yaml"
    file.write_text(f"receivers: {{otlp: {{auth: {{bearer_tokens: ['${{file:{tmp_path}/token}}']}}}}}}\n")

    tokens = load(file, {}).receivers.otlp.auth.bearer_tokens

    assert ["from-a-file"] == [token.get_secret_value() for token in tokens]


def test_without_a_file_everything_goes_to_the_inspector() -> None:
    config = load(None)

    assert {} == config.exporters
    assert config.inspector.enabled
    assert Endpoint("127.0.0.1", 4317) == config.receivers.otlp.protocols.grpc.endpoint


@pytest.mark.parametrize(
    ("text", "enabled"),
    [
        ("journal: {}\n", True),
        ("exporters: {}\n", True),
        ("exporters:\n", True),
        ("inspector: {enabled: false}\n", False),
        ("exporters: {runscope: {access_token: t, bucket_key: b}}\n", False),
        ("exporters: {runscope: {access_token: t, bucket_key: b}}\ninspector:\n", True),
        ("exporters: {runscope: {access_token: t, bucket_key: b}}\ninspector: {log_bodies: none}\n", True),
    ],
)
def test_the_inspector_is_on_alone_or_when_its_section_is_there(
    tmp_path: Path, text: str, enabled: bool
) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(text)

    assert enabled == load(file, {}).inspector.enabled


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        (b"", None, "is empty"),
        (b"# only a comment\n", None, "is empty"),
        (b"journal: {}\nexporters: \xff\n", 2, "is not UTF-8 text"),
        (b"journal: \x00\n", None, "is not YAML: a character that is not allowed"),
        (b"[" * 700, None, "is nested too deeply"),
    ],
    ids=["empty", "comment", "latin-1", "NUL", "deep"],
)
def test_bytes_that_are_no_configuration(
    tmp_path: Path, content: bytes, line: int | None, message: str
) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_bytes(content)

    assert [(line, message)] == [(fault.line, fault.message) for fault in check(file, {}).faults]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: can't be read: No such file or directory"):
        load(tmp_path / "nowhere.yaml")


def test_a_byte_order_mark_and_merges_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(
        "\ufeffexporters:\n"
        "  galileo/a: &a {service_token: t, host: a.example.com, apply_to: {service: a}}\n"
        "  galileo/b: {<<: *a, apply_to: {service: b}}\n"
    )

    exporters = load(file, {}).exporters

    assert {"service": {"b"}} == exporters["galileo/b"].apply_to.parts


SECRET = "hunter2-s3cret"


def _leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in [(*path, key), *_leaves(item, (*path, key))]]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in _leaves(item, (*path, index))]
    return [path]


TREE = YAML(typ="safe").load(EVERYTHING)


@settings(max_examples=80, deadline=None)
@given(
    leaf=st.sampled_from(_leaves(TREE)),
    value=st.sampled_from(
        [SECRET, f"{SECRET} {SECRET}", [SECRET], {"service_token": SECRET}, f"({SECRET}", "${env:S}"]
    ),
)
def test_no_message_repeats_a_value(
    tmp_path_factory: pytest.TempPathFactory, leaf: tuple[Any, ...], value: object
) -> None:
    tree = copy.deepcopy(TREE)
    inner = tree
    for part in leaf[:-1]:
        inner = inner[part]
    inner[leaf[-1]] = value
    file = tmp_path_factory.mktemp("secret") / "bridge.yaml"
    file.write_text(json.dumps(tree))  # JSON is YAML

    report = check(file, ENVIRONMENT | {"S": SECRET})

    assert not [found for found in (*report.faults, *report.warnings) if SECRET in str(found)]


def test_tokens_stay_out_of_repr(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(EVERYTHING)

    text = repr(load(file, ENVIRONMENT))

    assert "bridge-secret" not in text
    assert "a-0123-b" not in text


def test_senders_with_certificates_need_no_token(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text(
        "receivers: {otlp: {protocols: {http: {endpoint: ':4318',"
        " tls: {cert_file: /dev/null, key_file: /dev/null, client_ca_file: /dev/null}}}}}\n"
    )

    assert ((), ()) == check(file, {})


def test_an_anchor_may_be_given_twice(tmp_path: Path) -> None:
    file = tmp_path / "bridge.yaml"
    file.write_text("telemetry: &a {logs: {level: &a debug}}\n")

    # A warning of the library would be an error here.
    assert "debug" == load(file).telemetry.logs.level
