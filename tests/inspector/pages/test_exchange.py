"""The page of one exchange, driven as a person would."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Locator, Page, expect

from otel_bridge.mapping.exchange import Body, HttpExchange
from tests.inspector.pages.calls import a_call, answering, asking, with_spans
from tests.inspector.pages.conftest import OpenPage
from tests.inspector.pages.inspector import Inspector
from tests.inspector.pages.program import VIEWER

pytestmark = pytest.mark.field

CLIPBOARD = ["clipboard-read", "clipboard-write"]
NOBODY = "0" * 32
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")

STATES: list[tuple[HttpExchange, str, str]] = [
    (
        asking("/s", Body(size=5000, omitted="content type")),
        "request",
        "keeps no bodies of this content type",
    ),
    (
        asking("/s", Body(b'{"a', 9000, truncated=True)),
        "request",
        "The body was cut off when it was captured.",
    ),
    (asking("/s", Body(b"half", 9000, incomplete=True), "text/plain"), "request", "The peer went away"),
    (
        asking("/s", Body(b'{"a":"REDACTED"}', 16, redacted=True)),
        "request",
        "Secrets in it were replaced",
    ),
    (a_call("/s"), "request", "The request has no body."),
    (
        a_call("/s", captured=False, request_headers=(), response_headers=()),
        "response",
        "Not captured. No capture ran",
    ),
    (answering("/s", b"<h1>502</h1>"), "response", "This is not JSON, whatever its Content-Type says."),
    (answering("/s", b"<h1>502</h1>"), "trace", "No spans of the gateway's own work reached the bridge."),
]


def clipboard(page: Page) -> str:
    text: str = page.evaluate("navigator.clipboard.readText()")
    return text


def code(page: Page) -> Locator:
    return page.locator(".code-row")


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=re.compile(f"^{name}")).click()


def panel(page: Page) -> Locator:
    return page.get_by_role("tabpanel")


def test_says_first_what_happened(inspector: Inspector, open_page: OpenPage) -> None:
    found = inspector.find("status:504")
    page = open_page(f"/x/{found}")
    sentence = inspector.get(f"/api/exchanges/{found}")["sentence"]

    expect(page.get_by_role("heading", level=1)).to_have_text(sentence)
    expect(page).to_have_title(f"{sentence} · otel-bridge")
    expect(panel(page)).to_contain_text("The gateway itself answered")
    expect(page.get_by_role("img", name=re.compile("^Send, wait and receive: Send"))).to_be_visible()


def test_each_fact_filters(inspector: Inspector, open_page: OpenPage) -> None:
    page = open_page(f"/x/{inspector.find('status:504')}")

    panel(page).get_by_role("button", name="slowpoke-route").click()
    page.get_by_role("menuitem", name="Leave these out").click()

    expect(page).to_have_url(re.compile(r"/\?q=-route%3Aslowpoke-route$"))


def test_the_tab_stands_in_the_url(inspector: Inspector, open_page: OpenPage) -> None:
    page = open_page(f"/x/{inspector.find('status:201')}")

    tab(page, "Response")
    expect(page).to_have_url(re.compile("tab=response"))
    page.reload()

    expect(page.get_by_role("tab", name="Response")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Response").press("ArrowRight")
    expect(page.get_by_role("tab", name=re.compile("Trace"))).to_be_focused()


def test_a_value_in_json_filters_by_its_path(inspector: Inspector, open_page: OpenPage) -> None:
    inspector.post([answering("/values", b'{"items":[{"sku":"A 1"},{"n":12345678901234567890}]}')])
    page = open_page(f"/x/{inspector.find('path:/values')}?tab=response")

    expect(code(page).nth(6)).to_have_text('"n": 12345678901234567890')
    page.get_by_role("button", name='"A 1"').click()
    page.get_by_role("menuitem", name="Show only these").click()

    expect(page.get_by_role("combobox", name="Query")).to_have_value('resp.json.items[0].sku:"A 1"')
    expect(page.locator(".table-body [role=row]")).to_have_count(1)


def test_a_value_in_xml_filters_by_its_path(inspector: Inspector, open_page: OpenPage) -> None:
    body = b'<s:a xmlns:s="urn:s"><b id="1">one</b><b id="2">two &amp; more</b></s:a>'
    inspector.post([answering("/xml", body, "application/xml")])
    page = open_page(f"/x/{inspector.find('path:/xml')}?tab=response")

    page.get_by_role("button", name="two & more").or_(
        page.get_by_role("button", name="two &amp; more")
    ).click()
    page.get_by_role("menuitem", name="Show only these").click()

    expect(page.get_by_role("combobox", name="Query")).to_have_value('resp.xml./a/b[2]:"two & more"')
    expect(page.locator(".table-body [role=row]")).to_have_count(1)


def test_parts_of_a_document_are_folded(inspector: Inspector, open_page: OpenPage) -> None:
    inspector.post([answering("/fold", b'{"a":{"b":1,"c":2},"d":3}')])
    page = open_page(f"/x/{inspector.find('path:/fold')}?tab=response")

    expect(code(page)).to_have_count(7)
    page.get_by_role("button", name="Fold").nth(1).click()
    expect(code(page).nth(1)).to_have_text('▸"a": { 2 members },')
    page.get_by_role("button", name="Unfold").click()

    expect(code(page)).to_have_count(7)


def test_the_words_of_the_query_are_marked(inspector: Inspector, open_page: OpenPage) -> None:
    lines = [{"n": n, "note": "card  declined" if n in (3, 900) else "fine"} for n in range(1000)]
    inspector.post([answering("/marked", json.dumps(lines).encode())])
    page = open_page(f"/x/{inspector.find('path:/marked')}?tab=response&q=%22card+declined%22")

    expect(page.get_by_text("2 hits")).to_be_visible()
    expect(page.locator("mark")).to_have_text("card  declined")
    page.get_by_role("button", name="Next hit").click(click_count=2)

    expect(page.get_by_text("2 of 2 hits")).to_be_visible()
    expect(page.locator("mark[data-current]")).to_be_in_viewport()


def test_a_body_of_a_megabyte_does_not_hold_the_page_up(inspector: Inspector, open_page: OpenPage) -> None:
    lines = [{"id": n, "sku": f"A-{n}", "tags": ["new", "sale"], "price": 19.99} for n in range(16_000)]
    inspector.post([answering("/large", json.dumps(lines).encode()[: 1 << 20])])
    page = open_page(f"/x/{inspector.find('path:/large')}?tab=response")

    expect(code(page).first).to_have_text("▾[")
    page.locator("main").evaluate("main => main.scrollTo(0, main.scrollHeight / 2)")
    expect(code(page).filter(has_text=re.compile('"id": [4-9][0-9]{3}'))).not_to_have_count(0)

    assert page.evaluate("document.querySelectorAll('*').length") < 3000


def test_raw_and_hex_are_the_body_as_it_came(inspector: Inspector, open_page: OpenPage) -> None:
    inspector.post([answering("/views", b'{"a":\n  "b"}')])
    page = open_page(f"/x/{inspector.find('path:/views')}?tab=response", permissions=CLIPBOARD)

    page.get_by_role("button", name="Raw").click()
    expect(code(page)).to_have_text(['1{"a":', '2  "b"}'])
    page.get_by_role("button", name="Hex").click()
    expect(page.locator(".hex-bytes")).to_have_text(re.compile("^7b 22 61 22 3a 0a 20 20  22 62 22 7d"))
    expect(page.locator(".hex-text")).to_have_text('{"a":·  "b"}')

    expect(page).to_have_url(re.compile("body=hex"))
    page.get_by_role("button", name="Copy", exact=True).last.click()
    expect(page.get_by_role("status").filter(has_text="The body is on the clipboard")).to_be_visible()
    assert '{"a":\n  "b"}' == clipboard(page)


def test_a_body_is_saved_byte_for_byte(inspector: Inspector, open_page: OpenPage, tmp_path: Path) -> None:
    content = bytes(range(256))
    inspector.post([answering("/binary", content, "application/octet-stream")])
    page = open_page(f"/x/{inspector.find('path:/binary')}?tab=response")

    expect(page.locator(".hex-offset")).to_have_count(16)
    with page.expect_download() as download:
        page.get_by_role("link", name="Download", exact=True).click()
    download.value.save_as(tmp_path / "body")

    assert content == (tmp_path / "body").read_bytes()


def test_hostile_bodies_are_text(inspector: Inspector, open_page: OpenPage) -> None:
    attack = '<img src=x onerror="window.hit=1"><script>window.hit=1</script>'
    calls = [
        asking(
            f"/hostile?q={attack}",
            json.dumps({attack: attack}).encode(),
            request_headers=((f"x-{attack}", attack),),
        ),
        answering("/hostile/html", attack.encode(), "text/html"),
        answering("/hostile/svg", f"<svg onload='window.hit=1'>{attack}</svg>".encode(), "image/svg+xml"),
    ]
    inspector.post(calls)
    page = open_page(f"/x/{inspector.find('path:/hostile')}?tab=request")
    expect(code(page).nth(1)).to_contain_text("window.hit=1")
    for path in ("/hostile/html", "/hostile/svg"):
        page.goto(f"{inspector.url}/x/{inspector.find(f'path:{path}')}?tab=response")
        expect(code(page).first).to_be_visible()

        assert page.evaluate("window.hit") is None


def test_what_is_not_there_says_why(inspector: Inspector, open_page: OpenPage) -> None:
    inspector.post(
        call._replace(url=f"http://shop.example.com/state/{number}", target=f"/state/{number}")
        for number, (call, _, _) in enumerate(STATES)
    )
    page = open_page()
    for number, (_, tab_name, told) in enumerate(STATES):
        page.goto(f"{inspector.url}/x/{inspector.find(f'path:/state/{number}')}?tab={tab_name}")

        expect(panel(page)).to_contain_text(told)


def test_a_broken_encoding_is_shown_as_it_came(inspector: Inspector, open_page: OpenPage) -> None:
    headers = (("Content-Type", "application/json"), ("Content-Encoding", "gzip"))
    inspector.post([answering("/broken", b"\x1f\x8bnope")._replace(response_headers=headers)])
    page = open_page(f"/x/{inspector.find('path:/broken')}?tab=response")

    expect(panel(page)).to_contain_text("Its Content-Encoding can't be taken off")
    expect(page.locator(".hex-text")).to_have_text("··nope")


def test_a_form_and_parameters_are_decoded(inspector: Inspector, open_page: OpenPage) -> None:
    inspector.post(
        [asking("/form?q=caf%C3%A9+x&empty", b"name=J%C3%BCrgen", "application/x-www-form-urlencoded")]
    )
    page = open_page(f"/x/{inspector.find('path:/form')}?tab=request")

    expect(page.get_by_role("row", name="q café x")).to_be_visible()
    expect(page.get_by_role("row", name="empty (empty)")).to_be_visible()
    expect(page.get_by_role("row", name="name Jürgen")).to_be_visible()


def test_a_header_filters_and_a_masked_one_does_not(inspector: Inspector, open_page: OpenPage) -> None:
    inspector.post([a_call("/headers", request_headers=(("X-Any", "a b"), ("Authorization", "REDACTED")))])
    page = open_page(f"/x/{inspector.find('path:/headers')}?tab=request")

    expect(page.get_by_role("row", name="Authorization masked")).to_be_visible()
    page.get_by_role("button", name="a b").click()
    page.get_by_role("menuitem", name="Show only these").click()

    expect(page.get_by_role("combobox", name="Query")).to_have_value('req.header.x-any:"a b"')


def test_the_trace_shows_each_try(inspector: Inspector, open_page: OpenPage) -> None:
    tries = (("kong.balancer", 1.0, 10.0, True), ("kong.balancer", 12.0, 30.0, False))
    inspector.post([with_spans(a_call("/tries"), *tries)])
    page = open_page(f"/x/{inspector.find('path:/tries')}?tab=trace")

    expect(page.get_by_role("tab", name="Trace · 2")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("✕ balancer.*failed"))).to_be_visible()
    page.get_by_role("button", name="balancer", exact=True).click()
    expect(page.locator(".span-facts")).to_contain_text("try_count2")


def test_copies_a_command_and_a_link(inspector: Inspector, open_page: OpenPage) -> None:
    found = inspector.find("status:201")
    page = open_page(f"/x/{found}", permissions=CLIPBOARD)

    page.get_by_role("button", name="Copy as cURL").click()
    page.get_by_text("The command is on the clipboard").wait_for()
    assert "curl \\\n  --request POST" in clipboard(page)
    page.get_by_role("button", name="Copy link").click()
    page.get_by_text("The link is on the clipboard").wait_for()
    assert f"{inspector.url}/x/{found}" == clipboard(page)

    page.get_by_role("heading", level=1).click()
    page.keyboard.press("c")
    page.get_by_text("The command is on the clipboard").wait_for()
    assert "curl" in clipboard(page)


def test_saves_a_har(inspector: Inspector, open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page(f"/x/{inspector.find('status:504')}")

    with page.expect_download() as download:
        page.get_by_role("link", name="Download HAR").click()
    download.value.save_as(tmp_path / "har")

    (entry,) = json.loads((tmp_path / "har").read_bytes())["log"]["entries"]
    assert 504 == entry["response"]["status"]


def test_finds_similar_ones(inspector: Inspector, open_page: OpenPage) -> None:
    page = open_page(f"/x/{inspector.find('status:404 route:orders-route')}")

    page.get_by_role("button", name="Find similar").click()

    box = page.get_by_role("combobox", name="Query")
    expect(box).to_have_value("method:GET route:orders-route service:orders status:404")


def test_an_admin_pins_and_a_viewer_can_not(inspector: Inspector, open_page: OpenPage) -> None:
    found = inspector.find("status:204")
    viewer, admin = open_page(f"/x/{found}", token=VIEWER), open_page(f"/x/{found}")

    admin.get_by_role("button", name="Pin").click()
    expect(admin.locator(".tag", has_text="pinned")).to_be_visible()
    admin.get_by_role("button", name="Pinned").click()
    expect(admin.locator(".tag", has_text="pinned")).to_have_count(0)

    expect(viewer.get_by_role("button", name="Find similar")).to_be_visible()
    expect(viewer.get_by_role("button", name="Pin")).to_have_count(0)


def test_an_exchange_that_is_gone_says_so(open_page: OpenPage) -> None:
    page = open_page(f"/x/{NOBODY}", expected=("404",))

    expect(page.get_by_role("heading", name="There is no such exchange")).to_be_visible()


def test_beside_the_table_it_opens_on_its_own(inspector: Inspector, open_page: OpenPage) -> None:
    page = open_page("/?q=status:504&range=all")

    page.locator(".table-body [role=row]").first.click()
    side = page.get_by_role("region", name="The chosen exchange")
    expect(side.get_by_role("heading", level=1)).to_contain_text("504")
    side.get_by_role("link", name="Open on a page of its own").click()

    expect(page).to_have_url(re.compile(rf"/x/{inspector.find('status:504')}"))


def test_axe_has_nothing_against_it(
    inspector: Inspector, open_page: OpenPage, axe: Callable[[Page], list[str]]
) -> None:
    headers = (("Cookie", "REDACTED"),)
    call = asking("/axe?a=1", b'{"a":[true,null,1,"card"]}', request_headers=headers)
    inspector.post([with_spans(call, ("kong.balancer", 1, 2, True))])
    page = open_page(f"/x/{inspector.find('path:/axe')}?q=card", bypass_csp=True)
    faults = []
    for name in ("Overview", "Request", "Response", "Trace", "Connection"):
        tab(page, name)
        expect(panel(page)).to_have_attribute("id", f"panel-{name.lower()}")
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            faults += axe(page)

    assert faults == []
