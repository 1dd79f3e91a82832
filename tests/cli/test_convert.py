from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.otlp.test_files import REQUEST, as_json
from tests.recordings import folder, scenarios

SPLIT = folder("kong-3.9-split-traces")
CAPTURED = folder("kong-3.9-capture")
DEFAULT = folder("kong-3.9-default")


def run(*arguments: object, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-m", "otel_bridge", "convert", *map(str, arguments)]
    return subprocess.run(command, input=stdin, capture_output=True, check=False)


def converted(*arguments: object, stdin: bytes = b"") -> list[Any]:
    """The lines of a run that went well."""
    done = run(*arguments, stdin=stdin)

    assert (b"", 0) == (done.stderr, done.returncode)
    return [json.loads(line) for line in done.stdout.splitlines()]


def entries(lines: list[Any]) -> list[Any]:
    return [entry for line in lines for entry in line["har"]["log"]["entries"]]


def recorded(*names: str) -> list[Path]:
    return [CAPTURED / name for name in names]


def test_alf_is_a_line_for_each_api_in_order_of_first_exchange() -> None:
    # 27 is another service than 1 and 5.
    lines = converted(*recorded("001.pb", "027.pb", "005.pb"), "--to", "alf")

    assert [2, 1] == [len(line["har"]["log"]["entries"]) for line in lines]
    assert ["GET", "POST", "GET"] == [entry["request"]["method"] for entry in entries(lines)]
    assert {"convert"} == {line["serviceToken"] for line in lines}
    assert not any("environment" in line for line in lines)


def test_runscope_is_one_array() -> None:
    (messages,) = converted(*recorded("001.pb", "005.pb"), "--to", "runscope")

    assert ["GET", "POST"] == [message["request"]["method"] for message in messages]


def test_har_is_one_document() -> None:
    (har,) = converted(*recorded("001.pb", "005.pb"), "--to", "har")

    assert "1.2" == har["log"]["version"]
    assert ["GET", "POST"] == [entry["request"]["method"] for entry in har["log"]["entries"]]


@pytest.mark.parametrize("target", ["alf", "runscope", "har"])
def test_the_output_is_the_same_every_time(target: str) -> None:
    arguments = (*sorted(CAPTURED.glob("0[0-4]*.pb")), "--to", target)

    assert run(*arguments).stdout == run(*arguments).stdout


def test_bodies_are_there_unless_they_are_not_wanted() -> None:
    (with_body,) = entries(converted(*recorded("005.pb"), "--to", "alf"))
    (without,) = entries(converted(*recorded("005.pb"), "--to", "alf", "--no-bodies"))

    assert "postData" in with_body["request"]
    assert "postData" not in without["request"]
    assert with_body["request"]["bodySize"] == without["request"]["bodySize"] == 40


def test_stdin_is_a_dash() -> None:
    (entry,) = entries(converted("-", "--to", "alf", stdin=(CAPTURED / "001.pb").read_bytes()))

    assert "GET" == entry["request"]["method"]


def test_json_gives_what_protobuf_gives() -> None:
    from_json = converted("-", "--to", "har", stdin=as_json() + b"\n" + as_json())

    assert converted("-", "--to", "har", stdin=REQUEST) == from_json


def test_helper_spans_find_their_exchange_in_other_files() -> None:
    files = sorted(SPLIT.glob("*.pb"))
    forwards = converted(*files, "--to", "har")[0]["log"]["entries"]
    backwards = converted(*reversed(files), "--to", "har")[0]["log"]["entries"]

    def by_id(items: list[Any]) -> dict[str, Any]:
        return {item["_otel"]["spanId"]: item for item in items}

    assert len(forwards) == len(by_id(forwards))
    assert by_id(forwards) == by_id(backwards)
    # Kong's own 404 never reached the balancer.
    proxied = [item for item in forwards if item["response"]["status"] != 404]
    assert all("kong.balancer" in {span["name"] for span in item["_otel"]["spans"]} for item in proxied)


def test_what_comes_twice_is_converted_once() -> None:
    assert 1 == len(entries(converted(*recorded("001.pb", "001.pb"), "--to", "alf")))


def test_secrets_are_redacted_unless_the_configuration_says_otherwise(tmp_path: Path) -> None:
    config = tmp_path / "bridge.yaml"
    config.write_text("redaction: {defaults: false}\n")
    # The scenario sent `apikey: alice-key`.
    (redacted,) = converted(*recorded("029.pb"), "--to", "runscope")[0]
    (plain,) = converted(*recorded("029.pb"), "--to", "runscope", "--config", config)[0]

    assert "REDACTED" == redacted["request"]["headers"]["apikey"]
    assert "alice-key" == plain["request"]["headers"]["apikey"]


def test_what_the_configuration_calls_secret_is_redacted(tmp_path: Path) -> None:
    config = tmp_path / "bridge.yaml"
    config.write_text("redaction: {fields: [sku]}\n")
    (plain,) = converted(*recorded("005.pb"), "--to", "runscope")[0]
    (redacted,) = converted(*recorded("005.pb"), "--to", "runscope", "--config", config)[0]

    assert "A-1" in plain["request"]["body"]
    assert "A-1" not in redacted["request"]["body"]
    assert "REDACTED" in redacted["request"]["body"]


def test_token_and_environment_come_from_the_configuration(tmp_path: Path) -> None:
    config = tmp_path / "bridge.yaml"
    config.write_text("exporters: {galileo: {service_token: t0ken, environment: live}}\n")
    (line,) = converted(*recorded("001.pb"), "--to", "alf", "--config", config)

    assert ("t0ken", "live") == (line["serviceToken"], line["environment"])


def test_a_bad_file_is_reported_and_the_others_are_converted(tmp_path: Path) -> None:
    bad = tmp_path / "notes.txt"
    bad.write_text("hello")
    missing = tmp_path / "missing.pb"
    done = run(bad, missing, *recorded("001.pb"), "--to", "alf")

    assert 1 == done.returncode
    assert 1 == len(entries([json.loads(done.stdout)]))
    assert [
        f"otel-bridge convert: {bad}: neither OTLP protobuf nor OTLP JSON",
        f"otel-bridge convert: {missing}: can't be read: No such file or directory",
    ] == done.stderr.decode().splitlines()


def test_a_bad_configuration_is_told_without_a_traceback(tmp_path: Path) -> None:
    done = run(*recorded("001.pb"), "--to", "alf", "--config", tmp_path / "missing.yaml")

    assert (1, b"") == (done.returncode, done.stdout)
    assert b"missing.yaml" in done.stderr
    assert b"Traceback" not in done.stderr


def test_files_without_an_exchange_say_so(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pb"
    empty.write_bytes(b"")
    done = run(empty, "--to", "har")

    assert (0, []) == (done.returncode, json.loads(done.stdout)["log"]["entries"])
    assert b"otel-bridge convert: no HTTP exchange among 0 spans\n" == done.stderr


def test_every_recorded_exchange_comes_out_once() -> None:
    expected = sum(
        bool(s["payloads"]) for s in scenarios("kong-3.9-default") if s.get("spans_expected", True)
    )
    (messages,) = converted(*sorted(DEFAULT.glob("*.pb")), "--to", "runscope")

    assert expected == len(messages)
    assert expected == len({message["unique_identifier"] for message in messages})
