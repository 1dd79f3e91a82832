"""The inspector's process: what it leaves behind when it can't begin."""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from otel_bridge.asgi import listen
from otel_bridge.inspector.access import AccessToken, Role
from otel_bridge.inspector.serve import serve
from otel_bridge.inspector.settings import InspectorSettings
from otel_bridge.inspector.store.limits import Retention


def test_who_can_not_be_told_that_it_is_ready_is_left_without_a_thread(tmp_path: Path) -> None:
    settings = InspectorSettings(
        directory=tmp_path,
        retention=Retention(age=3600, size=1 << 20, bodies=3600, min_free=0),
        tokens=(AccessToken(token="t", role=Role.ADMIN),),
        allowed_hosts=("127.0.0.1",),
    )
    before = set(threading.enumerate())

    def nobody_reads() -> None:
        raise BrokenPipeError

    with listen("127.0.0.1:0") as sock, pytest.raises(BrokenPipeError):
        asyncio.run(serve(sock, settings, ready=nobody_reads))

    assert set() == set(threading.enumerate()) - before
