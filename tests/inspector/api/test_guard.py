"""Who comes in over the network: tokens, roles, host names, other sites' pages; and what goes out with it."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple
from urllib.parse import urlsplit

import httpx
import pytest

from otel_bridge.asgi import split_endpoint
from otel_bridge.inspector.api.guard import HEADERS
from tests.inspector.pages.inspector import Inspector
from tests.inspector.pages.program import ADMIN, VIEWER
from tests.loops import LIMIT


@pytest.fixture
def browser(inspector: Inspector) -> Iterator[httpx.Client]:
    """Keeps cookies, sends no token of its own."""
    with httpx.Client(base_url=inspector.url, timeout=LIMIT) as client:
        yield client


@pytest.fixture
def some_id(inspector: Inspector) -> str:
    return inspector.find("environment:production")


def test_without_a_token_nothing_is_told(stranger: httpx.Client, some_id: str) -> None:
    for path in ("search", "status", "live", "openapi.json", f"exchanges/{some_id}", "no/such/thing"):
        answer = stranger.get(f"/api/{path}")

        assert (401, "Bearer") == (answer.status_code, answer.headers["www-authenticate"])
        assert ["error"] == list(answer.json())


@pytest.mark.parametrize(
    "given", [f"Basic {ADMIN}", "Bearer", "Bearer admin", f"Bearer {ADMIN} x", "Bearer \xff"]
)
def test_what_is_no_token_opens_nothing(stranger: httpx.Client, given: str) -> None:
    answer = stranger.get("/api/me", headers=[(b"authorization", given.encode("latin-1"))])

    assert 401 == answer.status_code


def test_a_viewer_changes_nothing(viewer: httpx.Client, inspector: Inspector, some_id: str) -> None:
    refused = [
        viewer.request(method, f"/api/exchanges/{some_id}/pin")
        for method in ("PUT", "DELETE", "POST", "PATCH")
    ]

    assert [403] * 4 == [answer.status_code for answer in refused]
    assert "role admin" in refused[0].json()["error"]
    assert some_id not in [row["id"] for row in inspector.get("/api/search", q="is:pinned")["rows"]]
    assert 204 == viewer.post("/api/test-request").status_code


def test_an_admin_pins_and_unpins(inspector: Inspector, some_id: str) -> None:
    path = f"/api/exchanges/{some_id}/pin"

    assert 204 == inspector.client.put(path).status_code
    assert [some_id] == [row["id"] for row in inspector.get("/api/search", q="is:pinned")["rows"]]
    assert 204 == inspector.client.delete(path).status_code
    assert [] == inspector.get("/api/search", q="is:pinned")["rows"]
    assert 404 == inspector.client.put(f"/api/exchanges/{'0' * 32}/pin").status_code


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1", 200),
        ("127.0.0.1:1", 200),
        ("evil.example", 421),
        ("127.0.0.1.evil.example", 421),
        ("evil.example:4380", 421),
        ("[::1]:4380", 421),
        ("127.0.0.1:x", 421),
        ("", 421),
    ],
)
def test_answers_only_to_its_own_names(inspector: Inspector, host: str, status: int) -> None:
    for path in ("/api/me", "/", "/static/app.js"):
        assert status == inspector.client.get(path, headers={"host": host}).status_code


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 204),
        ({"sec-fetch-site": "same-origin"}, 204),
        ({"sec-fetch-site": "none"}, 204),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
        ({"origin": "http://evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": "http://127.0.0.1:1"}, 403),
    ],
)
def test_a_page_of_another_site_writes_nothing(
    inspector: Inspector, some_id: str, headers: dict[str, str], status: int
) -> None:
    answer = inspector.client.delete(f"/api/exchanges/{some_id}/pin", headers=headers)

    assert status == answer.status_code


def test_our_own_page_may_write(inspector: Inspector, some_id: str) -> None:
    answer = inspector.client.delete(f"/api/exchanges/{some_id}/pin", headers={"origin": inspector.url})

    assert 204 == answer.status_code


def test_a_cross_site_log_in_is_refused(browser: httpx.Client) -> None:
    answer = browser.post("/login", json={"token": VIEWER}, headers={"sec-fetch-site": "cross-site"})

    assert (403, 0) == (answer.status_code, len(browser.cookies))


def test_logs_in_and_out(browser: httpx.Client) -> None:
    wrong = browser.post("/login", json={"token": "wrong"})
    right = browser.post("/login", json={"token": VIEWER})
    told = right.headers["set-cookie"]
    me = browser.get("/api/me").json()
    out = browser.post("/logout")

    assert (401, 204, 204) == (wrong.status_code, right.status_code, out.status_code)
    assert "set-cookie" not in wrong.headers
    assert {"HttpOnly", "SameSite=strict"} <= set(told.split("; "))
    assert VIEWER not in told
    assert "viewer" == me["role"]
    assert 0 == len(browser.cookies)
    assert 401 == browser.get("/api/me").status_code


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b'{"token":1}',
        rb'{"token":"\ud800"}',
        b"[" * 100_000,
        b'{"token":"' + b"x" * 10**6,
    ],
)
def test_a_log_in_that_is_none_is_refused(browser: httpx.Client, content: bytes) -> None:
    answer = browser.post("/login", content=content, headers={"content-type": "application/json"})

    assert answer.status_code in (400, 401)
    assert 0 == len(browser.cookies)


def test_a_link_with_a_token_logs_in_and_the_address_loses_it(browser: httpx.Client) -> None:
    answer = browser.get("/stats", params={"q": "status:5xx", "token": VIEWER, "range": "1h"})

    assert (303, "/stats?q=status%3A5xx&range=1h") == (answer.status_code, answer.headers["location"])
    assert "viewer" == browser.get("/api/me").json()["role"]


def test_a_link_with_a_wrong_token_shows_the_page_all_the_same(browser: httpx.Client) -> None:
    answer = browser.get("/?token=wrong")

    assert (303, "/") == (answer.status_code, answer.headers["location"])
    assert 0 == len(browser.cookies)


def test_no_link_leads_elsewhere(inspector: Inspector) -> None:
    for path in ("//evil.example/?token=x", "/x//evil.example?token=x", "/\\evil.example?token=x"):
        location = _raw(inspector, path).location

        assert urlsplit(location).netloc == ""
        assert not location.startswith(("//", "/\\"))


def test_every_answer_says_what_browsers_may_do_with_it(stranger: httpx.Client, inspector: Inspector) -> None:
    answers = [
        stranger.get("/"),
        stranger.get("/x/anything"),
        stranger.get("/static/app.js"),
        stranger.get("/static/none.js"),
        stranger.get("/api/me"),
        stranger.get("/", headers={"host": "evil.example"}),
        inspector.client.get("/api/search"),
        inspector.client.get("/api/search?q=("),
        inspector.client.get("/api/none"),
    ]

    assert [200, 200, 200, 404, 401, 421, 200, 400, 404] == [answer.status_code for answer in answers]
    for answer in answers:
        assert HEADERS == {name: answer.headers.get(name) for name in HEADERS}
    assert "frame-ancestors 'none'" in HEADERS["content-security-policy"]
    assert "DENY" == HEADERS["x-frame-options"]


@pytest.mark.parametrize(
    "path",
    [
        "/static/../serve.py",
        "/static/..%2f..%2fserve.py",
        "/static/%2e%2e/%2e%2e/serve.py",
        "/static/..\\..\\serve.py",
        "/static//etc/passwd",
        "/static/%2fetc%2fpasswd",
        "/static/....//....//serve.py",
        "/static/app.js%00.html",
        "/static/",
        "/static/lib",
        "/static",
        "/api/exchanges/..%2f..%2fstatus",
        "/api/exchanges/../../etc/passwd",
        "/x/../../etc/passwd",
    ],
)
def test_no_path_leads_out(inspector: Inspector, path: str) -> None:
    answer = _raw(inspector, path)

    assert answer.status in (200, 400, 404)
    assert b"root:" not in answer.body
    assert b"import" not in answer.body
    # The one document of all pages, and nothing else.
    assert answer.status != 200 or b"<!doctype html>" in answer.body.lower()


def test_a_body_is_never_more_than_a_download(inspector: Inspector) -> None:
    found = inspector.find("environment:production has:resp.body")
    for path in (f"/api/exchanges/{found}/body/response", f"/api/exchanges/{found}/curl"):
        answer = inspector.client.get(path)

        assert 200 == answer.status_code
        assert "sandbox; default-src 'none'" == answer.headers["content-security-policy"]
        assert "nosniff" == answer.headers["x-content-type-options"]
        assert "no-store" == answer.headers["cache-control"]
        assert answer.headers["content-type"] in ("application/octet-stream", "text/plain; charset=utf-8")
    download = inspector.client.get(f"/api/exchanges/{found}/body/response")
    assert f'attachment; filename="{found}-response.bin"' == download.headers["content-disposition"]


class _Answer(NamedTuple):
    status: int
    location: str
    body: bytes


def _raw(inspector: Inspector, path: str) -> _Answer:
    """GET *path* as it stands, as an admin; clients mend paths otherwise."""
    host, port = split_endpoint(inspector.url.removeprefix("http://"))
    with closing(http.client.HTTPConnection(host, port, timeout=LIMIT)) as connection:
        connection.putrequest("GET", path)
        connection.putheader("authorization", f"Bearer {ADMIN}")
        connection.endheaders()
        answer = connection.getresponse()
        return _Answer(answer.status, answer.headers.get("location", "/"), answer.read())
