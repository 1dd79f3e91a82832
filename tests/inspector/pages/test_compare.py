"""The page that compares two exchanges, driven as a person would."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

from otel_bridge.mapping.exchange import Body
from tests.inspector.pages.calls import a_call, answering
from tests.inspector.pages.conftest import OpenPage
from tests.inspector.pages.inspector import Inspector

pytestmark = pytest.mark.field

NOBODY = "0" * 32
GOOD = b'{"id":1,"total":20.0,"items":["a","b"],"address":{"city":"Ulm","zip":"89073"}}'
BAD = b'{"total":20.0,"id":2,"items":["a","c","d"],"address":{"city":"Ulm","zip":"89073"},"error":"E"}'


def both(inspector: Inspector, one: str, other: str) -> str:
    return f"/compare?a={inspector.find(one)}&b={inspector.find(other)}"


def section(page: Page, title: str) -> Locator:
    return page.locator(".compare > section").filter(has=page.get_by_role("heading", name=title, exact=True))


def cells(rows: Locator) -> list[list[str]]:
    return [[text.strip() for text in row.locator("td, th").all_inner_texts()] for row in rows.all()]


def test_shows_what_differs_and_folds_what_does_not(inspector: Inspector, open_page: OpenPage) -> None:
    inspector.post([answering("/diff", GOOD), answering("/diff", BAD, status=500, consumer="acme")])
    page = open_page(both(inspector, "path:/diff status:200", "path:/diff status:500"))
    facts = section(page, "Facts").locator("tr[data-state]")
    body = section(page, "Response body").locator("tr")

    expect(facts.filter(has_text="Consumer")).to_have_attribute("data-state", "added")
    assert "Status" == facts.first.locator("th").inner_text()
    expect(body).to_have_count(11)
    assert ['"id": 1,', '"id": 2,'] == cells(body.filter(has_text='"id"'))[0][1:]
    assert ['"error": "E"'] == [cells(body.filter(has_text='"error"'))[0][2]]
    expect(body.filter(has_text='"c"')).to_have_attribute("title", "items[1]")

    page.get_by_role("button", name="··· 1 the same").last.click()
    expect(body.filter(has_text='"city"')).to_have_attribute("data-state", "same")


def test_one_click_compares_with_the_last_success(inspector: Inspector, open_page: OpenPage) -> None:
    page = open_page(f"/x/{inspector.find('status:404 route:orders-route')}")

    page.get_by_role("button", name="Compare with last success").click()

    expect(page.locator(".compare-card .status")).to_have_count(2)
    assert ["200", "404"] == page.locator(".compare-card .status").all_inner_texts()


def test_without_a_success_it_says_so(inspector: Inspector, open_page: OpenPage) -> None:
    page = open_page(f"/x/{inspector.find('path:/gone')}")

    page.get_by_role("button", name="Compare with last success").click()

    expect(page.get_by_text("There is no earlier success on this route")).to_be_visible()


def test_two_are_chosen_one_after_the_other_and_swapped(inspector: Inspector, open_page: OpenPage) -> None:
    first, second = inspector.find("status:504"), inspector.find("status:201")
    page = open_page(f"/x/{first}")

    page.get_by_role("button", name="Compare with …").click()
    page.goto(f"{inspector.url}/x/{second}")
    page.get_by_role("button", name="Compare with the one put aside").click()
    expect(page).to_have_url(re.compile(f"a={first}&b={second}"))
    page.get_by_role("button", name="Swap left and right").click()

    expect(page).to_have_url(re.compile(f"a={second}&b={first}"))
    expect(page.locator(".compare-card .status").first).to_have_text("201")


def test_headers_are_compared_whatever_their_order(inspector: Inspector, open_page: OpenPage) -> None:
    one = (("Accept", "a"), ("X-B", "1"), ("X-B", "2"), ("X-Gone", "1"))
    other = (("x-b", "2"), ("x-b", "1"), ("accept", "b"))
    inspector.post([a_call("/h/1", request_headers=one), a_call("/h/2", request_headers=other)])
    page = open_page(both(inspector, "path:/h/1", "path:/h/2"))
    headers = section(page, "Request headers")

    expect(headers).to_contain_text("2 differences")
    expect(headers.locator("tr[data-state]")).to_have_count(2)
    headers.get_by_role("button", name="Show 1 that is the same").click()
    expect(headers.locator("tr[data-state=same]")).to_have_text(re.compile("X-B"))


def test_other_bodies_are_compared_by_lines(inspector: Inspector, open_page: OpenPage) -> None:
    lines = [f"line {number}" for number in range(40)]
    changed = [*lines[:20], "another", *lines[21:]]
    texts = ["\n".join(each).encode() for each in (lines, changed)]
    inspector.post([answering(f"/lines/{at}", text, "text/plain") for at, text in enumerate(texts)])
    page = open_page(both(inspector, "path:/lines/0", "path:/lines/1"))
    rows = section(page, "Response body").locator("tr")

    expect(rows).to_have_count(9)
    assert ["line 20", "another"] == cells(rows.filter(has_text="another"))[0][1:]
    page.get_by_role("button", name="··· 17 lines the same").click()
    expect(rows).to_have_count(25)


def test_what_can_not_be_compared_says_why(inspector: Inspector, open_page: OpenPage) -> None:
    gone = Body(size=90, omitted="content type")
    inspector.post([answering("/why/1", gone), a_call("/why/2", captured=False, response_headers=())])
    page = open_page(both(inspector, "path:/why/1", "path:/why/2"))
    body = section(page, "Response body")

    expect(body).to_contain_text("On the left: The capture keeps no bodies of this content type")
    expect(body).to_contain_text("On the right: not captured: no capture ran on this exchange")
    expect(section(page, "Request body")).to_contain_text("On the right: not captured")


def test_equal_bodies_are_told_so(inspector: Inspector, open_page: OpenPage) -> None:
    inspector.post([answering(f"/same/{number}", GOOD) for number in (1, 2)])
    page = open_page(both(inspector, "path:/same/1", "path:/same/2"))

    expect(section(page, "Response body")).to_contain_text("Byte for byte the same.")
    expect(section(page, "Request body")).to_contain_text("Neither has one.")


def test_two_large_bodies_are_compared(inspector: Inspector, open_page: OpenPage) -> None:
    texts = [b"[" + b",".join(b'{"n":%d}' % (n * step) for n in range(30_000)) + b"]" for step in (1, 2)]
    inspector.post([answering(f"/large/{at}", text) for at, text in enumerate(texts)])
    page = open_page(both(inspector, "path:/large/0", "path:/large/1"))

    expect(section(page, "Response body").get_by_role("button", name="Show more of")).to_be_visible()
    assert page.evaluate("document.querySelectorAll('*').length") < 10_000


def test_without_two_there_is_help(open_page: OpenPage) -> None:
    page = open_page("/compare")

    expect(page.get_by_role("heading", name="Choose two exchanges")).to_be_visible()


def test_one_that_is_gone_is_named(inspector: Inspector, open_page: OpenPage) -> None:
    page = open_page(f"/compare?a={inspector.find('status:201')}&b={NOBODY}", expected=("404",))

    expect(page.get_by_role("heading", name="The second exchange is not here")).to_be_visible()


def test_axe_has_nothing_against_it(
    inspector: Inspector, open_page: OpenPage, axe: Callable[[Page], list[str]]
) -> None:
    inspector.post([answering("/axe", GOOD), answering("/axe", BAD, status=500, consumer="acme")])
    page = open_page(both(inspector, "path:/axe status:200", "path:/axe status:500"), bypass_csp=True)
    expect(section(page, "Response body")).to_be_visible()
    light = axe(page)
    page.emulate_media(color_scheme="dark")

    assert light + axe(page) == []
