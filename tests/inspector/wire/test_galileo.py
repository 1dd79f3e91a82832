"""ALF as agents wrote it, and as it should not be."""

from __future__ import annotations

import copy
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.wire.galileo import Read, read
from otel_bridge.inspector.wire.tokens import IngestToken, IngestTokens
from tests.inspector.wire.agents import AGENTS, KONG_EMPTY, KONG_GALILEO, PYTHON

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "a", "1.1.0", "é"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["har", "log", "entries", "request", "response", "timings", "version", "status"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


def _ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"id-{next(numbers)}"


def _read(*documents: Any, tokens: IngestTokens | None = None) -> Read:
    return read(documents, tokens=tokens or IngestTokens(), new_id=_ids())


@pytest.mark.parametrize("agent", AGENTS)
def test_takes_what_every_known_agent_writes(agent: str) -> None:
    found = _read(AGENTS[agent])

    assert [] == found.errors
    assert 1 == len(found.arrived)


def test_tells_what_kong_told() -> None:
    [arrived] = _read(KONG_GALILEO).arrived

    assert arrived._replace(entry={}) == (
        "id-1",
        "galileo",
        "production",
        "",
        1519907696.0,
        "GET",
        "http://shop.example.com/orders?open",
        200,
        43.0,
        "192.0.2.7",
        0,
        30,
        {},
        {},
    )
    assert KONG_GALILEO["har"]["log"]["entries"][0] == arrived.entry


def test_takes_the_client_from_the_root_and_the_size_from_the_content() -> None:
    [arrived] = _read(PYTHON).arrived

    assert "198.51.100.4" == arrived.client
    assert (None, 11) == (arrived.request_size, arrived.response_size)
    assert "" == arrived.environment


def test_takes_luas_empty_table_for_no_entries() -> None:
    assert ([], [], 0) == _read(KONG_EMPTY)


def test_keeps_the_bridges_own_additions() -> None:
    document = copy.deepcopy(KONG_GALILEO)
    document["har"]["log"]["entries"][0]["_otel"] = {"service": "orders"}
    [arrived] = _read(document).arrived

    assert {"service": "orders"} == arrived.otel


def test_a_bad_entry_costs_its_neighbours_nothing() -> None:
    document = copy.deepcopy(KONG_GALILEO)
    good = document["har"]["log"]["entries"][0]
    bad = copy.deepcopy(good)
    del bad["request"]["bodySize"]
    document["har"]["log"]["entries"] = [good, bad, good, 7]
    found = _read(KONG_GALILEO, document)

    assert 3 == len(found.arrived)
    assert [
        "ALF[1] har.log.entries.1.request.bodySize is required",
        "ALF[1] har.log.entries.3 is not an object",
    ] == found.errors


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        (("startedDateTime",), "yesterday", "startedDateTime is not a date-time of ISO 8601"),
        (("startedDateTime",), None, "startedDateTime is required"),
        (("time",), "soon", "time is not a number"),
        (("request",), [], "request is not an object"),
        (("request", "method"), "", "request.method is not a string"),
        (("request", "url"), 5, "request.url is not a string"),
        (("request", "headers"), "none", "request.headers is not a list"),
        (("request", "headersSize"), 1.5, "request.headersSize is not an integer"),
        (("response", "status"), 12345, "response.status is not an HTTP status"),
        (("response", "statusText"), {}, "response.statusText is not a string"),
        (("response", "bodySize"), True, "response.bodySize is not an integer"),
        (("timings", "wait"), None, "timings.wait is required"),
    ],
)
def test_says_what_is_wrong_with_an_entry(path: tuple[str, ...], value: Any, complaint: str) -> None:
    document = copy.deepcopy(KONG_GALILEO)
    place = document["har"]["log"]["entries"][0]
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value

    assert [f"ALF[0] har.log.entries.0.{complaint}"] == _read(document).errors


@pytest.mark.parametrize(
    ("document", "complaint"),
    [
        (None, "is not an object"),
        ({}, "har is required"),
        ({"har": {}}, "har.log is required"),
        ({"har": {"log": {"entries": None}}}, "har.log.entries is required"),
    ],
)
def test_says_what_is_wrong_with_a_document(document: Any, complaint: str) -> None:
    assert [f"ALF[1] {complaint}"] == _read(KONG_GALILEO, document).errors


@pytest.mark.parametrize(
    "text",
    [
        "2018-03-01T12:34:56Z",
        "2018-03-01T12:34:56.000000000Z",
        "2018-03-01T13:34:56.0+01:00",
        "2018-03-01T12:34:56+0000",
        "2018-03-01 12:34:56",
    ],
)
def test_reads_the_dates_that_agents_write(text: str) -> None:
    document = copy.deepcopy(KONG_GALILEO)
    document["har"]["log"]["entries"][0]["startedDateTime"] = text
    [arrived] = _read(document).arrived

    assert 1519907696.0 == arrived.started


def test_a_demanded_token_says_where_the_traffic_goes() -> None:
    tokens = IngestTokens([IngestToken(token="secret-token", environment="staging")])
    [arrived] = _read(KONG_GALILEO, tokens=tokens).arrived

    assert "staging" == arrived.environment


def test_a_token_of_a_bucket_or_an_unknown_one_is_a_strangers() -> None:
    tokens = IngestTokens(
        [IngestToken(token="secret-token", bucket="b"), IngestToken(token="x", environment="e")]
    )
    found = _read(KONG_GALILEO, {**PYTHON, "serviceToken": "x"}, tokens=tokens)

    assert 1 == found.strangers
    assert ["ALF[0] serviceToken is not one that this collector takes"] == found.errors
    assert ["e"] == [arrived.environment for arrived in found.arrived]


def test_no_token_shows_in_a_repr() -> None:
    token = IngestToken(token="secret-token", environment="e")

    assert "secret" not in repr(token) + repr(IngestTokens([token]))


@given(JSON)
def test_nothing_that_json_can_say_breaks_the_reader(document: Any) -> None:
    found = _read(document, tokens=IngestTokens([IngestToken(token="a", environment="e")]))

    assert all(error.startswith("ALF[0] ") for error in found.errors)
