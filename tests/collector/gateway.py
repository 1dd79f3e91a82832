"""The real OpenTelemetry Collector as a child process, on the collector-config.yaml that users get.

with Gateway(tmp_path, {"BRIDGE_GRPC_ENDPOINT": ...}) as gateway:
    gateway.post(payload)

Only what that file takes from the environment is set: addresses, the directory, and what a test is about.
"""

from __future__ import annotations

import functools
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import grpc
import httpx

from tests.bridge import PROTOBUF, eventually
from tests.end_to_end.traffic import EXPORT
from tests.programs import program
from tests.vendor_server import free_port

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "collector-config.yaml"
PATIENCE = 60.0
# Building it takes some minutes on two cores, once.
_BUILD_PATIENCE = 1800.0


@functools.cache
def collector() -> str:
    """The path of the Collector that builder.yaml describes; built where it is not there yet."""
    program("go", package="Go")
    done = subprocess.run(
        [Path(__file__).parent / "build.sh"],
        stdout=subprocess.PIPE,
        text=True,
        timeout=_BUILD_PATIENCE,
        check=True,
    )
    return done.stdout.strip()


class Gateway:
    """One Collector in front of a bridge; start it, kill it, start it again on the same directory."""

    def __init__(self, directory: Path, settings: Mapping[str, str]) -> None:
        """*settings* are of its environment, for collector-config.yaml; its own ports are free ones."""
        directory.mkdir(parents=True, exist_ok=True)
        self.directory = directory / "collector"
        self.log = directory / "collector.log"
        self._ports = {name: free_port() for name in ("GRPC", "HTTP", "HEALTH", "METRICS")}
        self._environment = {
            **{f"COLLECTOR_{name}_PORT": str(port) for name, port in self._ports.items()},
            "COLLECTOR_DIRECTORY": str(self.directory),
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(timeout=PATIENCE)

    def start(self) -> Self:
        """Returns once its health check is content."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [collector(), "--config", str(CONFIG)],
                stdout=log,
                stderr=log,
                env={**os.environ, **self._environment},
            )
        eventually(self._is_healthy, "the Collector is healthy", PATIENCE)
        return self

    def post(self, body: bytes) -> httpx.Response:
        """As Kong does."""
        return self._client.post(
            f"http://127.0.0.1:{self._ports['HTTP']}/v1/traces", content=body, headers=dict(PROTOBUF)
        )

    def call(self, body: bytes) -> None:
        """Over gRPC, as other senders do."""
        options = [("grpc.max_send_message_length", -1)]
        with grpc.insecure_channel(f"127.0.0.1:{self._ports['GRPC']}", options=options) as channel:
            channel.unary_unary(EXPORT)(body, timeout=PATIENCE)

    def metric(self, name: str, exporter: str) -> float:
        """The present sum of one of its own metrics for *exporter*, 0 where it is not there."""
        text = self._client.get(f"http://127.0.0.1:{self._ports['METRICS']}/metrics").text
        lines = (line for line in text.splitlines() if line.startswith(f"otelcol_{name}"))
        return sum(float(line.rpartition(" ")[2]) for line in lines if f'exporter="{exporter}"' in line)

    def logged(self, text: str) -> int:
        """How many of its lines say *text*."""
        return self.log.read_text(errors="replace").count(text)

    def files(self) -> dict[str, bytes]:
        """All it has on its disk, by name."""
        return {str(path): path.read_bytes() for path in self.directory.rglob("*") if path.is_file()}

    def kill(self) -> None:
        """As a crash would: nothing is flushed."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()
        self.kill()
        if error is not None:
            print(self.log.read_text(errors="replace")[-20_000:])
        shutil.rmtree(self.directory, ignore_errors=True)

    def _end(self, number: signal.Signals) -> None:
        assert self._process is not None
        self._process.send_signal(number)
        self._process.wait(PATIENCE)

    def _is_healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log.read_text(errors="replace")[-5000:]
        try:
            return self._client.get(f"http://127.0.0.1:{self._ports['HEALTH']}/").is_success
        except httpx.TransportError:
            return False
