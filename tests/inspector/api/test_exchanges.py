"""One exchange over the API: whole, its bodies, its neighbours, pinning."""

from __future__ import annotations

import gzip
from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import httpx
import pytest

from otel_bridge.mapping.exchange import HttpExchange
from tests.inspector.pages.inspector import Inspector
from tests.inspector.pages.program import ADMIN
from tests.loops import LIMIT

PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)
NOBODY = "0" * 32


def body_of(path: str, content: bytes, media_type: str) -> dict[str, Any]:
    """An ALF entry of a call whose answer has this body."""
    return {
        "startedDateTime": "2026-11-22T10:00:00.000Z",
        "time": 3.5,
        "request": {
            "method": "GET",
            "url": f"http://bodies.example.com{path}",
            "httpVersion": "HTTP/1.1",
            "queryString": [],
            "headers": [],
            "headersSize": 20,
            "bodySize": 0,
            "bodyCaptured": False,
        },
        "response": {
            "status": 200,
            "statusText": "OK",
            "httpVersion": "HTTP/1.1",
            "headers": [{"name": "content-type", "value": media_type}],
            "headersSize": 20,
            "bodySize": len(content),
            "bodyCaptured": True,
            "content": {"mimeType": media_type, "encoding": "base64", "text": b64encode(content).decode()},
        },
        "timings": {"send": 0, "wait": 3.5, "receive": 0},
    }


def test_exchanges_are_told_as_they_were(inspector: Inspector, truth: Sequence[HttpExchange]) -> None:
    for sent in truth:
        found = inspector.get(f"/api/exchanges/{inspector.find(f'trace:{sent.trace_id.hex()}')}")

        assert (sent.method, sent.url, sent.status) == (found["method"], found["url"], found["status"])
        assert [list(pair) for pair in sent.request_headers] == found["request"]["headers"]
        assert [list(pair) for pair in sent.response_headers] == found["response"]["headers"]
        assert (sent.service, sent.route, sent.consumer) == tuple(
            found[n] for n in ("service", "route", "consumer")
        )
        assert sent.captured == found["captured"]
        assert len(sent.helpers) == len(found["spans"])
        assert found["sentence"].startswith(f"{sent.method} {found['path']} → {sent.status or 'no answer'}")


def test_bodies_come_byte_for_byte(
    inspector: Inspector, truth: Sequence[HttpExchange], viewer: httpx.Client
) -> None:
    held = [sent for sent in truth if sent.response_body.content]
    for sent in held:
        found = inspector.find(f"trace:{sent.trace_id.hex()}")
        answer = viewer.get(f"/api/exchanges/{found}/body/response")

        assert sent.response_body.content == answer.content
        assert "application/octet-stream" == answer.headers["content-type"]
        assert answer.headers["content-disposition"].startswith("attachment")
        assert "sandbox" in answer.headers["content-security-policy"]
    assert held


