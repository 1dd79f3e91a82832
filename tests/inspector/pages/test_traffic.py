"""The traffic page, driven as a person would."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.inspector.pages.conftest import OpenPage
from tests.inspector.pages.inspector import Inspector, recorded

pytestmark = pytest.mark.field

LINES = ".table-body [role=row]"
# The longest time between two frames, in ms.
COUNT_FRAMES = """() => {
    window.longest = 0;
    let last = performance.now();
    const frame = (now) => {
        longest = Math.max(longest, now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


def an_entry(path: str = "/one", status: int = 200, **otel: Any) -> dict[str, Any]:
    """An ALF entry that began now."""
    return {
        "startedDateTime": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "time": 3.5,
        "request": {
            "method": "GET",
            "url": f"http://shop.example.com{path}",
            "httpVersion": "HTTP/1.1",
            "queryString": [],
            "headers": [],
            "headersSize": 20,
            "bodySize": 0,
            "bodyCaptured": False,
        },
        "response": {
            "status": status,
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "headers": [],
            "headersSize": 20,
            "bodySize": 0,
            "bodyCaptured": False,
        },
        "timings": {"send": 0, "wait": 3.5, "receive": 0},
        "_otel": {"service": "shop", "captured": True, **otel},
    }


def query_box(page: Page) -> Any:
    return page.get_by_role("combobox", name="Query")


def test_shows_what_kong_sent_newest_first(open_page: OpenPage) -> None:
    page = open_page("/")

    expect(page.locator(LINES).first).to_be_visible()
    times = page.locator(f"{LINES} [role=gridcell]:first-child").all_inner_texts()

    midnight = times.index(max(times))  # what was before it comes behind
    assert [*times[midnight:], *times[:midnight]] == sorted(times, reverse=True)
    assert len(times) > 10
    expect(page.locator(".volume-line")).to_contain_text(re.compile(r"\d+ exchanges"))


def test_searching_narrows_the_table_and_stands_in_the_url(open_page: OpenPage, inspector: Inspector) -> None:
    page = open_page("/")
    wanted = inspector.get("/api/search", q="status:5xx", limit=500)["rows"]

    query_box(page).fill("status:5xx")
    query_box(page).press("Enter")

    expect(page).to_have_url(re.compile(r"q=status%3A5xx"))
    expect(page.locator(".volume-line")).to_contain_text(f"{len(wanted)} exchanges")
    expect(page.locator(f"{LINES} .status").filter(has_not_text=re.compile("^5"))).to_have_count(0)
    assert page.locator(f"{LINES} .status").count() == len(wanted)
    page.reload()
    expect(query_box(page)).to_have_value("status:5xx")


def test_a_wrong_query_is_underlined_where_it_is_wrong(open_page: OpenPage) -> None:
    page = open_page("/")

    query_box(page).fill("status:5xx duration:>")
    query_box(page).press("Enter")

    fault = page.get_by_role("alert").filter(has_text="number")
    expect(fault).to_be_visible()
    expect(fault.locator("u")).to_have_text(">")
    expect(page).not_to_have_url(re.compile("duration"))


def test_completes_fields_and_values_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/")
    box = query_box(page)

    box.press_sequentially("serv")
    page.get_by_role("option", name=re.compile("^service")).first.wait_for()
    box.press("ArrowDown")
    box.press("Enter")
    expect(box).to_have_value("service:")
    page.get_by_role("option", name=re.compile("^orders")).wait_for()
    box.press("ArrowDown")
    box.press("Enter")
    box.press("Enter")

    expect(page).to_have_url(re.compile("service%3A"))


def test_a_pasted_trace_id_becomes_its_filter(open_page: OpenPage, inspector: Inspector) -> None:
    found = inspector.get("/api/search", q="has:trace", limit=1)["rows"][0]
    trace = inspector.get(f"/api/exchanges/{found['id']}")["trace_id"]
    page = open_page("/")

    query_box(page).fill(trace)
    query_box(page).press("Enter")

    expect(page).to_have_url(re.compile(f"trace%3A{trace}"))
    expect(page.locator(LINES)).not_to_have_count(0)


def test_a_click_on_a_value_filters_and_its_minus_leaves_out(open_page: OpenPage) -> None:
    page = open_page("/")

    page.get_by_title("Show only method:POST").click()
    expect(query_box(page)).to_have_value("method:POST")
    page.get_by_label("Leave out method:POST").dispatch_event("click")

    expect(query_box(page)).to_have_value("-method:POST")


def test_dragging_over_the_bars_zooms_in(open_page: OpenPage) -> None:
    page = open_page("/?range=24h&live=0")
    bars = page.locator(".histogram svg")
    bars.wait_for()
    box = bars.bounding_box()
    assert box

    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.99, box["y"] + 20)
    page.mouse.up()

    expect(page).to_have_url(re.compile(r"from=\d{16}&to=\d{16}"))


def test_what_is_found_is_saved_as_a_file(open_page: OpenPage, inspector: Inspector) -> None:
    page = open_page("/?q=status:5xx&live=0")
    wanted = len(inspector.get("/api/search", q="status:5xx", limit=500)["rows"])

    with page.expect_download() as download:
        page.get_by_role("link", name="NDJSON").click()

    assert wanted == len(Path(download.value.path()).read_text().splitlines())


def test_an_exchange_opens_beside_the_table_by_click_and_by_keyboard(open_page: OpenPage) -> None:
    page = open_page("/?live=0")
    page.locator(LINES).first.click()

    side = page.get_by_role("region", name="The chosen exchange")
    expect(side).to_be_visible()
    first = page.url
    page.keyboard.press("j")
    expect(page).not_to_have_url(first)
    page.keyboard.press("k")
    expect(page).to_have_url(first)
    page.keyboard.press("Escape")
    expect(side).not_to_be_visible()


def test_what_arrives_appears_live_and_is_held_back_while_one_reads(
    empty_inspector: Inspector, open_page: OpenPage
) -> None:
    for _ in range(3):
        empty_inspector.post(recorded())
    page = open_page("/", at=empty_inspector)
    page.locator(LINES).first.wait_for()

    empty_inspector.post_entry(an_entry("/live/first"))
    expect(page.locator(LINES).first).to_contain_text("/live/first")
    page.locator(".table-body").evaluate("box => box.scrollTo(0, 600)")
    expect(page.locator(LINES).first).not_to_contain_text("/live/first")
    looked_at = page.locator(LINES).nth(9)
    before = (looked_at.inner_text(), looked_at.bounding_box())
    empty_inspector.post_entry(an_entry("/live/second"))
    expect(page.get_by_role("switch")).to_contain_text("1 new")

    assert before == (looked_at.inner_text(), looked_at.bounding_box())
    page.locator(".table-body").evaluate("box => box.scrollTo(0, 0)")
    expect(page.locator(LINES).first).to_contain_text("/live/second")


def test_an_empty_inspector_waits_for_kong_and_takes_a_test_request(
    empty_inspector: Inspector, open_page: OpenPage
) -> None:
    page = open_page("/", at=empty_inspector)

    expect(page.get_by_role("heading", name="Waiting for Kong")).to_be_visible()
    page.get_by_role("button", name="Send a test request").click()

    expect(page.locator(LINES).first).to_contain_text("/hello")


def test_a_thousand_a_second_keep_the_page_small_and_smooth(
    empty_inspector: Inspector, open_page: OpenPage
) -> None:
    page = open_page("/", at=empty_inspector)
    page.get_by_role("heading", name="Waiting for Kong").wait_for()
    page.evaluate(COUNT_FRAMES)

    # One after the other as fast as they are taken: well over a thousand a second on most machines.
    batch = recorded()
    for _ in range(20):
        empty_inspector.post(exchange._replace(trace_id=os.urandom(16)) for exchange in batch)
    expect(page.locator(LINES).first).to_be_visible()
    expect(page.locator(".volume-line")).to_contain_text(f"{20 * len(batch):,} exchanges")

    assert page.evaluate("document.querySelectorAll('*').length") < 2_000
    assert page.evaluate("longest") < 10_000  # ms; a busy machine takes some of it for others


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["/", "/stats", "/status", "/help"])
def test_axe_finds_no_serious_fault(
    path: str, scheme: Any, open_page: OpenPage, axe: Callable[[Page], list[str]]
) -> None:
    page = open_page(path, scheme=scheme, bypass_csp=True)
    page.wait_for_load_state("networkidle") if path != "/" else page.locator(LINES).first.wait_for()

    assert axe(page) == []


def test_without_a_token_there_is_the_log_in_and_after_it_the_traffic(open_page: OpenPage) -> None:
    page = open_page("/", token="nobody", expected=("401",))

    page.get_by_label("Token").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_have_text("That token is not known here.")
    page.get_by_label("Token").fill("viewer-token")
    page.get_by_role("button", name="Log in").click()
    expect(page.locator(LINES).first).to_be_visible()
    page.goto(page.url.split("?")[0] + "status")
    page.get_by_role("button", name="Log out").click()

    expect(page.get_by_label("Token")).to_be_visible()
