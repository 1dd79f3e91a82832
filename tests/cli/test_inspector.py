"""`otel-bridge inspector`: posted to, read, ended, started again."""

from __future__ import annotations

import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import httpx
import pytest

from otel_bridge.config import check
from tests.bridge import PATIENCE, PROGRAM, Bridge, run
from tests.inspector.wire.agents import KONG_GALILEO, KONG_RUNSCOPE
from tests.vendor_server import VendorServer


class Inspector(NamedTuple):
    url: str
    token: str
    process: subprocess.Popen[str]

    def messages(self, token: str | None = None) -> httpx.Response:
        given = self.token if token is None else token
        return httpx.get(
            f"{self.url}buckets/b/messages", headers={"Authorization": f"Bearer {given}"}, timeout=PATIENCE
        )

    def end(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)


@contextmanager
def inspector(directory: Path, more: str = "") -> Iterator[Inspector]:
    config = directory / "inspector.yaml"
    config.write_text(
        f"inspector:\n  endpoint: 127.0.0.1:0\n  directory: {directory / 'store'}\n"
        f"  retention: {{min_free: 0, age: 36500d, bodies: 36500d}}\n{more}"
    )
    with subprocess.Popen(
        [*PROGRAM, "inspector", "--config", config], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            greeting = "".join(iter(process.stdout.readline, "ready\n"))
            found = re.search(r"inspector +(http://\S+/)(?:\?token=(\S+))?\n", greeting)
            assert found, greeting
            yield Inspector(found[1], found[2] or "", process)
        finally:
            process.kill()


def test_what_was_answered_is_there_after_a_kill(tmp_path: Path) -> None:
    with inspector(tmp_path) as first:
        kept = httpx.post(f"{first.url}buckets/b/messages", json=[KONG_RUNSCOPE] * 50, timeout=PATIENCE)
        also = httpx.post(f"{first.url}1.1.0/single", json=KONG_GALILEO, timeout=PATIENCE)
        first.process.kill()
        first.process.wait(PATIENCE)

        assert [200, 200] == [kept.status_code, also.status_code]
    with inspector(tmp_path) as second:
        found = second.messages().json()["data"]

        assert {each["uuid"] for each in kept.json()["data"]} == {each["uuid"] for each in found}
        assert 50 == len(found)
        assert first.token != second.token
        assert 403 == second.messages(first.token).status_code
        assert "ok\n" == httpx.get(f"{second.url}healthz", timeout=PATIENCE).text
        assert 0 == second.end()


def test_configured_tokens_and_queries_count(tmp_path: Path) -> None:
    more = (
        "  tokens: [{token: mine, role: viewer}]\n"
        "  exclude: ['status:502 path:/orders']\n"
        "  ingest_tokens: [{token: sender, bucket: b}]\n"
    )
    with inspector(tmp_path, more) as running:
        as_sender = {"Authorization": "Bearer sender"}
        kept = {**KONG_RUNSCOPE, "response": {"status": 200}}
        for message, headers in ((KONG_RUNSCOPE, as_sender), (kept, as_sender), (kept, {})):
            httpx.post(f"{running.url}buckets/b/messages", json=message, headers=headers, timeout=PATIENCE)

        assert "" == running.token
        assert [200] == [each["response"]["status"] for each in running.messages("mine").json()["data"]]


@pytest.mark.parametrize("fault", ["port", "directory"])
def test_what_keeps_it_from_starting_is_one_sentence(tmp_path: Path, fault: str) -> None:
    config, directory = tmp_path / "inspector.yaml", tmp_path / "store"
    with VendorServer() as other:
        endpoint = f"127.0.0.1:{other.port if fault == 'port' else 0}"
        if fault == "directory":
            directory.write_text("a file")
        config.write_text(f"inspector: {{endpoint: '{endpoint}', directory: {directory}}}\n")
        ended = run("inspector", "--config", str(config))

    assert 3 == ended.code
    assert re.fullmatch(r"otel-bridge inspector: Cannot .*\.\n", ended.err), ended.err


def test_a_second_inspector_on_the_same_directory_is_refused_and_the_first_goes_on(tmp_path: Path) -> None:
    with inspector(tmp_path) as first:
        alone = run("inspector", "--config", tmp_path / "inspector.yaml")
        section = {"endpoint": "127.0.0.1:0", "directory": str(tmp_path / "store")}
        beside = run("serve", "--config", Bridge(tmp_path, inspector=section).config)
        kept = httpx.post(f"{first.url}buckets/b/messages", json=[KONG_RUNSCOPE], timeout=PATIENCE)

        for ended in (alone, beside):
            assert 3 == ended.code
            assert f"another otel-bridge is using {tmp_path}/store" in ended.err
            assert "another inspector.directory" in ended.err
            assert 1 == len(ended.err.splitlines())
        assert 200 == kept.status_code
        assert 1 == len(first.messages().json()["data"])


def test_a_query_that_is_none_is_a_fault_with_its_column(tmp_path: Path) -> None:
    config = tmp_path / "inspector.yaml"
    config.write_text("inspector:\n  exclude:\n    - path:/health*\n    - 'path:/a status:'\n")
    [fault] = check(config, {}).faults

    assert ("inspector.exclude[1]", 4) == (fault.path, fault.line)
    assert re.match(r"is not a query, at column \d+: ", fault.message)


def test_what_an_old_plugin_tells_in_clear_is_in_no_file_and_no_answer(tmp_path: Path) -> None:
    secret = "kR8vQ2mZ7pL4xW9t"
    told = {
        "request": {
            "method": "POST",
            "url": f"http://shop.example.com/pay?token={secret}",
            "headers": {"authorization": f"Bearer {secret}", "x-harmless": "stays"},
            "body": f'{{"user": "ada", "password": "{secret}"}}',
        },
        "response": {"status": 200, "headers": {"set-cookie": f"session={secret}"}, "body": ""},
    }
    with inspector(tmp_path, "redaction: {headers: [x-own]}\n") as running:
        told["request"]["headers"]["x-own"] = secret  # type: ignore[index]
        httpx.post(f"{running.url}buckets/b/messages", json=told, timeout=PATIENCE).raise_for_status()
        uuid = running.messages().json()["data"][0]["uuid"]
        whole = httpx.get(
            f"{running.url}buckets/b/messages/{uuid}",
            headers={"Authorization": f"Bearer {running.token}"},
            timeout=PATIENCE,
        ).text
        running.end()

    files = b"".join(path.read_bytes() for path in (tmp_path / "store").rglob("*") if path.is_file())
    assert "stays" in whole
    assert "ada" in whole
    assert secret not in whole
    assert secret.encode() not in files
