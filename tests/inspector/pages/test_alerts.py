"""Alerts in a browser: from a search to a rule that fires, is told and ends; quiet; what every page shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.bridge import eventually
from tests.inspector.pages.conftest import OpenPage
from tests.inspector.pages.inspector import Inspector
from tests.inspector.pages.program import VIEWER
from tests.inspector.pages.test_traffic import an_entry
from tests.vendor_server import Reply, VendorServer

pytestmark = pytest.mark.field

AN_HOUR_MS = 3_600_000
RULE = {"name": "Shop fails", "when": "status:5xx service:shop", "matches": 3, "per": "consumer"}


@pytest.fixture
def told() -> Iterator[VendorServer]:
    """Who is told."""
    with VendorServer(lambda _: Reply(200)) as server:
        yield server


@pytest.fixture
def shop(told: VendorServer) -> Iterator[Inspector]:
    with Inspector(f"{told.url}/hook") as started:
        yield started


def fail(shop: Inspector, consumer: str, times: int, *, ago: float = 0) -> None:
    """Exchanges that failed, *ago* seconds before now."""
    for _ in range(times):
        entry: dict[str, Any] = an_entry("/pay", 503, consumer=consumer)
        began = datetime.now(UTC) - timedelta(seconds=ago)
        shop.post_entry(entry | {"startedDateTime": began.isoformat(timespec="milliseconds")})


def card(page: Page, title: str | re.Pattern[str]) -> Locator:
    return page.locator(".card").filter(has=page.get_by_role("heading", name=title))


def test_from_a_search_to_a_rule_that_fires_is_told_and_ends(
    shop: Inspector, told: VendorServer, open_page: OpenPage
) -> None:
    fail(shop, "acme", 1, ago=3600)
    page = open_page("/?q=status%3A5xx&range=24h", at=shop)
    page.get_by_role("link", name="Alert on this").click()

    expect(page.get_by_role("combobox", name="Which exchanges")).to_have_value("status:5xx")
    page.get_by_label("How many", exact=True).fill("3")
    page.get_by_label("Within").select_option("1m")
    page.get_by_label("Per what").fill("consumer")
    page.get_by_label("webhook").check()
    page.get_by_label("Name").fill("Payments fail")
    expect(page.get_by_role("heading", name="Would have fired 0 times")).to_be_visible()
    page.get_by_role("button", name="Create").click()

    expect(page.get_by_text("When status:5xx matches 3 times in 1 minute per consumer")).to_be_visible()
    # The window that they are in is over soon.
    fail(shop, "acme", 3, ago=52)
    firing = page.locator(".firing").filter(has_text="acme")
    expect(firing).to_contain_text("3 exchanges matched in 1 minute")
    expect(firing).to_contain_text("delivered to webhook")
    (trigger,) = told.wait_for(1)
    assert "Payments fail" in trigger.body.decode()

    page.get_by_role("link", name="Traffic", exact=True).click()
    strip = page.locator(".strip")
    expect(strip).to_contain_text("Payments fail · acme")
    expect(strip).to_have_count(0, timeout=60_000)
    page.get_by_role("navigation").get_by_role("link", name="Alerts").click()

    past = card(page, "History").locator(".firing").filter(has_text="acme")
    expect(past).to_contain_text("over")
    expect(past).to_contain_text("end to webhook")
    assert 2 == len(told.wait_for(2))


def test_a_preview_says_how_often_a_rule_would_have_fired(shop: Inspector, open_page: OpenPage) -> None:
    fail(shop, "acme", 3, ago=7200)
    fail(shop, "acme", 3, ago=3600)
    fail(shop, "globex", 3, ago=3600)
    page = open_page("/alerts?new=1&q=status%3A5xx", at=shop, expected=("/api/alerts/preview",))

    page.get_by_label("How many", exact=True).fill("3")
    expect(page.get_by_role("heading", name=re.compile("Would have fired 2 times"))).to_be_visible()
    page.get_by_label("Per what").fill("consumer")
    expect(page.get_by_role("heading", name=re.compile("Would have fired 3 times"))).to_be_visible()
    expect(page.locator(".preview-list li")).to_have_count(3)
    expect(page.locator(".matching li")).to_have_count(8)
    page.get_by_label("How many", exact=True).fill("none")
    expect(page.locator(".editor-fault")).to_have_text("The number is not a whole number")


def test_typing_a_query_asks_the_server_now_and_then(shop: Inspector, open_page: OpenPage) -> None:
    page = open_page("/alerts?new=1", at=shop)
    query = "status:5xx service:orders"
    box = page.get_by_role("combobox", name="Which exchanges")
    expect(box).to_be_visible()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    # As one keystroke after the other, without a pause between them.
    box.press_sequentially(query)
    with page.expect_response(re.compile("/api/alerts/preview")):
        pass

    assert len(query) > len([url for url in asked if "/api/" in url])


def test_a_value_and_an_exchange_lead_to_an_alert_on_them(open_page: OpenPage, inspector: Inspector) -> None:
    page = open_page(f"/x/{inspector.find('status:5xx')}")
    page.get_by_role("button", name="Alert on this").click()
    expect(page.get_by_role("combobox", name="Which exchanges")).to_have_value(re.compile("status:5"))

    page.go_back()
    page.locator("button.value").filter(has_text="POST").first.click()
    page.get_by_role("menuitem", name="Alert on this").click()

    expect(page.get_by_role("combobox", name="Which exchanges")).to_have_value("method:POST")


def test_a_group_is_snoozed_and_a_rule_switched_off(shop: Inspector, open_page: OpenPage) -> None:
    made = shop.client.post("/api/alerts/rules", json=RULE).json()
    fail(shop, "acme", 3)
    page = open_page(f"/alerts?rule={made['id']}", at=shop)

    firing = page.locator(".firing").filter(has_text="acme")
    firing.get_by_label("Snooze acme").select_option("for 1 hour")
    expect(firing.get_by_role("button", name="Wake acme")).to_be_visible()
    page.get_by_role("button", name="Switch off").click()
    expect(page.get_by_role("heading", name="Nothing of it fires")).to_be_visible()
    page.goto(f"{shop.url}/alerts")

    expect(page.get_by_role("switch", name="Shop fails is on")).to_have_attribute("aria-checked", "false")
    page.get_by_role("switch", name="Shop fails is on").click()
    expect(page.get_by_role("switch", name="Shop fails is on")).to_have_attribute("aria-checked", "true")


def test_a_rule_is_edited_and_deleted(shop: Inspector, open_page: OpenPage) -> None:
    made = shop.client.post("/api/alerts/rules", json=RULE).json()
    page = open_page(f"/alerts?rule={made['id']}", at=shop)

    page.get_by_role("link", name="Edit").click()
    expect(page.get_by_label("Per what")).to_have_value("consumer")
    page.get_by_label("How it is counted").select_option("in at least")
    page.get_by_label("How many", exact=True).fill("12.5")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("makes up 12.5% or more of at least 20 exchanges")).to_be_visible()
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").click()

    expect(page.get_by_role("heading", name="Nothing fires")).to_be_visible()
    expect(page.get_by_role("link", name="Shop fails")).to_have_count(0)


def test_who_is_told_of_a_built_in_rule_is_chosen_on_its_page(shop: Inspector, open_page: OpenPage) -> None:
    page = open_page("/alerts", at=shop)
    page.get_by_role("link", name="No traffic").click()

    expect(page.locator(".rule-sentence")).to_have_text("When nothing comes for 5 minutes, notify nobody")
    page.get_by_label("webhook").check()
    expect(page.locator(".rule-sentence")).to_have_text("When nothing comes for 5 minutes, notify webhook")
    page.get_by_label("Pause").select_option("6 hours")

    eventually(
        lambda: shop.get("/api/alerts/rules/0000000000000001")["rule"]["cooldown"] == 6 * 3600, "it is kept"
    )
    page.reload()
    expect(page.get_by_label("webhook")).to_be_checked()
    expect(page.get_by_label("Pause")).to_have_value("6h")


def test_names_and_queries_of_any_length_stay_within_the_page(shop: Inspector, open_page: OpenPage) -> None:
    shop.post_entry(an_entry("/pay", 503, consumer="c" * 500))
    long = {"name": "W" * 200, "when": f"path:/{'a' * 3000}", "note": "n" * 2000, "matches": 1}
    made = shop.client.post("/api/alerts/rules", json=long).json()
    page = open_page("/alerts", at=shop, viewport={"width": 700, "height": 900})

    for path in ("/alerts", f"/alerts?rule={made['id']}", f"/alerts?edit={made['id']}"):
        page.goto(shop.url + path)
        expect(page.get_by_text("W" * 200).first).to_be_visible()
        assert 700 == page.evaluate("document.documentElement.scrollWidth")
    page.goto(f"{shop.url}/alerts?new=1&q=status%3A5xx")
    expect(page.locator(".matching li")).to_have_count(1)
    assert 700 == page.evaluate("document.documentElement.scrollWidth")


def test_what_others_sent_is_text_wherever_alerts_show_it(shop: Inspector, open_page: OpenPage) -> None:
    group = "<img src=x onerror=alert(1)> \"';"
    made = shop.client.post("/api/alerts/rules", json=RULE | {"name": "<script>alert(1)</script>"}).json()
    fail(shop, group, 3)
    page = open_page("/", at=shop)
    page.on("dialog", lambda _: pytest.fail("a script ran"))

    expect(page.locator(".strip")).to_contain_text(group)
    for path in ("/alerts", f"/alerts?rule={made['id']}", "/stats"):
        page.goto(shop.url + path)
        expect(page.get_by_text("<img src=x onerror").first).to_be_visible()


def test_a_test_message_goes_through_a_channel(
    shop: Inspector, told: VendorServer, open_page: OpenPage
) -> None:
    page = open_page("/alerts", at=shop)

    page.get_by_role("button", name="Send a test").click()

    expect(page.locator(".toast")).to_contain_text("webhook took the message")
    assert b"test" in told.wait_for(1)[0].body


def test_a_viewer_sees_everything_and_can_change_nothing(shop: Inspector, open_page: OpenPage) -> None:
    made = shop.client.post("/api/alerts/rules", json=RULE).json()
    page = open_page("/alerts", at=shop, token=VIEWER)

    expect(page.get_by_role("link", name="Shop fails")).to_be_visible()
    expect(page.get_by_role("link", name="New alert")).to_have_count(0)
    expect(page.get_by_role("button", name="Send a test")).to_have_count(0)
    expect(page.get_by_role("switch", name="Shop fails is on")).to_be_disabled()
    page.goto(f"{shop.url}/alerts?rule={made['id']}")
    expect(page.get_by_role("heading", name="Shop fails")).to_be_visible()
    expect(page.get_by_role("button", name="Delete")).to_have_count(0)
    page.goto(f"{shop.url}/alerts?new=1")

    expect(page.get_by_role("button", name="Create")).to_be_disabled()


def test_the_dashboard_marks_what_fired(shop: Inspector, open_page: OpenPage) -> None:
    shop.client.post("/api/alerts/rules", json=RULE)
    fail(shop, "acme", 3)
    page = open_page("/", at=shop)
    expect(page.locator(".strip")).to_contain_text("Shop fails")

    page.get_by_role("link", name="Dashboard").click()

    expect(page.locator(".fired")).to_contain_text("Shop fails · acme")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/alerts", "/alerts?new=1&q=status%3A5xx", "/alerts?rule="])
def test_axe_finds_no_serious_fault(
    shop: Inspector, open_page: OpenPage, axe: Callable[[Page], list[str]], path: str, scheme: Any
) -> None:
    made = shop.client.post("/api/alerts/rules", json=RULE).json()
    fail(shop, "acme", 3)
    where = f"{path}{made['id']}" if path.endswith("rule=") else path
    page = open_page(where, at=shop, scheme=scheme, bypass_csp=True)
    expect(page.locator(".badge")).to_be_visible()
    expect(page.locator(".alerts .card").first).to_be_visible()

    assert [] == axe(page)
