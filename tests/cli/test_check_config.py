from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from otel_bridge.cli import main

NOT_CHECKED = "anybody between can read the token"
RUNSCOPE = "https://api.runscope.com/buckets/.../messages"


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, ["check-config", *map(str, arguments)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "bridge.yaml"


def test_every_fault_with_its_line_and_exit_1(file: Path) -> None:
    file.write_text("journal: {max_sise: 1GiB}\nexporters:\n  galileo:\n    service_token: t\n")

    result = run(file)

    assert [
        f"{file}:1: journal.max_sise: is unknown; did you mean `max_size`?",
        f"{file}:3: exporters.galileo.host: is required",
        f"{file}: 2 faults, no warnings",
    ] == result.stdout.splitlines()
    assert 1 == result.exit_code


def test_warnings_stand_beside_faults(file: Path) -> None:
    file.write_text(
        "jurnal: {}\nexporters: {runscope: {access_token: t, bucket_key: b, https_verify: false}}\n"
    )

    result = run(file)

    assert [
        f"{file}:1: jurnal: is unknown; did you mean `journal`?",
        f"warning: {file}:2: exporters.runscope.https_verify: certificates are not checked: {NOT_CHECKED}",
        f"{file}: 1 fault, 1 warning",
    ] == result.stdout.splitlines()


def test_a_good_file_says_what_goes_where(file: Path) -> None:
    file.write_text(
        "journal: {directory: /var/lib/bridge}\n"
        "exporters:\n"
        "  galileo: {service_token: s3cret, host: '::1', log_bodies: true}\n"
        "  runscope/eu:\n"
        "    apply_to: {host: [b.example.com, a.example.com]}\n"
        "    access_token: s3cret\n"
        "    bucket_key: s3cret\n"
        "inspector: {alerts: {channels: {slack: {url: 'https://s3cret/'}, slack/ops: {url: 'https://s3cret/'}}}}\n"
    )

    result = run(file)

    assert [
        "OTLP over gRPC on 127.0.0.1:4317, over HTTP on 127.0.0.1:4318",
        "galileo: everything to https://[::1]:443/1.1.0/single, with bodies",
        f"runscope/eu: host a.example.com or b.example.com to {RUNSCOPE}, without bodies",
        "inspector: everything to http://127.0.0.1:4380",
        "alerts: to slack, slack/ops",
        "journal: up to 2GiB in /var/lib/bridge",
        "metrics on http://127.0.0.1:9464/metrics",
        f"{file}: no faults, no warnings",
    ] == result.stdout.splitlines()
    assert 0 == result.exit_code


def test_a_file_that_is_not_there_is_a_fault(file: Path) -> None:
    result = run(file)

    assert f"{file}: can't be read: No such file or directory" == result.stdout.splitlines()[0]
    assert 1 == result.exit_code


def test_no_file_is_wrong_usage() -> None:
    assert 2 == run().exit_code
