"""ALF as agents wrote it, and as it should not be."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.exchange import RANDOM_BYTES, Exchange, Side, Wire
from otel_bridge.inspector.wire.assemble import NO_HEADERS, Arrival
from otel_bridge.inspector.wire.galileo import Read, read
from otel_bridge.inspector.wire.tokens import IngestToken, IngestTokens
from tests.inspector.wire.agents import (
    AGENTS,
    JAVA,
    KONG_ANALYTICS,
    KONG_EMPTY,
    KONG_GALILEO,
    OLDEST,
    PYTHON,
)

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


ARRIVAL = Arrival(1_800_000_000_000_000, lambda: bytes(RANDOM_BYTES))
STARTED = 1_519_907_696_000_000


def _read(*documents: Any, tokens: IngestTokens | None = None) -> Read:
    return read(documents, tokens=tokens or IngestTokens(), arrival=ARRIVAL)


def _changed(path: tuple[str, ...], value: Any, document: dict[str, Any] = KONG_GALILEO) -> dict[str, Any]:
    """*document* whose first entry has *value* at *path*."""
    changed = copy.deepcopy(document)
    place = changed["har"]["log"]["entries"][0]
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    return changed


@pytest.mark.parametrize("agent", AGENTS)
def test_takes_what_every_known_agent_writes(agent: str) -> None:
    found = _read(AGENTS[agent])

    assert [] == found.errors
    assert 1 == len(found.exchanges)


def test_tells_what_kong_told() -> None:
    [exchange] = _read(KONG_GALILEO).exchanges

    assert (
        Exchange(
            id=f"{STARTED // 1000:012x}" + "00" * 10,
            wire=Wire.GALILEO,
            arrived_us=ARRIVAL.us,
            started_us=STARTED,
            duration_us=43_000,
            method="GET",
            url="http://shop.example.com/orders?open",
            scheme="http",
            host="shop.example.com",
            port=80,
            path="/orders",
            query="open",
            http_version="HTTP/1.0",
            status=200,
            reason="",
            request=Side(headers=(("host", "shop.example.com:8000"),), headers_size=118, body_size=0),
            response=Side(body=b"{}", body_size=30),
            environment="production",
            bucket="",
            service="",
            route="",
            consumer="",
            route_template="",
            gateway="",
            source="",
            client_address="192.0.2.7",
            client_port=None,
            upstream_address="",
            upstream_port=None,
            upstream_status=None,
            request_id="",
            trace_id="",
            span_id="",
            send_us=3_000,
            wait_us=15_000,
            receive_us=25_000,
            gateway_us=None,
            upstream_us=None,
            captured=True,
            not_captured="",
            masked=False,
            spans=[],
            resource={},
        )
        == exchange
    )


def test_takes_the_client_from_the_root_and_the_size_from_the_content() -> None:
    [exchange] = _read(PYTHON).exchanges

    assert "198.51.100.4" == exchange.client_address
    assert (None, 11) == (exchange.request.body_size, exchange.response.body_size)
    assert "" == exchange.environment


def test_oldest_alf_holds_both_bodies_in_content() -> None:
    document = _changed(("request", "content", "text"), "abc", OLDEST)
    [exchange] = _read(document).exchanges

    assert (b"abc", 3) == (exchange.request.body, exchange.request.body_size)


def test_kongs_first_plugin_sent_base64_without_a_word() -> None:
    [exchange] = _read(KONG_ANALYTICS).exchanges

    assert (b"a=1", b'{"ok":true}') == (exchange.request.body, exchange.response.body)
    assert None is exchange.receive_us


def test_the_java_agents_query_is_put_back_into_its_url() -> None:
    arguments = [{"name": "a b", "value": "1&2"}, {"name": "open", "value": True}]
    [exchange] = _read(_changed(("request", "queryString"), arguments, JAVA)).exchanges

    assert "http://localhost/pets?a+b=1%262&open=" == exchange.url
    assert "a+b=1%262&open=" == exchange.query


@pytest.mark.parametrize(
    ("encoding", "text", "body"),
    [
        ("plain", "é", "é".encode()),
        ("unknown", "abc", b"abc"),
        ("base64", "/+8=", b"\xff\xef"),
        ("base64", "", None),
        ("plain", None, None),
    ],
)
def test_a_body_is_read_as_its_encoding_says(encoding: str, text: Any, body: bytes | None) -> None:
    content = {"mimeType": "text/plain", "encoding": encoding, "text": text}
    [exchange] = _read(_changed(("response", "content"), content)).exchanges

    assert body == exchange.response.body


def test_a_body_that_is_not_the_base64_it_should_be_says_so_and_costs_no_more() -> None:
    content = {"mimeType": "text/plain", "encoding": "base64", "text": "AAA"}
    [exchange] = _read(_changed(("response", "content"), content)).exchanges

    assert (None, "sent as base64, which it is not") == (exchange.response.body, exchange.response.omitted)


def test_a_body_that_nobody_counted_has_no_size() -> None:
    chunked = _changed(("request", "bodyCaptured"), True)

    assert None is _read(chunked).exchanges[0].request.body_size


def test_a_head_of_no_bytes_means_not_captured() -> None:
    document = _changed(("request", "headers"), [])
    document["har"]["log"]["entries"][0]["request"]["headersSize"] = 0
    [exchange] = _read(document).exchanges

    assert (False, NO_HEADERS) == (exchange.captured, exchange.not_captured)
    assert None is exchange.request.body_size


def test_no_exchange_begins_after_it_arrived() -> None:
    [exchange] = _read(_changed(("startedDateTime",), "2999-01-01T00:00:00Z")).exchanges

    assert ARRIVAL.us == exchange.started_us


def test_takes_luas_empty_table_for_no_entries() -> None:
    assert ([], [], 0) == _read(KONG_EMPTY)


def test_takes_the_bridges_own_additions() -> None:
    [exchange] = _read(_changed(("_otel",), {"service": "orders", "start": 1519907696123.456})).exchanges

    assert ("orders", STARTED + 123_456) == (exchange.service, exchange.started_us)


def test_more_entries_than_anybody_sends_at_once_are_refused_together() -> None:
    found = _read({"har": {"log": {"entries": [{}] * 100_001}}})

    assert ([], ["ALF[0] har.log.entries has more than 100000 members: send it in parts"], 0) == found


def test_a_span_without_a_place_in_time_is_left_out_and_any_other_is_whole() -> None:
    good = {
        "name": "kong.router",
        "spanId": "ab",
        "kind": "internal",
        "start": 1,
        "duration": "2.5",
        "error": True,
    }
    bad = [{}, {**good, "start": None}, {**good, "duration": -1}, {**good, "duration": 1e308}, "span", None]
    odd = {"name": ["x"], "start": -1, "duration": 0, "error": "yes", "attributes": [1], "other": 1}
    [exchange] = _read(_changed(("_otel",), {"spans": [*bad, good, odd]})).exchanges

    nameless = {"name": "", "spanId": "", "parentSpanId": "", "kind": "", "start": -1, "duration": 0}
    assert [{**good, "parentSpanId": "", "duration": 2.5}, nameless] == exchange.spans


def test_a_bad_entry_costs_its_neighbours_nothing() -> None:
    document = copy.deepcopy(KONG_GALILEO)
    good = document["har"]["log"]["entries"][0]
    bad = copy.deepcopy(good)
    del bad["request"]["bodySize"]
    document["har"]["log"]["entries"] = [good, bad, good, 7]
    found = _read(KONG_GALILEO, document)

    assert 3 == len(found.exchanges)
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
    document = _changed(path, value)

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
    [exchange] = _read(_changed(("startedDateTime",), text)).exchanges

    assert STARTED == exchange.started_us


def test_a_demanded_token_says_where_the_traffic_goes() -> None:
    tokens = IngestTokens([IngestToken(token="secret-token", environment="staging")])
    [exchange] = _read(KONG_GALILEO, tokens=tokens).exchanges

    assert "staging" == exchange.environment


def test_a_token_of_a_bucket_or_an_unknown_one_is_a_strangers() -> None:
    tokens = IngestTokens(
        [IngestToken(token="secret-token", bucket="b"), IngestToken(token="x", environment="e")]
    )
    found = _read(KONG_GALILEO, {**PYTHON, "serviceToken": "x"}, tokens=tokens)

    assert 1 == found.strangers
    assert ["ALF[0] serviceToken is not one that this collector takes"] == found.errors
    assert ["e"] == [exchange.environment for exchange in found.exchanges]


def test_no_token_shows_in_a_repr() -> None:
    token = IngestToken(token="secret-token", environment="e")

    assert "secret" not in repr(token) + repr(IngestTokens([token]))


@given(JSON)
def test_nothing_that_json_can_say_breaks_the_reader(document: Any) -> None:
    found = _read(document, tokens=IngestTokens([IngestToken(token="a", environment="e")]))

    assert all(error.startswith("ALF[0] ") for error in found.errors)
