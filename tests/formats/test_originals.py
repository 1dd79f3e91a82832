"""Payloads of recorded traffic, held against what the retired plugins made of the same requests.

`tests/recordings/README.md` says where the originals were wrong; each such place is named here, and
everything else has to be equal.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

import pytest

from otel_bridge.formats import alf, runscope
from otel_bridge.formats.offline import gather
from otel_bridge.mapping.exchange import HttpExchange
from otel_bridge.otlp.normalise import normalise
from tests.recordings import originals, payload, scenarios

CAPTURED = "kong-3.9-capture"

# `connection` is nginx's, `date` of Kong's own answers is invisible to Lua, and the recording's capture
# masked `authorization`.
NOT_COMPARED = {"connection", "date", "authorization"}

# What arrived of an aborted or truncated answer depends on where one listens.
CUT_OFF = ("abort", "upstream-truncated")


def exchange_of(scenario: dict[str, Any], name: str = CAPTURED) -> HttpExchange:
    records = [normalise(payload(name, file)).record for file in scenario["payloads"]]
    (exchange,) = gather(records).exchanges
    return exchange


def comparable(kind: str) -> list[Any]:
    """Each scenario with what the original made of it, with and without bodies, where that was JSON."""
    known = originals(CAPTURED)
    return [
        pytest.param(scenario, theirs, bodies == "bodies", id=f"{scenario['name']}-{bodies}")
        for scenario in scenarios(CAPTURED)
        if scenario["n"] in known and scenario["payloads"] and not scenario["name"].startswith(CUT_OFF)
        for bodies, theirs in known[scenario["n"]][kind].items()
        if bodies in ("bodies", "no_bodies") and not theirs.get("invalid_utf8")
    ]


def pairs(items: Iterable[dict[str, Any]]) -> Counter[tuple[str, str]]:
    """As a multiset, names in lower case; JSON `true` was how a valueless argument came out."""
    return Counter(
        (item["name"].lower(), "" if item["value"] is True else item["value"])
        for item in items
        if item["name"].lower() not in NOT_COMPARED
    )


def lists(members: dict[str, Any]) -> dict[str, list[str]]:
    return {
        name: sorted(value if isinstance(value, list) else [value])
        for name, value in members.items()
        if name not in NOT_COMPARED
    }


@pytest.mark.parametrize(("scenario", "theirs", "bodies"), comparable("alf"))
def test_alf_equals_the_original(scenario: dict[str, Any], theirs: dict[str, Any], bodies: bool) -> None:
    ours = json.loads(alf.entry(exchange_of(scenario), bodies=bodies, extension=False))

    assert theirs["startedDateTime"][:19] == ours["startedDateTime"][:19]
    assert theirs["clientIPAddress"] == ours["clientIPAddress"]
    assert theirs["serverIPAddress"] == ours["serverIPAddress"]
    _same_request(theirs["request"], ours["request"], bodies=bodies)
    _same_response(theirs["response"], ours["response"], bodies=bodies)


def _same_request(theirs: dict[str, Any], ours: dict[str, Any], *, bodies: bool) -> None:
    for name in ("method", "bodyCaptured", "postData"):
        assert theirs.get(name) == ours.get(name)
    _same_size_and_version(theirs, ours, bodies=bodies)
    assert pairs(theirs["headers"]) == pairs(ours["headers"])
    if len(theirs["queryString"]) < 100:
        assert pairs(theirs["queryString"]) == pairs(ours["queryString"])
    # The original lost the port.
    there, here = urlsplit(theirs["url"]), urlsplit(ours["url"])
    assert (there.scheme, there.hostname, there.path, there.query) == (
        here.scheme,
        here.hostname,
        here.path,
        here.query,
    )


def _same_response(theirs: dict[str, Any], ours: dict[str, Any], *, bodies: bool) -> None:
    for name in ("status", "bodyCaptured"):
        assert theirs.get(name) == ours.get(name)
    _same_size_and_version(theirs, ours, bodies=bodies)
    assert pairs(theirs["headers"]) == pairs(ours["headers"])
    # An empty body was written as one; here there is none.
    kept = theirs.get("content") if theirs.get("content", {}).get("text") else None
    assert kept == ours.get("content")


def _same_size_and_version(theirs: dict[str, Any], ours: dict[str, Any], *, bodies: bool) -> None:
    # Without bodies the original did not know the size of a chunked one.
    if bodies or theirs["bodySize"]:
        assert theirs["bodySize"] == ours["bodySize"]
    assert {"HTTP/1": "HTTP/1.0", "HTTP/2": "HTTP/2"}.get(
        theirs["httpVersion"], theirs["httpVersion"]
    ) == ours["httpVersion"]


@pytest.mark.parametrize(("scenario", "theirs", "bodies"), comparable("runscope"))
def test_runscope_equals_the_original(scenario: dict[str, Any], theirs: dict[str, Any], bodies: bool) -> None:
    ours = json.loads(runscope.message(exchange_of(scenario), bodies=bodies, extension=False))

    for side in ("request", "response"):
        assert lists(theirs[side]["headers"]) == lists(ours[side]["headers"])
        assert theirs[side].get("body") == ours[side].get("body")
    for name in ("method", "url", "form"):
        assert theirs["request"][name] == ours["request"][name]
    assert theirs["response"]["status"] == ours["response"]["status"]
    assert theirs["request"]["timestamp"] == pytest.approx(ours["request"]["timestamp"], abs=0.01)
    # nginx counted the bytes on the wire, chunk by chunk, and gave them as text.
    assert scenario["response_body_len"] == ours["response"]["size_bytes"]
