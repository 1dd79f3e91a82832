"""Raw OTLP requests of real Kongs with the truth about each exchange beside them; README.md tells how."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent

WITH_TRUTH = (
    "kong-3.0-default",
    "kong-3.4-capture",
    "kong-3.4-otel-capture",
    "kong-3.9-capture",
    "kong-3.9-default",
    "kong-3.9-forwarded-client",
    "kong-3.9-invalid-utf8",
    "kong-3.9-otel-capture",
)
"""The folders that say of each request what the client sent and got."""

UNSEEN = frozenset({"date", "connection", "keep-alive"})
"""Headers of that truth which no capture has: Kong's Lua can't see `date` of Kong's own answers, and the
others are nginx's business."""


def folder(name: str) -> Path:
    """The folder of one recording, such as `kong-3.9-default`."""
    return HERE / name


def payload(name: str, file: str) -> bytes:
    """One raw request body, such as `payload("kong-3.9-default", "001.pb")`."""
    return (HERE / name / file).read_bytes()


def payloads(name: str) -> list[bytes]:
    """All request bodies of a folder in the order they were posted."""
    return [path.read_bytes() for path in sorted((HERE / name).glob("*.pb"))]


@functools.cache
def scenarios(name: str) -> list[dict[str, Any]]:
    """What the client sent and got, for each request of a folder."""
    found: list[dict[str, Any]] = json.loads((HERE / name / "scenarios.json").read_text())["scenarios"]
    return found


@functools.cache
def originals(name: str) -> dict[int, dict[str, Any]]:
    """What the retired plugins produced, by scenario number."""
    return {item["n"]: item for item in json.loads((HERE / name / "original.json").read_text())}