def test_a_packed_body_is_looked_at_unpacked(inspector: Inspector, viewer: httpx.Client) -> None:
    plain = b'{"packed": true}' * 8000
    entry = body_of("/packed", gzip.compress(plain), "application/json")
    entry["response"]["headers"].append({"name": "content-encoding", "value": "gzip"})
    inspector.post_entry(entry)
    path = f"/api/exchanges/{inspector.find('path:/packed')}"
    first = inspector.get(f"{path}/body/response/bytes")
    second = inspector.get(f"{path}/body/response/bytes", start=len(first["hex"]) // 2)

    assert plain.decode() == inspector.get(path)["response"]["body"]["text"]
    assert plain == bytes.fromhex(first["hex"] + second["hex"])
    assert len(plain) == first["size"]
    assert gzip.compress(plain)[10:] == viewer.get(f"{path}/body/response").content[10:]


def test_pictures_are_shown_and_nothing_else(inspector: Inspector, viewer: httpx.Client) -> None:
    inspector.post_entry(body_of("/picture", PNG, "text/html"))
    inspector.post_entry(body_of("/svg", b"<svg onload='alert(1)'/>", "image/svg+xml"))
    picture = viewer.get(f"/api/exchanges/{inspector.find('path:/picture')}/body/response?preview=1")
    svg = viewer.get(f"/api/exchanges/{inspector.find('path:/svg')}/body/response?preview=1")

    assert (200, "image/png", PNG) == (picture.status_code, picture.headers["content-type"], picture.content)
    assert 415 == svg.status_code


@pytest.mark.parametrize(
    "part", ["", "/body/request", "/body/response/bytes", "/curl", "/similar", "/last-success"]
)
def test_an_exchange_that_is_not_there(viewer: httpx.Client, part: str) -> None:
    answer = viewer.get(f"/api/exchanges/{NOBODY}{part}")

    assert 404 == answer.status_code
    assert "there is no such exchange" in answer.json()["error"]


def test_a_body_that_is_not_there(inspector: Inspector, viewer: httpx.Client) -> None:
    answer = viewer.get(f"/api/exchanges/{inspector.find('-has:req.body')}/body/request")

    assert (404, {"error": "there is no body here"}) == (answer.status_code, answer.json())


def test_the_last_success_is_of_the_same_route_and_before(inspector: Inspector) -> None:
    failed = inspector.get(f"/api/exchanges/{inspector.find('status:404 route:orders-route')}")
    found = inspector.get(f"/api/exchanges/{failed['id']}/last-success")["id"]
    success = inspector.get(f"/api/exchanges/{found}")

    assert (failed["method"], failed["route"]) == (success["method"], success["route"])
    assert 200 <= success["status"] < 400
    assert success["started"] < failed["started"]


def test_without_a_success_there_is_none(inspector: Inspector) -> None:
    failed = inspector.find("path:/gone")

    assert {"id": None} == inspector.get(f"/api/exchanges/{failed}/last-success")


def test_similar_ones_are_of_the_same_endpoint_with_the_same_status(inspector: Inspector) -> None:
    query = inspector.get(f"/api/exchanges/{inspector.find('status:404 route:orders-route')}/similar")["q"]

    assert "method:GET route:orders-route service:orders status:404" == query


def test_the_command_is_text_that_no_browser_runs(inspector: Inspector, viewer: httpx.Client) -> None:
    answer = viewer.get(f"/api/exchanges/{inspector.find('method:POST')}/curl")

    assert "text/plain; charset=utf-8" == answer.headers["content-type"]
    assert "\ncurl \\\n  --request POST \\\n" in f"\n{answer.text}"


def test_a_pin_stays_until_it_is_taken_out(inspector: Inspector) -> None:
    path = f"/api/exchanges/{inspector.find('status:204')}"
    bearer = {"authorization": f"Bearer {ADMIN}"}
    with httpx.Client(base_url=inspector.url, timeout=LIMIT, headers=bearer) as admin:
        pinned = admin.put(f"{path}/pin").status_code, inspector.get(path)["marks"]
        unpinned = admin.delete(f"{path}/pin").status_code, inspector.get(path)["marks"]
        nothing = admin.put(f"/api/exchanges/{NOBODY}/pin").status_code

    assert (204, ["pinned"]) == pinned
    assert (204, []) == unpinned
    assert 404 == nothing


def test_pins_are_for_admins(inspector: Inspector, viewer: httpx.Client) -> None:
    path = f"/api/exchanges/{inspector.find('status:201')}"

    assert 403 == viewer.put(f"{path}/pin").status_code
    assert "pinned" not in inspector.get(path)["marks"]


def test_the_words_of_a_query_are_marked(viewer: httpx.Client) -> None:
    query = (
        'card "gift card" -nope status:500 resp.body:*time* resp.json.code:E_T req.json.a:x*yz resp.json.n:5'
    )
    found = viewer.get("/api/highlights", params={"q": query}).json()

    assert [("card", True), ("gift card", True), ("yz", False)] == _marks(found["request"])
    assert [("card", True), ("gift card", True), ("time", False), ("E_T", True)] == _marks(found["response"])
    assert 400 == viewer.get("/api/highlights", params={"q": "status:("}).status_code


def _marks(found: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [(each["text"], each["whole"]) for each in found]
