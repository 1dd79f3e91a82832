"""What Slack gets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from otel_bridge.inspector.alerts.channels.slack import message
from otel_bridge.inspector.alerts.notification import Kind
from otel_bridge.inspector.alerts.rule import Severity
from tests.inspector.alerts.channels.notifications import HOSTILE, a_notification, resolved


def texts(value: Any) -> list[dict[str, Any]]:
    """All text objects in *value*."""
    if isinstance(value, list):
        return [found for each in value for found in texts(each)]
    if isinstance(value, dict):
        own = [value] if value.get("type") in ("plain_text", "mrkdwn") else []
        return own + [found for each in value.values() for found in texts(each)]
    return []


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, "emoji": False}


def test_a_firing_is_told_in_words_with_its_numbers_and_links() -> None:
    assert {
        "text": "Critical: Payments fail (consumer: acme). 7 exchanges matched in 10 minutes (5 or more)",
        "blocks": [
            {"type": "header", "text": plain("🔴 Critical: Payments fail (consumer: acme)")},
            {"type": "section", "text": plain("7 exchanges matched in 10 minutes (5 or more)")},
            {
                "type": "section",
                "fields": [
                    plain("Severity\nCritical"),
                    plain("Consumer\nacme"),
                    plain("Since\n2025-11-22 05:48:01 UTC"),
                    plain("Note\nAsk the payments team"),
                ],
            },
            {
                "type": "context",
                "elements": [
                    {
                        "type": "mrkdwn",
                        "text": "<https://inspector.example.com/alerts?firing="
                        + "f1" * 16
                        + "|Open the alert> · <https://wiki.example.com/payments?a=1&amp;b=2|Runbook>",
                    }
                ],
            },
        ],
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    } == message(a_notification())


def test_what_is_over_is_told_as_such_and_since_when() -> None:
    told = message(resolved())

    assert plain("✅ Resolved: Payments fail (consumer: acme)") == told["blocks"][0]["text"]
    assert plain("Until\n2025-11-22 05:56:40 UTC") in told["blocks"][2]["fields"]


@pytest.mark.parametrize(
    ("changes", "header"),
    [
        ({"severity": Severity.WARNING}, "🟠 Warning: Payments fail (consumer: acme)"),
        ({"severity": Severity.INFO}, "🔵 Info: Payments fail (consumer: acme)"),
        ({"kind": Kind.TEST}, "🧪 Test: Payments fail (consumer: acme)"),
        ({"per": "", "group": ""}, "🔴 Critical: Payments fail"),
        ({"group": ""}, "🔴 Critical: Payments fail (consumer: none)"),
    ],
)
def test_the_header_says_it_in_words_and_not_by_colour_alone(changes: dict[str, Any], header: str) -> None:
    assert header == message(a_notification(**changes))["blocks"][0]["text"]["text"]


def test_without_links_there_is_no_place_for_them() -> None:
    told = message(a_notification(link="", runbook="page 7 of the folder", note=""))

    assert ["header", "section", "section"] == [block["type"] for block in told["blocks"]]
    assert plain("Runbook\npage 7 of the folder") in told["blocks"][2]["fields"]


@pytest.mark.parametrize(
    "runbook", ["javascript:alert(1)", "https://", "https://a b", "https://x\n>|<!channel>"]
)
def test_what_is_no_link_for_a_browser_becomes_none(runbook: str) -> None:
    told = message(a_notification(runbook=runbook, link=""))

    assert "context" not in [block["type"] for block in told["blocks"]]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_no_name_pings_formats_or_breaks_anything(text: str) -> None:
    hostile = a_notification(
        group=text, rule_name=text, note=text, sentence=text, runbook="https://x/" + text[:50]
    )
    told = message(hostile)

    assert "<" not in told["text"]
    assert told["text"].isprintable()
    for found in texts(told["blocks"]):
        assert len(found["text"]) <= 2100
        assert "plain_text" == found["type"] or "<!" not in found["text"].replace("<https", "")
    assert len(told["blocks"][0]["text"]["text"]) <= 150
    assert len(json.dumps(told)) < 20_000
