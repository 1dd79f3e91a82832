"""What a recorded exchange really was, against what arrived at a destination."""

from __future__ import annotations

import base64
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from tests.recordings import UNSEEN, folder

# A replay gives every exchange new ids, wherever they stand.
RENEWED = {"x-kong-request-id", "traceparent"}
Headers = dict[str, list[str]]


def differences(name: str, scenario: dict[str, Any], entry: dict[str, Any]) -> Iterator[str]:
    """What in the ALF *entry* is not as *scenario* of the recording *name* has it."""
    request, response = entry["request"], entry["response"]
    if scenario["curl"]:  # it knew its method, address and headers; the recorder did not
        return
    yield from _differs("method", scenario["method"], request["method"])
    yield from _url(name, scenario, request["url"])
    yield from _differs("client", _client(name, scenario), entry.get("clientIPAddress"))
    status = scenario["response_status"]
    if status is None:
        return
    if "3.0" not in name:  # which puts no status on its spans
        yield from _differs("status", status, response["status"])
    wall = scenario["wall_latency_ms"]
    if abs(entry["time"] - wall) > max(20, 0.1 * wall):
        yield f"time {entry['time']} ms for {wall} ms"
    if scenario["client_error"] or "capture" not in name:
        return
    for side, part in (("request", request), ("response", response)):
        yield from _headers(side, scenario, part["headers"])
        if size := _size(name, scenario, side):
            yield from _differs(f"{side} size", size, part["bodySize"])
    yield from _bodies(name, scenario, entry)


def body(part: dict[str, Any] | None) -> bytes:
    """The bytes of an ALF's postData or content."""
    return base64.b64decode(part["text"]) if part else b""


def recorded_body(name: str, scenario: dict[str, Any], side: str) -> bytes:
    file = folder(name) / "bodies" / f"{scenario['n']:03d}.{side}.bin"
    return file.read_bytes() if scenario[f"{side}_body_len"] and file.exists() else b""


def _url(name: str, scenario: dict[str, Any], url: str) -> Iterator[str]:
    got, want = urlsplit(url), urlsplit(scenario["url"])
    if scenario["name"].startswith("invalid-utf8"):
        raw = unquote_to_bytes(f"{got.path}?{got.query}")
        yield from _differs("raw bytes of the URL", f"{want.path}?{want.query}".encode("latin-1"), raw)
    elif scenario["raw_request"] is None and "REDACTED" not in got.query:
        yield from _differs("target", (want.path or "/", want.query), (got.path, got.query))
    if "capture" in name and scenario["name"] != "host-header-route":
        yield from _differs("port", want.port, got.port)


def _client(name: str, scenario: dict[str, Any]) -> str:
    if name == "kong-3.9-forwarded-client" and scenario["name"] == "x-forwarded-for":
        return "198.51.100.2"
    return str(scenario["client_addr"][0])


def _headers(side: str, scenario: dict[str, Any], items: Iterable[dict[str, str]]) -> Iterator[str]:
    if scenario[f"{side}_headers"] is None or scenario["name"] == "transformers":
        return
    want = _grouped(tuple(pair) for pair in scenario[f"{side}_headers"])
    got = _grouped((item["name"], item["value"]) for item in items)
    yield from _differs(f"{side} header names", sorted(want), sorted(got))
    for name in want.keys() & got.keys():
        if not all("REDACTED" in value for value in got[name]):
            yield from _differs(f"{side} header {name}", want[name], got[name])


def _grouped(pairs: Iterable[tuple[str, ...]]) -> Headers:
    groups: Headers = defaultdict(list)
    for name, value in pairs:
        if name.lower() not in UNSEEN | RENEWED:
            groups[name.lower()].append(value)
    return {name: sorted(values) for name, values in groups.items()}


def _size(name: str, scenario: dict[str, Any], side: str) -> int | None:
    """The true size where the capture could know it."""
    if scenario["name"] in {"transformers", "upstream-truncated", "abort-mid-download", "head"}:
        return None
    chunked = all(key.lower() != "content-length" for key, _ in scenario[f"{side}_headers"] or ())
    if chunked and (side == "request" or "otel" in name):
        return None
    return int(scenario[f"{side}_body_len"] or 0)


def _bodies(name: str, scenario: dict[str, Any], entry: dict[str, Any]) -> Iterator[str]:
    if scenario["name"] in {"transformers", "secrets"}:
        return
    for side, part in (
        ("request", entry["request"].get("postData")),
        ("response", entry["response"].get("content")),
    ):
        want, got = recorded_body(name, scenario, side), body(part)
        reason = entry["_otel"].get(f"{side}Body", {})
        if got == want or (reason.get("truncated") and want.startswith(got)):
            continue
        if not got and reason.get("omitted"):
            continue
        yield f"{side} body of {len(got)} bytes for {len(want)}: {reason}"


def _differs(what: str, want: object, got: object) -> Iterator[str]:
    if want != got:
        yield f"{what}: {got!r} for {want!r}"
