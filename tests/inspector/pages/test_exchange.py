"""The page of one exchange in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.inspector.pages.conftest import OpenPage
from tests.inspector.pages.inspector import Inspector

pytestmark = pytest.mark.field


def test_a_link_with_a_token_logs_in(inspector: Inspector, open_page: OpenPage) -> None:
    page = open_page(f"/x/{inspector.find('status:503 OR status:504')}")

    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()


def test_axe(inspector: Inspector, open_page: OpenPage, axe: Callable[[Page], list[str]]) -> None:
    page = open_page(f"/x/{inspector.find('method:POST')}", bypass_csp=True)
    expect(page.get_by_role("navigation", name="Pages")).to_be_visible()

    assert axe(page) == []
