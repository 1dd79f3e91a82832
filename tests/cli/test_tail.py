"""`otel-bridge tail` as its users run it: a process, its streams, its signals."""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import httpx
import orjson
import pytest

from tests.inspector.wire.agents import KONG_GALILEO, KONG_RUNSCOPE

COMMAND = [sys.executable, "-c", "from otel_bridge.cli import main; main(prog_name='otel-bridge')", "tail"]
PATIENCE = 60
GALILEO_LINE = (
    "12:34:56.000  GET     200  shop.example.com/orders?open                   43.0 ms"
    "       0 B in      30 B out  192.0.2.7  environment production"
)
RUNSCOPE_LINE = (
    "12:34:56.123  POST    502  shop.example.com:8000/orders?open             321.0 ms"
    "       3 B in     166 B out  bucket b"
)


class Tail:
    """A running tail on a port of its own."""

    def __init__(self, stdout: int, config: Path, environment: Mapping[str, str]) -> None:
        self.process = subprocess.Popen(
            [*COMMAND, "--config", str(config)],
            stdout=stdout,
            stderr=subprocess.PIPE,
            # A buffer would keep what comes with the first line, and `communicate` reads past it.
            bufsize=0,
            env={**os.environ, "TZ": "UTC", "TERM": "xterm", **environment},
        )
        assert self.process.stderr
        self.greeting = self.process.stderr.readline().decode()
        found = re.search(r"http://\S+:\d+", self.greeting)
        assert found, self.greeting
        self.url = found.group()

    def post(self, path: str, document: object, timeout: float = PATIENCE) -> httpx.Response:
        return httpx.post(self.url + path, content=orjson.dumps(document), timeout=timeout)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, str, str]:
        """Exit code, stdout and what is left of stderr."""
        self.process.send_signal(number)
        out, err = self.process.communicate(timeout=PATIENCE)
        return self.process.returncode, (out or b"").decode(), err.decode()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Tail]]:
    started: list[Tail] = []

    def run(stdout: int = subprocess.PIPE, inspector: str = "", **environment: str) -> Tail:
        config = tmp_path / f"{len(started)}.yml"
        config.write_text(f"inspector:\n  endpoint: 127.0.0.1:0\n{inspector}")
        started.append(Tail(stdout, config, environment))
        return started[-1]

    yield run
    for tail in started:
        tail.process.kill()
        tail.process.communicate()


def test_prints_a_line_for_each_exchange_and_nothing_else(start: Callable[..., Tail]) -> None:
    tail = start()
    answers = [tail.post("/1.1.0/single", KONG_GALILEO), tail.post("/buckets/b/messages", KONG_RUNSCOPE)]
    code, out, err = tail.end()

    assert [200, 200] == [answer.status_code for answer in answers]
    assert [GALILEO_LINE, RUNSCOPE_LINE] == out.splitlines()
    assert 0 == code
    assert f"config.api_endpoint={tail.url}" in err
    assert "config.https=false" in err


def test_ends_quietly_by_interrupt(start: Callable[..., Tail]) -> None:
    code, out, err = start().end(signal.SIGINT)

    assert (0, "") == (code, out)
    assert "Traceback" not in err


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_colours_a_terminal_unless_told_not_to(
    start: Callable[..., Tail], no_color: str, coloured: bool
) -> None:
    ours, its = pty.openpty()
    try:
        tail = start(stdout=its, NO_COLOR=no_color)
        tail.post("/1.1.0/single", KONG_GALILEO)
        shown = os.read(ours, 4096).decode()
        code, _, _ = tail.end()
    finally:
        os.close(ours)
        os.close(its)

    assert 0 == code
    assert coloured == ("\x1b[32m200\x1b[0m" in shown)
    assert "shop.example.com/orders?open" in shown


def test_ends_when_nobody_reads_any_more(start: Callable[..., Tail]) -> None:
    ours, its = os.pipe()
    tail = start(stdout=its)
    os.close(its)
    os.close(ours)
    answer = tail.post("/1.1.0/single", KONG_GALILEO)
    out, err = tail.process.communicate(timeout=PATIENCE)

    assert (503, 0) == (answer.status_code, tail.process.returncode)
    assert b"Traceback" not in err
    assert not out


def test_a_held_terminal_does_not_hold_a_signal(start: Callable[..., Tail]) -> None:
    ours, its = os.pipe()
    try:
        tail = start(stdout=its)
        _fill(its)
        with pytest.raises(httpx.TimeoutException):
            tail.post("/1.1.0/single", KONG_GALILEO, timeout=1)
        code, _, err = tail.end()
    finally:
        os.close(ours)
        os.close(its)

    assert 0 == code
    assert "Traceback" not in err


def test_demands_the_configured_tokens(start: Callable[..., Tail]) -> None:
    tail = start(inspector="  ingest_tokens: [{token: secret-token, environment: mine}]\n")
    known = tail.post("/1.1.0/single", KONG_GALILEO)
    unknown = tail.post("/1.1.0/single", {**KONG_GALILEO, "serviceToken": "other"})
    code, out, err = tail.end()

    assert (200, 401) == (known.status_code, unknown.status_code)
    assert out.endswith("environment mine\n")
    assert "secret-token" not in out + err
    assert 0 == code


def test_a_taken_port_is_one_sentence_and_exit_code_3(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        endpoint = f"127.0.0.1:{taken.getsockname()[1]}"
        code, err = _fails(tmp_path, f"inspector: {{endpoint: '{endpoint}'}}")

    assert 3 == code
    assert f"otel-bridge tail: Cannot listen on {endpoint}: another process has this port.\n" == err


def test_a_faulty_configuration_is_exit_code_1(tmp_path: Path) -> None:
    code, err = _fails(tmp_path, "inspector: {endpont: 1}")

    assert 1 == code
    assert "inspector.endpont" in err
    assert "Traceback" not in err


def _fill(pipe: int) -> None:
    """Write until it would hold us."""
    os.set_blocking(pipe, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(pipe, bytes(4096))
    os.set_blocking(pipe, True)


def _fails(tmp_path: Path, config: str) -> tuple[int, str]:
    file = tmp_path / "config.yml"
    file.write_text(config)
    done = subprocess.run(
        [*COMMAND, "--config", str(file)], capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    return done.returncode, done.stderr
