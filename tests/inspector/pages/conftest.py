"""A real browser in front of a real inspector that recorded Kong traffic was posted to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, Protocol

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from tests.inspector.pages.inspector import Inspector, recorded
from tests.inspector.pages.program import ADMIN
from tests.node_tools import HERE, install_packages
from tests.programs import program

PATIENCE_MS = 60_000

_FLAGS = [
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
# The colours of both schemes are read; what axe can't see on a canvas or in SVG it leaves alone.
_AXE_RUN = "() => axe.run(document, {resultTypes: ['violations']})"


class OpenPage(Protocol):
    def __call__(
        self,
        path: str = "/",
        *,
        scheme: Literal["light", "dark"] = "light",
        token: str = ADMIN,
        at: Inspector | None = None,
        expected: tuple[str, ...] = (),
        **context: Any,
    ) -> Page: ...


# Playwright's loop counts as running in this thread as long as it is open: tests of other directories that
# start loops of their own could not. So it lives as long as this directory's tests, not the session.
@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    path = program("chromium", package="chromium")
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=_FLAGS)
        yield started
        started.close()


@pytest.fixture(scope="package")
def inspector() -> Iterator[Inspector]:
    """Holds what Kong 3.9 recorded with the shipped capture; tests may add to it, and take nothing away."""
    with Inspector() as started:
        started.post(recorded(), environment="production")
        yield started


@pytest.fixture
def empty_inspector() -> Iterator[Inspector]:
    """Nothing has arrived there, and what arrives is this test's."""
    with Inspector() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[OpenPage]:
    """Opens pages, logged in; whatever the browser complains about in its console fails the test.

    *expected*: parts of complaints that the test provokes, such as `404`. *at*: another inspector than the
    fixture's. *context*: more of Playwright's `new_context`.
    """
    complaints: list[str] = []
    close: list[Callable[[], None]] = []

    def opened(
        path: str = "/",
        *,
        scheme: Literal["light", "dark"] = "light",
        token: str = ADMIN,
        at: Inspector | None = None,
        expected: tuple[str, ...] = (),
        **context: Any,
    ) -> Page:
        options: dict[str, Any] = {"viewport": {"width": 1440, "height": 900}, "color_scheme": scheme}
        made = browser.new_context(**(options | context))
        close.append(made.close)
        page = made.new_page()
        page.set_default_timeout(PATIENCE_MS)

        def listen(message: ConsoleMessage) -> None:
            told = f"{message.text} {message.location.get('url', '')}"
            if message.type in ("error", "warning") and not any(part in told for part in expected):
                complaints.append(told)

        page.on("console", listen)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        url = (at or request.getfixturevalue("inspector")).url
        page.goto(f"{url}{path}{'&' if '?' in path else '?'}token={token}")
        return page

    yield opened
    for each in close:
        each()

    assert complaints == []


@pytest.fixture(scope="package")
def axe() -> Callable[[Page], list[str]]:
    """What axe holds against a page, its serious faults alone; *page* was opened with `bypass_csp=True`."""
    install_packages()
    source = (HERE / "node_modules" / "axe-core" / "axe.min.js").read_text()

    def check(page: Page) -> list[str]:
        page.evaluate(source)
        found = page.evaluate(_AXE_RUN)
        return [
            f"{fault['id']}: {fault['help']}: {node['html']}: {node['failureSummary']}"
            for fault in found["violations"]
            if fault["impact"] in ("serious", "critical")
            for node in fault["nodes"]
        ]

    return check
