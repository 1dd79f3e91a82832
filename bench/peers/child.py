"""A program that is measured: on a core of its own, with all its children counted."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from tests.processes import peak_memory, processor_seconds

_PATIENCE = 60.0


class Running(NamedTuple):
    pid: int
    url: str
    """Where it takes OTLP/HTTP traces."""

    @property
    def cpu(self) -> float:
        """Seconds of processor time so far, of the whole process tree."""
        return sum(map(processor_seconds, _family(self.pid)))

    @property
    def peak(self) -> int:
        """Bytes of memory: the most that each process of the tree ever had, summed up."""
        return sum(map(peak_memory, _family(self.pid)))


def split_cores() -> tuple[set[int], set[int]]:
    """The core of the program that is measured, and those of all else; the same where there is but one."""
    cores = os.sched_getaffinity(0)
    measured = {max(cores)}
    return measured, cores - measured or measured


@contextmanager
def on(cores: set[int]) -> Iterator[None]:
    """Processes that this thread starts within have these cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def child(
    command: Sequence[str | Path], port: int, log: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Running]:
    """*command* as a process that listens on *port*; its output goes to *log*. May raise OSError."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, stdout=output, stderr=output, env={**os.environ, **(environment or {})}, cwd=log.parent
        )
        try:
            _await_port(port, process, log)
            yield Running(process.pid, f"http://127.0.0.1:{port}/v1/traces")
        finally:
            process.kill()
            process.wait()


def _await_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            if process.poll() is not None or time.monotonic() > deadline:
                raise OSError(f"it did not start:\n{log.read_text(errors='replace')[-2000:]}") from None
            time.sleep(0.02)
        else:
            return


def _family(pid: int) -> list[int]:
    """A process and all that descend from it."""
    children = [
        int(child)
        for task in Path(f"/proc/{pid}/task").iterdir()
        for child in (task / "children").read_text().split()
    ]
    return [pid, *(each for child in children for each in _family(child))]
