"""Both protocols over real sockets, by senders as they are."""

from __future__ import annotations

import copy
import gzip
import zlib
from collections.abc import Callable
from http.client import HTTPResponse
from typing import Any
from uuid import UUID

import orjson
import pytest

from otel_bridge.inspector.wire.sink import NotKeptError
from otel_bridge.inspector.wire.tokens import IngestToken
from tests.inspector.wire.agents import AGENTS, KONG_EMPTY, KONG_GALILEO, KONG_RUNSCOPE, PYTHON
from tests.inspector.wire.conftest import Door
from tests.loops import LIMIT

ALF = orjson.dumps(KONG_GALILEO)
MESSAGE = orjson.dumps(KONG_RUNSCOPE)
ALF_PATHS = ["/1.1.0/single", "/1.1.0/batch", "/1.0.0/single", "/1.0.0/batch", "/"]
BUCKET = "/buckets/a-bucket/messages"


@pytest.mark.parametrize("path", ALF_PATHS)
def test_alf_is_taken_as_an_object_and_as_an_array_at_every_path(door: Door, path: str) -> None:
    one, two = door.post(path, ALF), door.post(path, orjson.dumps([KONG_GALILEO, PYTHON]))

    assert (200, {"errors": [], "sent": 1, "saved": 1}) == (one.status_code, one.json())
    assert (200, {"errors": [], "sent": 2, "saved": 2}) == (two.status_code, two.json())
    assert "application/json" == one.headers["content-type"]
    assert 3 == len(door.shelf.kept)


@pytest.mark.parametrize("agent", AGENTS)
def test_every_known_agent_is_answered_as_it_expects(door: Door, agent: str) -> None:
    answer = door.post("/1.1.0/single", orjson.dumps(AGENTS[agent]))

    assert (200, {"errors": [], "sent": 1, "saved": 1}) == (answer.status_code, answer.json())


def test_compressed_alf_is_taken_even_where_nobody_says_that_it_is(door: Door) -> None:
    answers = [
        door.post("/1.1.0/single", gzip.compress(ALF), content_encoding="gzip"),
        door.post("/1.1.0/single", zlib.compress(ALF), content_encoding="deflate"),
        door.post("/1.1.0/single", gzip.compress(ALF)),
    ]

    assert [200, 200, 200] == [answer.status_code for answer in answers]
    assert 3 == len(door.shelf.kept)


def test_bad_entries_are_named_and_the_good_ones_kept(door: Door) -> None:
    document = copy.deepcopy(KONG_GALILEO)
    document["har"]["log"]["entries"].append({"startedDateTime": "2018-03-01T12:34:56Z"})
    answer = door.post("/1.1.0/batch", orjson.dumps([PYTHON, document]))

    assert 207 == answer.status_code
    assert {
        "errors": ["ALF[1] har.log.entries.1.request is required"],
        "sent": 3,
        "saved": 2,
    } == answer.json()
    assert 2 == len(door.shelf.kept)


def test_an_alf_without_entries_is_fine(door: Door) -> None:
    answer = door.post("/1.1.0/single", orjson.dumps(KONG_EMPTY))

    assert (200, {"errors": [], "sent": 0, "saved": 0}) == (answer.status_code, answer.json())


def test_a_flood_of_errors_gets_a_bounded_answer(door: Door) -> None:
    document: dict[str, Any] = {"har": {"log": {"entries": [{}] * 20_000}}}
    answer = door.post("/1.1.0/single", orjson.dumps(document)).json()

    assert (20_000, 0, 10_001) == (answer["sent"], answer["saved"], len(answer["errors"]))
    assert "and 10000 more" == answer["errors"][-1]


def test_runscope_answers_each_message_in_order(door: Door) -> None:
    odd = {"response": {"status": 200, "body": "x", "body_encoding": "base64"}, "unique_identifier": "mine"}
    answer = door.post(BUCKET, orjson.dumps([KONG_RUNSCOPE, odd, {}]))
    body = answer.json()

    assert 200 == answer.status_code
    assert ["success", "warning", "error"] == [item["status"] for item in body["data"]]
    assert [None, "mine", None] == [item["unique_identifier"] for item in body["data"]]
    assert "request or response is required" == body["data"][2]["error"]["message"]
    assert body["data"][1]["warning"]["message"].startswith("response.body is not base64")
    assert {
        "status": "success",
        "success_count": 1,
        "warning_count": 1,
        "error_count": 1,
    } == body["meta"]
    assert body["error"] is None
    assert [exchange.id for exchange in door.shelf.kept] == [
        UUID(item["uuid"]).hex for item in body["data"][:2]
    ]
    assert {"a-bucket"} == {exchange.bucket for exchange in door.shelf.kept}


