"""What PagerDuty gets, and what its answers mean."""

from __future__ import annotations

from collections.abc import Iterator

import orjson
import pytest

from otel_bridge.inspector.alerts.channels.build import build_channels
from otel_bridge.inspector.alerts.channels.pagerduty import trigger
from otel_bridge.inspector.alerts.channels.settings import PagerdutySettings
from otel_bridge.inspector.alerts.notification import Kind, Notification, Outcome, Result
from otel_bridge.inspector.alerts.rule import Severity
from tests.inspector.alerts.channels.notifications import HOSTILE, a_network, a_notification, resolved
from tests.vendor_server import Reply, VendorServer, script

pytestmark = pytest.mark.anyio

ROUTING_KEY = "0123456789abcdef0123456789abcdef"
ACCEPTED = Reply(202, b'{"status":"success","message":"Event processed","dedup_key":"k"}')
INVALID = (
    b'{"status":"invalid event","message":"Event object is invalid",'
    b'"errors":["Length of \'routing_key\' is incorrect (should be 32 characters)"]}'
)


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer(lambda _: ACCEPTED) as server:
        yield server


async def sent(server: VendorServer, notification: Notification) -> Outcome:
    settings = PagerdutySettings(name="pagerduty", routing_key=ROUTING_KEY, url=f"{server.url}/v2/enqueue")
    (channel,) = build_channels([settings], network=a_network()).values()
    outcome = await channel.send(notification)
    await channel.close()
    return outcome


async def test_a_firing_opens_an_alert(server: VendorServer) -> None:
    outcome = await sent(server, a_notification())

    assert Outcome(Result.DELIVERED, "202 Accepted") == outcome
    (request,) = server.requests
    assert ("POST", "/v2/enqueue") == (request.method, request.path)
    assert "application/json" == request.headers["content-type"]
    link = "https://inspector.example.com/alerts?firing=" + "f1" * 16
    assert {
        "routing_key": ROUTING_KEY,
        "event_action": "trigger",
        "dedup_key": "otel-bridge/00c0ffee00c0ffee/0123456789ab",
        "payload": {
            "summary": (
                "Critical: Payments fail (consumer: acme): 7 exchanges matched in 10 minutes (5 or more)"
            ),
            "source": "inspector.example.com",
            "severity": "critical",
            "timestamp": "2025-11-22T05:48:01.250Z",
            "component": "acme",
            "class": "Payments fail",
            "custom_details": {
                "value": 7,
                "threshold": 5,
                "window_seconds": 600,
                "Severity": "Critical",
                "Consumer": "acme",
                "Since": "2025-11-22 05:48:01 UTC",
                "Note": "Ask the payments team",
            },
        },
        "client": "otel-bridge",
        "client_url": link,
        "links": [
            {"href": link, "text": "Open the alert"},
            {"href": "https://wiki.example.com/payments?a=1&b=2", "text": "Runbook"},
        ],
    } == request.json()


async def test_its_end_closes_the_alert_by_the_same_key(server: VendorServer) -> None:
    await sent(server, resolved())

    assert {
        "routing_key": ROUTING_KEY,
        "event_action": "resolve",
        "dedup_key": "otel-bridge/00c0ffee00c0ffee/0123456789ab",
    } == server.requests[0].json()


async def test_a_test_is_resolved_at_once(server: VendorServer) -> None:
    outcome = await sent(server, a_notification(kind=Kind.TEST))

    assert Result.DELIVERED == outcome.result
    assert ["trigger", "resolve"] == [request.json()["event_action"] for request in server.requests]


async def test_a_test_that_is_refused_resolves_nothing(server: VendorServer) -> None:
    server.answer = script([Reply(400, INVALID)])

    assert Result.REFUSED == (await sent(server, a_notification(kind=Kind.TEST))).result
    assert 1 == len(server.requests)


async def test_what_is_wrong_with_an_event_is_said(server: VendorServer) -> None:
    server.answer = lambda _: Reply(400, INVALID)

    assert Outcome(
        Result.REFUSED,
        "400 Bad Request: Length of 'routing_key' is incorrect (should be 32 characters)"
        " (check routing_key and url of pagerduty)",
    ) == await sent(server, a_notification())


@pytest.mark.parametrize("body", [b"", b"no json", b"[1]", b'{"errors": 7}', b'{"errors": []}', b"\xff"])
async def test_an_odd_refusal_is_told_as_it_came(server: VendorServer, body: bytes) -> None:
    server.answer = lambda _: Reply(400, body)

    told = await sent(server, a_notification())

    assert Result.REFUSED == told.result
    assert told.detail.startswith("400 Bad Request")


async def test_too_many_events_are_tried_again(server: VendorServer) -> None:
    server.answer = lambda _: Reply(429, headers={"Retry-After": "120"})

    told = await sent(server, a_notification())

    assert (Result.RETRY, 120.0) == (told.result, told.after)


async def test_the_routing_key_is_never_said(server: VendorServer) -> None:
    server.answer = lambda request: Reply(400, request.body)

    assert ROUTING_KEY not in (await sent(server, a_notification())).detail


@pytest.mark.parametrize("severity", Severity)
def test_every_severity_is_one_of_pagerdutys(severity: Severity) -> None:
    event = trigger(a_notification(severity=severity))

    assert event["payload"]["severity"] in ("critical", "error", "warning", "info")


def test_without_a_public_url_there_is_no_link_to_it() -> None:
    event = trigger(a_notification(link="", runbook=""))

    assert [] == event["links"]
    assert "client_url" not in event
    assert "otel-bridge" == event["payload"]["source"]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_within_pagerdutys_limits(text: str) -> None:
    hostile = a_notification(
        group=text, rule_name=text, note=text, sentence=text, runbook=text, dedup_key=text
    )
    event = trigger(hostile._replace(dedup_key="k" * 1000))

    assert len(orjson.dumps(event)) < 20_000
    assert len(event["payload"]["summary"]) <= 1024
    assert event["payload"]["summary"].isprintable()
    assert len(event["dedup_key"]) <= 255
    assert event["payload"]["component"]
