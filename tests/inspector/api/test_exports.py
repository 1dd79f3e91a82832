"""Traffic that leaves over the API: as files, and for good."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import httpx
import pytest

from otel_bridge.mapping.exchange import HttpExchange
from otel_bridge.otlp import files
from tests.bridge import eventually
from tests.inspector.api.test_exchanges import NOBODY, body_of
from tests.inspector.export.recorded import mapped
from tests.inspector.pages.inspector import Inspector

KONGS = "environment:production"


def _export(client: httpx.Client, form: str, query: str = KONGS, **more: Any) -> httpx.Response:
    return client.get("/api/export", params={"q": query, "format": form, **more})


COUNTED: dict[str, Callable[[bytes], int]] = {
    "har": lambda body: len(json.loads(body)["log"]["entries"]),
    "ndjson": lambda body: len([json.loads(line) for line in body.splitlines()]),
    "otlp": lambda body: len(mapped(files.read(body).requests)),
    "csv": lambda body: len(list(csv.DictReader(io.StringIO(body.decode())))),
}


@pytest.mark.parametrize("form", COUNTED)
def test_all_that_was_found_leaves_as_a_file(
    viewer: httpx.Client, truth: Sequence[HttpExchange], form: str
) -> None:
    answer = _export(viewer, form)

    assert 200 == answer.status_code
    assert len(truth) == COUNTED[form](answer.content) == int(answer.headers["x-total-count"])
    assert answer.headers["content-disposition"].startswith('attachment; filename="traffic-20')
    assert "sandbox; default-src 'none'" == answer.headers["content-security-policy"]


def test_a_file_has_what_the_search_has_in_its_order(inspector: Inspector, viewer: httpx.Client) -> None:
    rows = inspector.get("/api/search", q=f"{KONGS} status:2xx", limit=500)["rows"]
    lines = _export(viewer, "ndjson", f"{KONGS} status:2xx").text.splitlines()
    middle = rows[len(rows) // 2]["started"]
    older = _export(viewer, "ndjson", f"{KONGS} status:2xx", to=middle).text.splitlines()

    assert [row["id"] for row in rows] == [json.loads(line)["id"] for line in lines]
    assert [row["id"] for row in rows if row["started"] < middle] == [
        json.loads(line)["id"] for line in older
    ]


def test_one_exchange_is_a_har(inspector: Inspector, viewer: httpx.Client) -> None:
    found = inspector.find(f"{KONGS} status:2xx")
    answer = viewer.get(f"/api/exchanges/{found}/har")
    (entry,) = answer.json()["log"]["entries"]

    assert f'attachment; filename="{found}.har"' == answer.headers["content-disposition"]
    assert inspector.get(f"/api/exchanges/{found}")["url"] == entry["request"]["url"]
    assert 404 == viewer.get(f"/api/exchanges/{NOBODY}/har").status_code


def test_a_faulty_query_is_refused_before_anything_is_sent(viewer: httpx.Client) -> None:
    answer = _export(viewer, "har", "status:2xx (")

    assert (400, 12) == (answer.status_code, answer.json()["start"])
    assert 400 == _export(viewer, "pdf").status_code


def test_the_log_says_who_took_what_away(inspector: Inspector, viewer: httpx.Client) -> None:
    _export(viewer, "csv", "path:/nobody-asked-for-this-before")

    def ended() -> bool:
        lines = [line for line in inspector.log().splitlines() if "nobody-asked-for-this" in line]
        return len(lines) == 2 and all("role=viewer" in line and "format=csv" in line for line in lines)

    eventually(ended, "two lines")
    assert "exchanges=0" in inspector.log()


def test_a_reader_who_leaves_ends_the_export(empty_inspector: Inspector) -> None:
    for _ in range(40):
        empty_inspector.post_entry(body_of("/large", bytes(1 << 20), "application/octet-stream"))
    params = {"format": "ndjson"}
    with empty_inspector.client.stream("GET", "/api/export", params=params) as answer:
        next(answer.iter_raw())

    eventually(lambda: "complete=False" in empty_inspector.log(), "the end of the export")
    (line,) = (line for line in empty_inspector.log().splitlines() if "an export ended" in line)
    read = int(line.split("exchanges=")[1].split()[0])

    assert 0 < read < 40


def test_an_admin_erases_and_a_viewer_does_not(inspector: Inspector, viewer: httpx.Client) -> None:
    for number in range(3):
        inspector.post_entry(body_of(f"/forget/{number}", b"{}", "application/json"))
    inspector.client.put(f"/api/exchanges/{inspector.find('path:/forget/0')}/pin")
    what = {"q": "path:/forget/*"}
    refused = viewer.post("/api/erase", json=what)
    told = inspector.client.post("/api/erase", json={**what, "dry_run": True}).json()
    still = len(inspector.get("/api/search", q=what["q"])["rows"])
    done = inspector.client.post("/api/erase", json=what).json()
    left = inspector.get("/api/search", q=what["q"])["rows"]

    assert 403 == refused.status_code
    assert (3, 1, True) == (told["exchanges"], told["pinned"], told["dry_run"])
    assert 3 == still
    assert (3, 1, False) == (done["exchanges"], done["pinned"], done["dry_run"])
    assert [] == left
    (line,) = (line for line in inspector.log().splitlines() if "traffic was erased" in line)
    assert "exchanges=3" in line
    assert "query=path:/forget/*" in line
    assert "role=admin" in line


@pytest.mark.parametrize("wrong", [{}, {"q": "("}, {"q": "", "from": -1}, {"q": "", "force": True}])
def test_what_is_not_clear_is_not_erased(inspector: Inspector, wrong: dict[str, Any]) -> None:
    assert 400 == inspector.client.post("/api/erase", json=wrong).status_code


def test_nobody_exports_or_erases_without_a_token(stranger: httpx.Client, inspector: Inspector) -> None:
    elsewhere = {"sec-fetch-site": "cross-site"}

    assert 401 == _export(stranger, "har").status_code
    assert 401 == stranger.post("/api/erase", json={"q": ""}).status_code
    assert 403 == inspector.client.post("/api/erase", json={"q": ""}, headers=elsewhere).status_code