def test_a_single_message_is_answered_by_an_array_too(door: Door) -> None:
    body = door.post(BUCKET, MESSAGE).json()

    assert ["success"] == [item["status"] for item in body["data"]]


def test_messages_that_are_all_bad_are_refused_in_the_apis_own_words(door: Door) -> None:
    answer = door.post(BUCKET, b"{}")

    assert 400 == answer.status_code
    assert {
        "data": None,
        "meta": {"status": "error"},
        "error": {
            "status": 400,
            "error": "Bad Request",
            "message": "request or response is required",
            "more_info": None,
        },
    } == answer.json()


@pytest.mark.parametrize("path", ["/1.1.0/single", BUCKET])
@pytest.mark.parametrize(
    ("content", "encoding", "status"),
    [
        (b"", "", 400),
        (b"hello", "", 400),
        (b'"text"', "", 400),
        (b"[" * 50_000, "", 400),
        (b"{}", "br", 400),
        (b"{}", "gzip", 400),
        (bytes(5000), "", 413),
        (gzip.compress(bytes(1_000_000)), "gzip", 413),
    ],
)
def test_what_can_not_be_read_is_refused_with_a_body(
    open_door: Callable[..., Door], path: str, content: bytes, encoding: str, status: int
) -> None:
    door = open_door(max_body=50_000) if status == 400 else open_door(max_body=4000)
    answer = door.post(path, content, content_encoding=encoding)

    assert status == answer.status_code
    assert _told(answer.json())
    assert 200 == door.post("/1.1.0/single", ALF).status_code


def test_a_sender_of_far_too_much_still_reads_why(open_door: Callable[..., Door]) -> None:
    answer = open_door(max_body=1000).post("/1.1.0/single", bytes(20 << 20))

    assert (413, "the body is larger than 1000 bytes") == (answer.status_code, _told(answer.json()))


def test_more_than_may_be_in_flight_is_asked_to_come_back(open_door: Callable[..., Door]) -> None:
    door = open_door(max_in_flight=len(ALF) + 100)
    door.shelf.may_keep.clear()
    with door.connect() as first:
        first.sendall(_request("/1.1.0/single", ALF))
        assert door.shelf.asked.wait(LIMIT)
        refused = door.post("/1.1.0/single", ALF)
        door.shelf.may_keep.set()

        assert (503, "1") == (refused.status_code, refused.headers["retry-after"])
        assert b"HTTP/1.1 200" == first.recv(12)
    assert 200 == door.post("/1.1.0/single", ALF).status_code


def test_an_answer_comes_only_after_the_exchange_is_kept(door: Door) -> None:
    door.shelf.trouble = NotKeptError("the disk is full")
    full = door.post("/1.1.0/single", ALF)
    door.shelf.trouble = RuntimeError("a bug")
    broken = door.post(BUCKET, MESSAGE)
    door.shelf.trouble = None

    assert (503, "the disk is full") == (full.status_code, _told(full.json()))
    assert (500, "internal error") == (broken.status_code, _told(broken.json()))
    assert 200 == door.post(BUCKET, MESSAGE).status_code


def test_kong_hangs_up_without_reading_and_loses_nothing(door: Door) -> None:
    for _ in range(20):
        with door.connect() as kong:
            # Its plugin writes a line end behind the body and never reads.
            kong.sendall(_request(BUCKET, MESSAGE, "Authorization: Bearer x") + b"\r\n")

    assert 20 == len(door.shelf.wait_for(20))


def test_kong_keeps_its_connection_though_it_writes_a_line_end_too_many(door: Door) -> None:
    with door.connect() as kong:
        for _ in range(3):
            kong.sendall(_request(BUCKET, MESSAGE) + b"\r\n")
            answer = HTTPResponse(kong)
            answer.begin()

            assert (200, b"success") == (answer.status, answer.read()[20:27])

    assert 3 == len(door.shelf.kept)


def test_large_messages_of_a_sender_that_hangs_up_are_kept(door: Door) -> None:
    large = {**KONG_RUNSCOPE, "request": {**KONG_RUNSCOPE["request"], "body": "x" * 5_000_000}}
    for _ in range(5):
        with door.connect() as kong:
            kong.sendall(_request(BUCKET, orjson.dumps(large)))

    assert [5_000_000] * 5 == [exchange.request.body_size for exchange in door.shelf.wait_for(5)]


def test_a_sender_that_leaves_in_the_middle_harms_nobody(door: Door) -> None:
    with door.connect() as sender:
        sender.sendall(_request("/1.1.0/single", ALF)[:-10])

    assert 200 == door.post("/1.1.0/single", ALF).status_code
    assert 1 == len(door.shelf.kept)


