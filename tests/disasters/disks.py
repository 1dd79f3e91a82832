"""Small real disks, and what a bridge says while it can't write to its own."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from tests.bridge import Bridge, eventually
from tests.end_to_end.traffic import EXPORT, Call, request
from tests.loops import LIMIT

MIB = 1 << 20
FULL, UNWRITABLE = "journal_full", "journal_unwritable"


@contextmanager
def small_disk(path: Path, *, size: int, inodes: int = 1000) -> Iterator[Path]:
    """A file system of *size* bytes at *path*; skips the test without the right to mount, fails it on CI."""
    path.mkdir()
    options = f"size={size},nr_inodes={inodes}"
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        missing = f"a small disk can't be mounted: {mounted.stderr}"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)
    try:
        yield path
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def on(disk: Path, **settings: Any) -> dict[str, Any]:
    """A journal section with its directory on *disk*."""
    return {"directory": str(disk / "state"), "min_free": 0, **settings}


def post(bridge: Bridge, path: str, size: int = 10) -> httpx.Response:
    """One exchange with a body of *size* bytes."""
    return bridge.post(request(Call(path, attributes={"http.request.body.content": "x" * size})))


class Readiness(NamedTuple):
    status: int
    why: str


def readiness(bridge: Bridge) -> Readiness:
    answer = httpx.get(bridge.address("metrics").replace("/metrics", "/readyz"), timeout=LIMIT)
    return Readiness(answer.status_code, answer.text)


def assert_refused(bridge: Bridge, path: str, reason: str, size: int = 10) -> None:
    """Both receivers refuse an exchange at *path* for now, and say when to come back."""
    before = bridge.metric("receiver_refused_requests_total", reason=reason)

    answer = post(bridge, path, size)
    assert (503, "5") == (answer.status_code, answer.headers.get("retry-after"))

    body = request(Call(path + "-by-grpc", attributes={"http.request.body.content": "x" * size}))
    with grpc.insecure_channel(bridge.address("OTLP/gRPC")) as channel:
        with pytest.raises(grpc.RpcError) as caught:
            channel.unary_unary(EXPORT)(body, timeout=LIMIT)
        assert grpc.StatusCode.UNAVAILABLE == caught.value.code()
        told = RetryInfo()
        (detail,) = Status.FromString(
            dict(caught.value.trailing_metadata())["grpc-status-details-bin"]
        ).details
        assert detail.Unpack(told)
        assert 5 == told.retry_delay.seconds

    assert before + 2 == bridge.metric("receiver_refused_requests_total", reason=reason)


def accepts(bridge: Bridge, path: str, size: int = 10) -> bool:
    """Whether an exchange at *path* is taken now."""
    return post(bridge, path, size).status_code == 200


def recovers(bridge: Bridge, path: str) -> None:
    """It takes exchanges again, by itself, and then is ready."""
    eventually(lambda: accepts(bridge, path), "it accepts again")

    assert 200 == readiness(bridge).status
