"""The real program as a child process: `otel-bridge serve` on free ports, and what it says.

with Bridge(tmp_path, exporters={...}) as bridge:
    bridge.post(payload)
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

import httpx
from ruamel.yaml import YAML

PROGRAM = (sys.executable, "-m", "otel_bridge")
PATIENCE = 60.0
"""Seconds after which a step of a test counts as hanging; only what fails waits for so long."""
PROTOBUF = {"Content-Type": "application/x-protobuf"}


class Ended(NamedTuple):
    """A command that is over."""

    code: int
    out: str
    err: str


class Bridge:
    """One `serve`; start it, kill it, start it again on the same directory."""

    def __init__(self, directory: Path, **sections: Any) -> None:
        """*sections* of the configuration; ports are free ones and the journal is in *directory*."""
        self.directory = directory
        self.config = directory / "bridge.yaml"
        self.write_config(**sections)
        self.output: list[str] = []
        self._news = threading.Condition()
        self._process: subprocess.Popen[str] | None = None
        self._listener: threading.Thread | None = None
        self._client = httpx.Client(timeout=PATIENCE)

    def write_config(self, **sections: Any) -> None:
        document: dict[str, Any] = {
            "receivers": {
                "otlp": {
                    "protocols": {
                        "grpc": {"endpoint": "127.0.0.1:0"},
                        "http": {"endpoint": "127.0.0.1:0"},
                    }
                }
            },
            "journal": {"directory": str(self.directory / "state"), "min_free": "0MiB"},
            "telemetry": {"metrics": {"endpoint": "127.0.0.1:0"}},
        }
        if "inspector" in sections:
            kept = {"directory": str(self.directory / "inspector"), "retention": {"min_free": "0MiB"}}
            sections["inspector"] = kept | sections["inspector"]
        with self.config.open("w") as file:
            YAML(typ="safe").dump(document | sections, file)

    def start(self, *arguments: str, environment: Mapping[str, str] | None = None) -> Self:
        """Returns once it is ready."""
        self.launch(*arguments, environment=environment)
        self.wait_for_line(r"^ready")
        return self

    def launch(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        """Begin to start, and don't wait for the end of that."""
        self.output.clear()
        self._process = subprocess.Popen(
            [*PROGRAM, "serve", "--config", str(self.config), *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(environment or {})},
        )
        self._listener = threading.Thread(target=self._listen, args=(self._process,), daemon=True)
        self._listener.start()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def address(self, what: str) -> str:
        """The address printed at the last start or reload for *what*, such as `OTLP/HTTP`."""
        pattern = rf"^\s*{re.escape(what)}\s+(\S+)"
        self.wait_for_line(pattern)
        matches = [re.search(pattern, line) for line in self.output]
        return next(match.group(1) for match in reversed(matches) if match)

    def post(
        self, body: bytes, headers: Mapping[str, str] = PROTOBUF, *, signal: str = "traces"
    ) -> httpx.Response:
        url = self.address("OTLP/HTTP").replace("/v1/traces", f"/v1/{signal}")
        return self._client.post(url, content=body, headers=dict(headers))

    def metric(self, name: str, **labels: str) -> float:
        """The present value of one metric, 0 where it is not there."""
        text = self._client.get(self.address("metrics")).text
        total = 0.0
        for line in text.splitlines():
            if line.startswith(("otel_bridge_" + name + " ", "otel_bridge_" + name + "{")):
                key, _, value = line.rpartition(" ")
                if all(f'{label}="{wanted}"' in key for label, wanted in labels.items()):
                    total += float(value)
        return total

    def wait_for_line(self, pattern: str, timeout: float = PATIENCE) -> re.Match[str]:
        """The first line of output, so far or to come, in which *pattern* is found."""
        deadline = time.monotonic() + timeout
        with self._news:
            while True:
                for line in self.output:
                    if match := re.search(pattern, line):
                        return match
                ended = self._listener is None or not self._listener.is_alive()
                if ended or not self._news.wait(min(1.0, deadline - time.monotonic())):
                    missing = f"no line {pattern!r} in:\n" + "".join(self.output)
                    assert not ended, missing
                    assert time.monotonic() < deadline, missing

    def signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)

    def reload(self, **sections: Any) -> None:
        """SIGHUP with a configuration of *sections*; returns once that is at work."""
        done = "the configuration was read anew"
        before = sum(done in line for line in self.output)
        self.write_config(**sections)
        self.signal(signal.SIGHUP)
        eventually(lambda: sum(done in line for line in self.output) > before, "the reload is over")

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit code; all its output is there then."""
        assert self._process is not None
        assert self._listener is not None
        code = self._process.wait(timeout)
        self._listener.join(timeout)
        return code

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self) -> None:
        """As a power cut would: nothing is flushed."""
        self.signal(signal.SIGKILL)
        self.wait()

    def __enter__(self) -> Self:
        return self.start() if self._process is None else self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if error is not None:
            print("".join(self.output))

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        with process.stdout:
            for line in process.stdout:
                with self._news:
                    self.output.append(line)
                    self._news.notify_all()
        with self._news:
            self._news.notify_all()


def run(*arguments: object, environment: Mapping[str, str] | None = None) -> Ended:
    """`otel-bridge` with *arguments*, to its end."""
    done = subprocess.run(
        [*PROGRAM, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        env={**os.environ, **(environment or {})},
        check=False,
    )
    return Ended(done.returncode, done.stdout, done.stderr)


def eventually(condition: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
    """Poll until *condition* holds; fails the test with *what* if it never does."""
    deadline = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout} s: {what}"
        time.sleep(0.02)