def test_a_sender_that_never_ends_is_answered_in_time(open_door: Callable[..., Door]) -> None:
    with open_door(body_timeout=0.2).connect() as sender:
        sender.sendall(_request("/1.1.0/single", ALF)[:-10])
        answer = HTTPResponse(sender)
        answer.begin()

        assert (408, "the body did not come within 0.2 s") == (
            answer.status,
            _told(orjson.loads(answer.read())),
        )


def test_raw_bytes_of_the_retired_plugins_are_taken(door: Door) -> None:
    broken = MESSAGE.replace(b'"a=1"', b'"\x89PNG\xff"')

    assert 200 == door.post(BUCKET, broken).status_code
    assert "\ufffdPNG\ufffd".encode() == door.shelf.kept[0].request.body


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/1.1.0/single", 405),
        ("GET", BUCKET, 405),
        ("POST", "/1.1.0", 404),
        ("POST", "/1.1.0/single/", 404),
        ("POST", "/2.0.0/single", 404),
        ("POST", "/buckets/a/b/messages", 404),
        ("DELETE", "/buckets", 404),
    ],
)
def test_what_is_not_served_is_answered_in_json(door: Door, method: str, path: str, status: int) -> None:
    answer = door.client.request(method, path, content=b"" if method == "GET" else ALF)

    assert status == answer.status_code
    assert _told(answer.json())


def test_a_service_token_leads_to_its_environment_and_no_other_gets_in(
    open_door: Callable[..., Door],
) -> None:
    door = open_door(tokens=[IngestToken(token="secret-token", environment="mine")])
    known = door.post("/1.1.0/single", ALF)
    unknown = door.post("/1.1.0/single", orjson.dumps({**KONG_GALILEO, "serviceToken": "guessed"}))
    mixed = door.post("/1.1.0/batch", orjson.dumps([{**KONG_GALILEO, "serviceToken": ""}, KONG_GALILEO]))
    other_wire = door.post(BUCKET, MESSAGE, authorization="Bearer secret-token")

    assert (200, 401, 207, 403) == tuple(a.status_code for a in (known, unknown, mixed, other_wire))
    assert {"mine"} == {exchange.environment for exchange in door.shelf.kept}
    assert {"errors": ["serviceToken is not one that this collector takes"], "sent": 0, "saved": 0} == (
        unknown.json()
    )


def test_an_access_token_opens_its_bucket_alone(open_door: Callable[..., Door]) -> None:
    door = open_door(tokens=[IngestToken(token="key", bucket="a-bucket")])
    answers = [
        door.post(BUCKET, MESSAGE, authorization="Bearer key"),
        door.post(BUCKET, MESSAGE, authorization="bearer  key"),
        door.post(BUCKET, MESSAGE, authorization="Bearer kex"),
        door.post(BUCKET, MESSAGE, authorization="Basic key"),
        door.post(BUCKET, MESSAGE),
        door.post("/buckets/other/messages", MESSAGE, authorization="Bearer key"),
    ]

    assert [200, 200, 403, 403, 403, 403] == [answer.status_code for answer in answers]
    assert "Forbidden" == answers[2].json()["error"]["error"]


@pytest.mark.parametrize(
    "of_browser",
    [
        {"sec_fetch_site": "cross-site", "origin": "http://evil.example"},
        {"sec_fetch_site": "same-site"},
        # Sec-Fetch-Site stays away from addresses without TLS.
        {"origin": "http://evil.example"},
        {"origin": "null"},
        # After DNS rebinding the page is of the same origin as what it posts to.
        {"host": "evil.example:4380", "origin": "http://evil.example:4380"},
        {"host": "evil.example:4380", "sec_fetch_site": "same-origin"},
    ],
)
def test_a_web_page_can_not_post_through_its_visitors_browser(door: Door, of_browser: dict[str, str]) -> None:
    answers = [door.post("/1.1.0/single", ALF, **of_browser), door.post(BUCKET, MESSAGE, **of_browser)]

    assert [403, 403] == [answer.status_code for answer in answers]
    assert [] == door.shelf.kept


def _told(answer: dict[str, Any]) -> str:
    """Why a request was refused, whichever protocol says it."""
    if "errors" in answer:
        assert (0, 0, 1) == (answer["sent"], answer["saved"], len(answer["errors"]))
        return str(answer["errors"][0])
    return str(answer["error"]["message"])


def _request(path: str, body: bytes, *headers: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: 127.0.0.1", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*head, "", ""]).encode() + body
