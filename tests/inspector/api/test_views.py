"""What is told of an exchange in words."""

from __future__ import annotations

from typing import Any

import pytest

from otel_bridge.inspector.api.views import exchange, sentence
from otel_bridge.inspector.store.interface import Kept
from tests.inspector.exchanges import an_exchange


@pytest.mark.parametrize(
    ("took_us", "told"),
    [
        (0, "0 µs"),
        (999, "999 µs"),
        (1_000, "1 ms"),
        (1_250, "1.2 ms"),
        (812_000, "812 ms"),
        (120_500, "121 ms"),
        (999_600, "1.00 s"),
        (1_234_000, "1.23 s"),
        (30_000_000, "30.0 s"),
        (90_000_000, "1.5 min"),
        (7_200_000_000, "2.0 h"),
    ],
)
def test_durations(took_us: int, told: str) -> None:
    assert f"GET /request/path → 200 in {told}" == sentence(an_exchange(duration_us=took_us))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"upstream_us": 40_000}, "GET /request/path → 200 in 43 ms, of which upstream 40 ms"),
        ({"duration_us": None}, "GET /request/path → 200"),
        ({"status": 0, "duration_us": None}, "GET /request/path → no answer"),
        (
            {"method": "", "path": "", "duration_us": None},
            "A request to https://example.com/request/path → 200",
        ),
    ],
)
def test_sentence(changes: dict[str, Any], told: str) -> None:
    assert told == sentence(an_exchange(**changes))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, []),
        ({"source": "exit"}, ["A plugin of the gateway answered; the service was not asked."]),
        (
            {"source": "error"},
            ["The gateway itself answered, because something went wrong on the way to the service."],
        ),
        ({"status": 502, "upstream_status": 200}, ["The upstream answered 200; the client got 502."]),
        ({"upstream_us": 40_000, "gateway_us": 3_000}, ["Most of the time (93%) was spent in the upstream."]),
        ({"upstream_us": 3_000, "gateway_us": 60_000}, ["Most of the time (100%) was spent in the gateway."]),
        ({"upstream_us": 20_000, "gateway_us": 20_000}, []),
        ({"status": 0}, ["No answer was sent: the client went away first, or the sender did not say."]),
    ],
)
def test_hints(changes: dict[str, Any], told: list[str]) -> None:
    assert told == exchange(Kept(an_exchange(**changes), pinned=False)).hints
