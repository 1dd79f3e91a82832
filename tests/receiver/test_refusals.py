"""Refusals: what is sent, and that the docs tell of each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from google.rpc import code_pb2
from google.rpc.error_details_pb2 import RetryInfo

from otel_bridge.receiver.refusals import Busy, Refusal, TooLarge
from otel_bridge.telemetry.instruments import REFUSED_REQUESTS

DOCS = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
ROWS = dict(re.findall(r"^\| `(\w+)` \| (\d+|-) \| .*? \| .*? \|$", DOCS, re.MULTILINE))
BUSY_REASONS = {"busy", "slow", "journal_full", "journal_unwritable", "stopping"}
REASONS = {kind.reason: str(kind.http_status) for kind in Refusal.__subclasses__() if kind is not Busy}
REASONS |= dict.fromkeys(BUSY_REASONS, "503") | {"disconnected": "-"}


def test_the_docs_tell_of_every_reason() -> None:
    assert REASONS == ROWS


def test_the_metric_tells_of_every_reason() -> None:
    listed = REFUSED_REQUESTS.help.partition("by reason: ")[2].rstrip(".").split(", ")

    assert sorted(REASONS) == sorted(listed)


@pytest.mark.parametrize(("seconds", "told"), [(0, 1), (0.2, 1), (1.5, 2), (30, 30)])
def test_busy_tells_whole_seconds_to_wait(seconds: float, told: int) -> None:
    busy = Busy("Later.", reason="busy", retry_after=seconds)
    info = RetryInfo()
    busy.status().details[0].Unpack(info)

    assert told == info.retry_delay.seconds
    assert ((b"retry-after", b"%d" % told),) == busy.headers
    assert (code_pb2.UNAVAILABLE, "Later.") == (busy.status().code, busy.status().message)


def test_too_large_is_final() -> None:
    status = TooLarge(1024).status()

    assert not status.details
    assert "1024 bytes" in status.message
