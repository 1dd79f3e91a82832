"""The alerts by the API: rules, what they find in traffic that arrives, quiet, history, metrics."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from otel_bridge.inspector.alerts.book import FILE_NAME, AlertBook
from otel_bridge.inspector.alerts.metrics import ROWS
from otel_bridge.inspector.alerts.rule import Count, Rule
from tests.bridge import eventually
from tests.inspector.pages.inspector import Inspector
from tests.inspector.pages.program import VIEWER
from tests.inspector.pages.test_traffic import an_entry

RULE = {
    "name": "Shop fails",
    "when": "status:5xx service:shop",
    "matches": 3,
    "within": "5m",
    "per": "consumer",
}


@pytest.fixture(scope="module")
def shop() -> Iterator[Inspector]:
    """Of this module alone: rules would fire on what other tests post."""
    with Inspector() as started:
        yield started


@pytest.fixture
def rule(shop: Inspector) -> Iterator[dict[str, Any]]:
    made = shop.client.post("/api/alerts/rules", json=RULE)
    assert made.status_code == 201, made.text
    yield made.json()
    shop.client.delete(f"/api/alerts/rules/{made.json()['id']}")


def post(shop: Inspector, status: int, consumer: str, times: int = 1) -> None:
    for _ in range(times):
        shop.post_entry(an_entry(status=status, consumer=consumer))


def firing(shop: Inspector, rule: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = shop.get("/api/alerts/firing")["firings"]
    return [each for each in found if each["rule_id"] == rule["id"]]


def test_the_rules_about_the_bridge_itself_are_there_from_the_start(shop: Inspector) -> None:
    built_in = [each for each in shop.get("/api/alerts")["rules"] if each["origin"] == "built-in"]

    assert ["No traffic"] == [each["name"] for each in built_in]


def test_a_rule_is_told_as_it_was_written(shop: Inspector, rule: dict[str, Any]) -> None:
    found = shop.get(f"/api/alerts/rules/{rule['id']}")["rule"]

    assert RULE["when"] == found["document"]["when"]
    assert (3, 300) == (found["document"]["matches"], found["document"]["within"])
    assert (
        "When status:5xx service:shop matches 3 times in 5 minutes per consumer, notify nobody"
        == found["sentence"]
    )


def test_traffic_makes_its_group_fire_and_no_other(shop: Inspector, rule: dict[str, Any]) -> None:
    post(shop, 503, "acme", 3)
    post(shop, 503, "globex", 2)
    post(shop, 200, "initech", 5)

    eventually(lambda: firing(shop, rule) != [], "the rule fires")

    (only,) = firing(shop, rule)
    assert ("acme", 3, None) == (only["group"], only["matched"], only["ended"])
    assert "3 exchanges matched in 5 minutes (3 or more)" == only["sentence"]
    assert 3 == len(only["samples"])
    assert 503 == shop.get(f"/api/exchanges/{only['samples'][0]}")["status"]
    assert "firing" == shop.get(f"/api/alerts/rules/{rule['id']}")["rule"]["state"]


def test_a_rule_that_is_changed_counts_anew_and_what_fired_is_history(
    shop: Inspector, rule: dict[str, Any]
) -> None:
    post(shop, 500, "acme", 3)
    eventually(lambda: firing(shop, rule) != [], "the rule fires")

    changed = shop.client.put(f"/api/alerts/rules/{rule['id']}", json=RULE | {"matches": 50})

    assert 200 == changed.status_code
    eventually(lambda: firing(shop, rule) == [], "it fires no more")
    (past,) = shop.get("/api/alerts/history", rule=rule["id"])["firings"]
    assert past["started"] <= past["ended"]


def test_a_group_can_be_snoozed_and_woken(shop: Inspector, rule: dict[str, Any]) -> None:
    path = f"/api/alerts/rules/{rule['id']}"

    shop.client.post(f"{path}/snooze", json={"group": "acme", "seconds": 3600}).raise_for_status()
    shop.client.post(f"{path}/snooze", json={"group": None, "seconds": None}).raise_for_status()
    snoozed = shop.get(path)
    shop.client.post(f"{path}/wake", json={"group": "acme"}).raise_for_status()
    shop.client.post(f"{path}/wake", json={"group": None}).raise_for_status()
    woken = shop.get(path)

    assert ["acme"] == [each["group"] for each in snoozed["snoozes"]]
    assert {"group": None, "until": None} == snoozed["rule"]["snooze"]
    assert [] == woken["snoozes"]
    assert woken["rule"]["snooze"] is None


def test_a_rule_is_switched_off_and_on(shop: Inspector, rule: dict[str, Any]) -> None:
    path = f"/api/alerts/rules/{rule['id']}"

    assert "off" == shop.client.patch(path, json={"enabled": False}).json()["state"]
    assert "ok" == shop.client.patch(path, json={"enabled": True}).json()["state"]


def test_a_preview_says_what_a_rule_would_have_found(shop: Inspector) -> None:
    post(shop, 418, "teapot", 4)

    found = shop.client.post(
        "/api/alerts/preview",
        json={"rule": {"name": "Teapots", "when": "status:418", "matches": 2, "per": "consumer"}},
        headers={"authorization": f"Bearer {VIEWER}"},
    ).json()

    assert ["teapot"] == [each["group"] for each in found["firings"]]
    assert (4, True) == (found["matched"], found["complete"])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"when": "status:teapot"}, "status"),
        ({"matches": 0}, "matches"),
        ({"share": "5%"}, "matches"),
        ({"within": "1s"}, "within"),
        ({"per": "weather"}, "per: is nothing to group by"),
        ({"notify": ["slack"]}, "slack"),
        ({"runbook": "javascript:alert(1)"}, "runbook"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_faulty_rule_is_answered_in_words(shop: Inspector, wrong: dict[str, Any], told: str) -> None:
    answer = shop.client.post("/api/alerts/rules", json=RULE | wrong)

    assert 400 == answer.status_code
    assert told in answer.json()["error"]


def test_two_rules_have_two_names(shop: Inspector, rule: dict[str, Any]) -> None:
    assert 409 == shop.client.post("/api/alerts/rules", json=RULE).status_code


def test_a_viewer_reads_and_changes_nothing(shop: Inspector, rule: dict[str, Any]) -> None:
    headers = {"authorization": f"Bearer {VIEWER}"}
    with httpx.Client(base_url=shop.url, headers=headers, timeout=30) as viewer:
        path = f"/api/alerts/rules/{rule['id']}"

        assert 200 == viewer.get("/api/alerts").status_code
        assert 200 == viewer.get(path).status_code
        assert 403 == viewer.post("/api/alerts/rules", json=RULE).status_code
        assert 403 == viewer.delete(path).status_code
        assert 403 == viewer.patch(path, json={"enabled": False}).status_code
        assert 403 == viewer.post(f"{path}/snooze", json={}).status_code
        assert 403 == viewer.post("/api/alerts/test", json={"channel": "slack"}).status_code


def test_a_built_in_rule_can_be_quieted_but_not_rewritten(shop: Inspector) -> None:
    (built_in,) = [each for each in shop.get("/api/alerts")["rules"] if each["origin"] == "built-in"]
    path = f"/api/alerts/rules/{built_in['id']}"

    assert 409 == shop.client.put(path, json=RULE).status_code
    assert 409 == shop.client.delete(path).status_code
    assert 3600 == shop.client.patch(path, json={"cooldown": 3600}).json()["cooldown"]


def test_a_built_in_rule_is_told_how_often_in_the_words_of_rules(shop: Inspector) -> None:
    path = "/api/alerts/rules/0000000000000001"

    assert 1800 == shop.client.patch(path, json={"cooldown": "30m"}).json()["cooldown"]
    answer = shop.client.patch(path, json={"notify": ["slack"]})
    assert (400, True) == (answer.status_code, "no channel slack" in answer.json()["error"])


@pytest.fixture
def odd(shop: Inspector) -> Iterator[Rule]:
    """A rule of another version: this one can't read its query, and does not know its channel."""
    rule = Rule(
        id="00000000000000ff",
        name="From elsewhere",
        query="status:teapot",
        condition=Count(1),
        window=60,
        channels=("smoke",),
    )
    book = AlertBook(shop.kept / FILE_NAME)
    book.put(rule)
    yield rule
    book.remove(rule.id)
    book.close()


