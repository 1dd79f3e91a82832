"""The pages on traffic that wants to be a page itself: it stays text, and they stay quick."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Dialog, Page, Request, expect

from tests.inspector import hostile
from tests.inspector.pages.conftest import OpenPage
from tests.inspector.pages.inspector import Inspector

pytestmark = pytest.mark.field

LINES = ".table-body [role=row]"
PATIENCE = 60.0
SHOWN = (
    "html",
    "svg",
    "png and more",
    "deep json",
    "unclosed",
    "prototype",
    "deep xml",
    "not utf-8",
    "nul",
    "long lines",
)


@pytest.fixture(scope="module")
def target() -> Iterator[Inspector]:
    with Inspector() as started:
        entries = [
            *map(hostile.everywhere, hostile.SCRIPTS),
            *hostile.bodies().values(),
            *hostile.absurd(),
            hostile.many_headers(2_000),
        ]
        for entry in entries:
            document = {"version": "1.1.0", "serviceToken": "t", "har": {"log": {"entries": [entry]}}}
            started.client.post("/1.1.0/single", content=json.dumps(document))
        yield started


@pytest.fixture
def look(target: Inspector, open_page: OpenPage) -> Iterator[Any]:
    """Opens a page and waits for a selector; at its end nothing of the traffic has run there."""
    pages: list[Page] = []
    dialogs: list[str] = []
    asked: list[str] = []

    def dismiss(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    def note(request: Request) -> None:
        asked.append(request.url)

    def looked(path: str, shown: str, *expected: str) -> Page:
        began = time.monotonic()
        page = open_page(path, at=target, expected=expected)
        page.on("dialog", dismiss)
        page.on("request", note)
        pages.append(page)
        expect(page.locator(shown).first).to_be_visible()

        assert time.monotonic() - began < PATIENCE
        return page

    yield looked
    for page in pages:
        # What runs a moment later has had its moment.
        page.evaluate("() => new Promise((done) => setTimeout(done, 200))")

        assert page.evaluate(f"() => window.{hostile.CANARY}") is None
        assert 0 == page.locator("iframe, object, embed, main script, main img[src^=http]").count()
        assert page.evaluate("() => ({}).x") is None
        assert page.url.startswith(target.url)
    assert [] == dialogs
    assert [url for url in asked if not url.startswith((target.url, "data:", "blob:"))] == []


def test_the_table_and_its_facets(target: Inspector, look: Any) -> None:
    page = look("/?q=status%3A500&range=all", LINES)

    expect(page.locator(LINES).filter(has_text=hostile.CANARY).first).to_be_visible()
    for _ in range(8):
        page.keyboard.press("j")


@pytest.mark.parametrize("number", range(len(hostile.SCRIPTS)))
def test_an_exchange_of_nothing_but_scripts(target: Inspector, look: Any, number: int) -> None:
    # The newest first: bodies came after the texts.
    rows = target.get("/api/search", q="status:500 service:hostile", limit=100)["rows"]
    found = rows[-1 - number]["id"]
    page = look(f"/x/{found}", "[role=tab]")
    for tab in page.get_by_role("tab").all():
        tab.click()
        page.evaluate("() => new Promise(requestAnimationFrame)")


@pytest.mark.parametrize("name", SHOWN)
def test_a_body_that_wants_to_run(target: Inspector, look: Any, name: str) -> None:
    place = list(hostile.bodies()).index(name)
    rows = target.get("/api/search", q="path:/body", limit=100)["rows"]
    found = rows[len(rows) - 1 - place]["id"]
    page = look(f"/x/{found}?tab=response", "[role=tab]")
    response = page.get_by_role("tab", name="Response")
    response.click()
    page.evaluate("() => new Promise((done) => setTimeout(done, 300))")

    assert page.evaluate("() => document.querySelectorAll('*').length") < 20_000


def test_two_hostile_exchanges_side_by_side(target: Inspector, look: Any) -> None:
    rows = target.get("/api/search", q="status:500 service:hostile", limit=2)["rows"]
    bodies = target.get("/api/search", q="path:/body", limit=100)["rows"]
    look(f"/compare?a={rows[0]['id']}&b={rows[1]['id']}", "main section, main table")
    look(f"/compare?a={bodies[-1]['id']}&b={bodies[-7]['id']}", "main section, main table")


def test_the_dashboard_and_the_status(target: Inspector, look: Any) -> None:
    look("/stats?range=all", "main .card")
    look("/status", "main .card")


def test_an_address_that_wants_to_run(look: Any) -> None:
    script = "%22%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.__owned%3D1%3E"
    # What is no query, no time and no id is refused, and the browser notes that.
    refused = "status of 400"
    look(f"/?q={script}&range={script}&from={script}&x={script}", "main", refused)
    look(f"/stats?q={script}", "main", refused)
    look(f"/x/{script}", "main", refused)
    look(f"/compare?a={script}&b={script}", "main", refused)
