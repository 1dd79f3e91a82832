"""Searching and counting over HTTP, against what was posted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from otel_bridge.formats import alf
from otel_bridge.mapping.exchange import HttpExchange
from tests.inspector.pages.inspector import Inspector
from tests.inspector.pages.program import VIEWER
from tests.inspector.pages.test_traffic import an_entry

ALL = "environment:production"
"""What `truth` holds, and nothing that tests add."""


@pytest.fixture
def rows(inspector: Inspector) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = inspector.get("/api/search", q=ALL, limit=500)["rows"]
    return found


def test_finds_all_that_was_posted(truth: Sequence[HttpExchange], rows: list[dict[str, Any]]) -> None:
    expected = Counter((each.method, each.status, urlsplit(each.url).path, each.service) for each in truth)

    assert expected == Counter((row["method"], row["status"], row["path"], row["service"]) for row in rows)


@pytest.mark.parametrize("limit", [1, 7])
def test_pages_by_key_have_each_exchange_once_in_order(
    inspector: Inspector, rows: list[dict[str, Any]], limit: int
) -> None:
    found: list[dict[str, Any]] = []
    before: dict[str, int] = {}
    while True:
        page = inspector.get("/api/search", q=ALL, limit=limit, **before)
        found += page["rows"]
        assert page["complete"]
        if page["next"] is None:
            break
        before = {"before": page["next"]}

    assert [row["id"] for row in rows] == [row["id"] for row in found]
    assert sorted((row["position"] for row in rows), reverse=True) == [row["position"] for row in found]


def test_what_arrives_between_two_pages_moves_neither(inspector: Inspector) -> None:
    def post(*paths: str) -> None:
        entries = [orjson.dumps(an_entry(path, service="paging")) for path in paths]
        inspector.post_alf(alf.document(entries, service_token="t", environment=None))

    post("/1", "/2", "/3", "/4")
    first = inspector.get("/api/search", q="service:paging", limit=2)
    post("/5", "/6")
    second = inspector.get("/api/search", q="service:paging", limit=2, before=first["next"])

    assert ["/4", "/3"] == [row["path"] for row in first["rows"]]
    assert ["/2", "/1"] == [row["path"] for row in second["rows"]]


def test_a_period_has_its_start_and_not_its_end(inspector: Inspector, rows: list[dict[str, Any]]) -> None:
    times = sorted({row["started"] for row in rows})
    start, end = times[1], times[-1]
    found = inspector.get("/api/search", q=ALL, limit=500, **{"from": start, "to": end})["rows"]

    assert [row["id"] for row in rows if start <= row["started"] < end] == [row["id"] for row in found]


@pytest.mark.parametrize("path", ["search", "histogram", "facets", "dashboard", "live", "highlights"])
def test_a_wrong_query_is_a_fault_with_its_columns(inspector: Inspector, path: str) -> None:
    answer = inspector.client.get(f"/api/{path}", params={"q": "status:5xx duration:>"})

    assert 400 == answer.status_code
    assert (20, 21) == (answer.json()["start"], answer.json()["end"])
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("search", {"limit": 0}),
        ("search", {"limit": 501}),
        ("search", {"before": -1}),
        ("search", {"before": 2**53}),
        ("search", {"from": "now"}),
        ("search", {"from": "1e3"}),
        ("search", {"to": 10**30}),
        ("search", {"q": "x" * 8193}),
        ("histogram", {"bars": 0}),
        ("histogram", {"bars": 10**9}),
        ("facets", {"fields": "status,secrets"}),
        ("complete", {"cursor": -1}),
        ("edit", {"field": "status"}),
        ("edit", {"field": "no.such", "value": "1"}),
        ("edit", {"field": "status", "value": "{", "literal": True}),
        ("edit", {"field": "resp.json", "value": "1", "steps": "["}),
        ("edit", {"field": "status", "value": "1", "q": "("}),
        ("paste", {"text": "x" * 16_385}),
        ("exchanges/" + "z" * 32, {}),
    ],
)
def test_a_wrong_parameter_is_a_fault_in_words(
    inspector: Inspector, path: str, params: dict[str, Any]
) -> None:
    answer = inspector.client.get(f"/api/{path}", params=params)

    assert 400 == answer.status_code, answer.text
    assert len(answer.json()["error"]) > 5


def test_bars_add_up_to_the_truth(inspector: Inspector, rows: list[dict[str, Any]]) -> None:
    period = {"from": min(row["started"] for row in rows), "to": max(row["started"] for row in rows) + 1}
    found = inspector.get("/api/histogram", q=ALL, bars=50, **period)
    classes = Counter(f"{row['status'] // 100}xx" if row["status"] else "none" for row in rows)
    starts = [bar["start"] for bar in found["bars"]]

    assert len(rows) == found["total"]
    assert classes == +sum((Counter(bar["counts"]) for bar in found["bars"]), Counter())
    assert len(starts) <= 50
    assert {found["step"]} >= {later - earlier for earlier, later in pairwise(starts)}
    for bar in found["bars"]:
        held = [row for row in rows if bar["start"] <= row["started"] < bar["start"] + found["step"]]
        assert len(held) == sum(bar["counts"].values())


@pytest.mark.parametrize("field", ["status", "method", "service", "route", "consumer", "host"])
def test_facets_are_the_truth(inspector: Inspector, rows: list[dict[str, Any]], field: str) -> None:
    facet = inspector.get("/api/facets", q=ALL, fields=field)["fields"][field]
    expected = Counter(str(row[field]) for row in rows)
    shown = {each["value"]: each["count"] for each in facet["values"]}

    assert shown == {value: count for value, count in expected.items() if value in shown}
    assert [each["count"] for each in facet["values"]] == sorted(shown.values(), reverse=True)
    assert len(rows) == sum(shown.values()) + facet["others"]


def test_the_dashboard_is_the_truth(inspector: Inspector, rows: list[dict[str, Any]]) -> None:
    found = inspector.get("/api/dashboard", q=ALL)
    now = found["now"]
    times = sorted(row["duration"] for row in rows if row["duration"] is not None)

    assert (len(rows), sum(not 0 < row["status"] < 500 for row in rows)) == (now["count"], now["errors"])
    assert sum(times) / len(times) == pytest.approx(now["mean"], abs=1)
    for share, name in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
        # Between the two that the share falls between, and as exact as the buckets are.
        place = share * (len(times) - 1)
        low, high = times[int(place)], times[min(int(place) + 1, len(times) - 1)]
        assert low * 0.94 <= now[name] <= high * 1.06, name
    assert sum(row["request_size"] or 0 for row in rows) == now["request_bytes"]
    assert sum(row["response_size"] or 0 for row in rows) == now["response_bytes"]
    assert len(rows) == sum(point["count"] for point in found["points"])
    assert Counter(row["consumer"] for row in rows) == {
        each["name"]: each["count"] for each in found["consumers"]
    }
    assert Counter(row["client"] for row in rows) == {
        each["name"]: each["count"] for each in found["clients"]
    }
    counts = [each["count"] for each in found["busiest"]]
    assert sorted(counts, reverse=True) == counts
    failing = sum(each["errors"] for each in found["failing"])
    assert failing <= now["errors"]
    assert all(each["errors"] for each in found["failing"])


def test_completes_fields_and_then_values_with_their_counts(
    inspector: Inspector, rows: list[dict[str, Any]]
) -> None:
    fields = inspector.get("/api/complete", q="-(serv")
    values = inspector.get("/api/complete", q="status:200 service:o")
    within = inspector.get("/api/complete", q="serv status:200", cursor=4)

    assert (2, 6) == (fields["start"], fields["end"])
    assert "service:" in [each["insert"] for each in fields["items"]]
    assert (0, 4) == (within["start"], within["end"])
    [orders] = [each for each in values["items"] if each["label"] == "orders"]
    assert sum(row["service"] == "orders" for row in rows) == orders["count"]


def test_what_it_completes_is_a_query(inspector: Inspector) -> None:
    for field in ("status", "method", "service", "route", "host"):
        for item in inspector.get("/api/complete", q=f"{field}:")["items"]:
            assert inspector.get("/api/check", q=f"{field}:{item['insert']}")["ok"], item


def test_lists_what_queries_can_name(inspector: Inspector) -> None:
    fields = inspector.get("/api/fields")["fields"]

    assert {"status", "duration", "service", "req.header", "resp.json"} <= {each["name"] for each in fields}
    assert all(inspector.get("/api/check", q=each["example"])["ok"] for each in fields)


@pytest.mark.parametrize(
    ("q", "told"),
    [
        ("status:5XX   OR  status:4xx", {"ok": True}),
        ("status:", {"ok": False, "start": 0, "end": 7}),
        ("(", {"ok": False}),
        ("", {"ok": True, "canonical": ""}),
    ],
)
def test_checks_a_query(inspector: Inspector, q: str, told: dict[str, Any]) -> None:
    found = inspector.get("/api/check", q=q)

    assert told == {name: found[name] for name in told}
    assert found["ok"] == (found["error"] is None)


@pytest.mark.parametrize(
    ("params", "q"),
    [
        ({"field": "status", "value": "503"}, "status:503"),
        ({"field": "status", "value": "503", "exclude": True}, "-status:503"),
        ({"q": "method:GET", "field": "service", "value": 'a "b"'}, 'method:GET service:"a \\"b\\""'),
        ({"q": "a OR b", "field": "method", "value": "GET"}, "(a OR b) method:GET"),
        ({"field": "req.header", "argument": "x-id", "value": "1"}, "req.header.x-id:1"),
        (
            {"field": "resp.json", "steps": '["a", 0]', "value": "true", "literal": True},
            "resp.json.a[0]:true",
        ),
    ],
)
def test_a_click_on_a_value_makes_a_query(inspector: Inspector, params: dict[str, Any], q: str) -> None:
    assert q == inspector.get("/api/edit", **params)["q"]
    assert inspector.get("/api/check", q=q)["ok"]


def test_what_was_pasted_finds_its_exchange(inspector: Inspector, rows: list[dict[str, Any]]) -> None:
    whole = inspector.get(f"/api/exchanges/{rows[0]['id']}")
    trace, span = whole["trace_id"], whole["span_id"]
    for text in (trace, f"00-{trace}-{span}-01", f"curl -X {whole['method']} '{whole['url']}'", whole["url"]):
        q = inspector.get("/api/paste", text=text)["q"]

        assert rows[0]["id"] in [row["id"] for row in inspector.get("/api/search", q=q, limit=500)["rows"]]
    assert inspector.get("/api/paste", text="just words")["q"] is None


def test_a_viewer_reads_all_of_it(viewer: httpx.Client, rows: list[dict[str, Any]]) -> None:
    paths = ("search", "histogram", "facets", "dashboard", "fields", "status", f"exchanges/{rows[0]['id']}")

    assert [200] * len(paths) == [viewer.get(f"/api/{path}").status_code for path in paths]
    assert "viewer" == viewer.get("/api/me").json()["role"]
    assert VIEWER not in viewer.get("/api/status").text


QUERY_BOMBS: dict[str, Callable[[], str]] = {
    "alternatives": lambda: " OR ".join(["a"] * 1_000),
    "brackets": lambda: "(" * 4_000 + "a" + ")" * 4_000,
    "negations": lambda: "-" * 8_000 + "a",
    "nots": lambda: "NOT " * 2_000 + "a",
    "stars": lambda: "path:" + "*a" * 2_000,
    "substrings": lambda: " ".join(["*a*"] * 1_000),
    "pattern": lambda: "path:/(a*)*(a*)*(a|a)*" + "b" * 100 + "/",
    "repeats": lambda: "resp.body:/((a{1,100}){1,100}){1,100}/",
    "json": lambda: "resp.json" + ".a" * 4_000 + ":1",
    "quotes": lambda: '"' * 8_000,
    "unicode": lambda: "\U0001f600" * 4_000,
}


@pytest.mark.parametrize("bomb", QUERY_BOMBS)
def test_no_query_takes_long_or_breaks_anything(inspector: Inspector, bomb: str) -> None:
    q = QUERY_BOMBS[bomb]()
    answers = [
        inspector.client.get(f"/api/{path}", params={"q": q})
        for path in ("search", "histogram", "facets", "dashboard", "check", "complete", "highlights")
    ]

    assert {answer.status_code for answer in answers} <= {200, 400}
    assert 200 == inspector.client.get("/api/me").status_code