def test_a_rule_that_cannot_be_used_says_why_and_can_be_switched_off(shop: Inspector, odd: Rule) -> None:
    path = f"/api/alerts/rules/{odd.id}"
    eventually(lambda: shop.get(path)["rule"]["state"] == "suspended", "it is seen")

    assert odd.name in [each["name"] for each in shop.get("/api/alerts")["rules"]]
    assert "the query can't be read, at column" in shop.get(path)["rule"]["why"]
    assert "off" == shop.client.patch(path, json={"enabled": False}).json()["state"]


def test_many_groups_that_fire_are_counted_and_the_newest_listed(
    shop: Inspector, rule: dict[str, Any]
) -> None:
    before = shop.get("/api/alerts/firing")["total"]
    groups = [f"customer-{number}" for number in range(5)]
    for group in groups:
        post(shop, 503, group, 3)
    path = f"/api/alerts/rules/{rule['id']}"
    eventually(lambda: shop.get(path)["rule"]["firing"] == len(groups), "all of them fire")

    found = shop.get("/api/alerts/firing", limit=2)

    assert (2, before + len(groups)) == (len(found["firings"]), found["total"])


def test_what_is_not_there_is_404(shop: Inspector) -> None:
    assert 404 == shop.client.get("/api/alerts/rules/0123456789abcdef").status_code
    assert 404 == shop.client.delete("/api/alerts/rules/0123456789abcdef").status_code
    assert 400 == shop.client.post("/api/alerts/test", json={"channel": "slack/ops"}).status_code


def test_metrics_take_a_token_and_name_the_rules(shop: Inspector, rule: dict[str, Any]) -> None:
    with httpx.Client(base_url=shop.url, timeout=30) as stranger:
        assert 401 == stranger.get("/metrics").status_code
    told = shop.client.get("/metrics").text

    assert 'otel_bridge_alerts_firing{rule="Shop fails"}' in told
    assert all(f"# TYPE {row.exposed_name.removesuffix('_total')}" in told for row in ROWS)
