"""What an Alertmanager gets, and for how long it counts."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import orjson
import pytest

from otel_bridge.inspector.alerts.channels.alertmanager import LIFETIME, alert
from otel_bridge.inspector.alerts.channels.build import build_channels
from otel_bridge.inspector.alerts.channels.settings import AlertmanagerSettings
from otel_bridge.inspector.alerts.notification import Kind, Notification, Outcome, Result
from tests.inspector.alerts.channels.notifications import (
    HOSTILE,
    NOW,
    a_network,
    a_notification,
    resolved,
)
from tests.vendor_server import Reply, VendorServer

pytestmark = pytest.mark.anyio

NOW_US = int(NOW * 1_000_000)


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


async def sent(server: VendorServer, notification: Notification, **settings: Any) -> Outcome:
    given = AlertmanagerSettings(name="alertmanager", url=f"{server.url}/am", **settings)
    (channel,) = build_channels([given], network=a_network()).values()

    assert channel.renews
    outcome = await channel.send(notification)
    await channel.close()
    return outcome


async def test_a_firing_is_an_alert_that_ends_by_itself_if_it_is_not_renewed(server: VendorServer) -> None:
    outcome = await sent(server, a_notification())

    assert Result.DELIVERED == outcome.result
    (request,) = server.requests
    assert ("POST", "/am/api/v2/alerts") == (request.method, request.path)
    assert "application/json" == request.headers["content-type"]
    assert "authorization" not in request.headers
    assert [
        {
            "labels": {
                "alertname": "Payments fail",
                "severity": "critical",
                "rule_id": "00c0ffee00c0ffee",
                "consumer": "acme",
            },
            "annotations": {
                "summary": "Critical: Payments fail (consumer: acme)",
                "description": "7 exchanges matched in 10 minutes (5 or more)",
                "value": "7",
                "note": "Ask the payments team",
                "runbook_url": "https://wiki.example.com/payments?a=1&b=2",
            },
            "startsAt": "2025-11-22T05:48:01.250Z",
            "endsAt": "2025-11-22T05:53:20.000Z",
            "generatorURL": "https://inspector.example.com/alerts?firing=" + "f1" * 16,
        }
    ] == request.json()
    assert 300 == LIFETIME


def test_a_resolve_is_the_same_alert_with_its_end() -> None:
    firing, over = alert(a_notification(), NOW_US), alert(resolved(), NOW_US)

    assert firing["labels"] == over["labels"]
    assert firing["startsAt"] == over["startsAt"]
    assert "2025-11-22T05:56:40.000Z" == over["endsAt"]


def test_an_end_never_lies_before_the_beginning() -> None:
    over = alert(resolved()._replace(ended_us=1), NOW_US)

    assert over["startsAt"] == over["endsAt"]


def test_a_test_is_another_alert_and_ends_by_itself() -> None:
    told = alert(a_notification(kind=Kind.TEST), NOW_US)

    assert "true" == told["labels"]["test"]
    assert "2025-11-22T05:53:20.000Z" == told["endsAt"]


@pytest.mark.parametrize(
    ("per", "label"),
    [
        ("service", "service"),
        ("upstream.address", "upstream_address"),
        ("req.header.x-tenant", "req_header_x_tenant"),
        ("severity", "group_severity"),
        ("7", "group_7"),
    ],
)
def test_what_the_rule_groups_by_is_a_label_that_prometheus_knows(per: str, label: str) -> None:
    labels = alert(a_notification(per=per), NOW_US)["labels"]

    assert "acme" == labels[label]
    assert "critical" == labels["severity"]


def test_a_missing_value_is_no_label() -> None:
    labels = alert(a_notification(group=""), NOW_US)["labels"]

    assert {"alertname", "severity", "rule_id"} == labels.keys()


async def test_a_login_goes_along_and_comes_back_nowhere(server: VendorServer) -> None:
    server.answer = lambda request: Reply(401, request.headers["authorization"].encode())

    outcome = await sent(server, a_notification(), username="me", password="pass word")

    login = base64.b64encode(b"me:pass word").decode()
    assert f"Basic {login}" == server.requests[0].headers["authorization"]
    assert Result.REFUSED == outcome.result
    assert login not in outcome.detail
    assert "url and login of alertmanager" in outcome.detail


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_are_values_and_never_labels(text: str) -> None:
    hostile = a_notification(
        group=text, rule_name=text, note=text, sentence=text, runbook=text, per=text or "x"
    )
    told = alert(hostile, NOW_US)

    assert len(orjson.dumps(told)) < 20_000
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in told["labels"])
    assert all(value.isprintable() for value in told["labels"].values())
    assert datetime.fromisoformat(told["startsAt"]) < datetime.fromisoformat(told["endsAt"])
