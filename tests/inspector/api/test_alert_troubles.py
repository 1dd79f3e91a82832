"""Disasters of alerts.db under a running inspector: traffic goes on, and the alerts say their trouble."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from otel_bridge.inspector.alerts.book import FILE_NAME, AlertBook
from tests.bridge import eventually
from tests.inspector.api.test_alerts import RULE
from tests.inspector.pages.inspector import Inspector
from tests.inspector.pages.test_traffic import an_entry


@pytest.fixture
def shop() -> Iterator[Inspector]:
    with Inspector() as started:
        started.client.post("/api/alerts/rules", json=RULE).raise_for_status()
        yield started


def take_away(shop: Inspector) -> Path:
    """Delete the alerts' file, and say where it was."""
    for each in shop.kept.glob(f"{FILE_NAME}*"):
        each.unlink()
    return shop.kept / FILE_NAME


def fires(shop: Inspector) -> bool:
    """Whether the rule fires; posts a reason for it each time."""
    shop.post_entry(an_entry(status=503, consumer="acme"))
    total: int = shop.get("/api/alerts/firing")["total"]
    return total == 1


def test_a_file_that_is_deleted_loses_no_rule(shop: Inspector) -> None:
    take_away(shop)

    eventually(lambda: fires(shop), "the rule fires all the same")
    book = AlertBook(shop.kept / FILE_NAME)
    assert RULE["name"] in [rule.name for rule in book.rules()]
    book.close()


def test_a_file_of_a_later_version_stops_alerts_alone_until_it_is_gone(shop: Inspector) -> None:
    later = shop.kept / "later.db"
    with apsw.Connection(str(later)) as db:
        db.execute("PRAGMA user_version = 99")
    db.close()
    later.rename(shop.kept / FILE_NAME)

    shop.post_entry(an_entry(status=418, consumer="acme"))
    answer = shop.client.get("/api/alerts")

    assert 418 == shop.get(f"/api/exchanges/{shop.find('status:418')}")["status"]
    assert (503, True) == (answer.status_code, "later version" in answer.json()["error"])
    eventually(lambda: "otel_bridge_alerts_unwritable 1.0" in shop.client.get("/metrics").text, "it is said")
    take_away(shop)
    eventually(lambda: shop.client.get("/api/alerts").status_code == 200, "they are there again")
    shop.client.post("/api/alerts/rules", json=RULE).raise_for_status()
    eventually(lambda: fires(shop), "and fire")
