"""What a webhook gets, and whether its receiver can trust it."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from typing import Any

import orjson
import pytest

from otel_bridge.inspector.alerts.channels.build import build_channels
from otel_bridge.inspector.alerts.channels.settings import WebhookSettings
from otel_bridge.inspector.alerts.channels.webhook import payload, signature, signing_key
from otel_bridge.inspector.alerts.notification import Kind, Notification, Result
from tests.inspector.alerts.channels.notifications import (
    HOSTILE,
    NOW,
    a_network,
    a_notification,
    resolved,
)
from tests.vendor_server import Received, Reply, VendorServer, script

pytestmark = pytest.mark.anyio

KEY = bytes(range(32))
SECRETS = {"whsec_" + base64.b64encode(KEY).decode(): KEY, "any other text": b"any other text"}


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


def signed(request: Received, key: bytes) -> str:
    """The signature as the specification has it, computed apart from ours."""
    mac = hmac.new(key, digestmod=hashlib.sha256)
    mac.update(request.headers["webhook-id"].encode("ascii"))
    mac.update(b"." + request.headers["webhook-timestamp"].encode("ascii") + b".")
    mac.update(request.body)
    return "v1," + base64.standard_b64encode(mac.digest()).decode("ascii")


async def posted(server: VendorServer, *notifications: Notification, **settings: Any) -> list[Received]:
    given = {"url": f"{server.url}/hook?to=us", "secret": "s"} | settings
    (channel,) = build_channels([WebhookSettings(name="webhook", **given)], network=a_network()).values()
    for notification in notifications:
        await channel.send(notification)
    await channel.close()
    return server.requests


async def test_a_firing_arrives_as_documented(server: VendorServer) -> None:
    (request,) = await posted(server, a_notification())

    assert ("POST", "/hook?to=us") == (request.method, request.path)
    assert "application/json" == request.headers["content-type"]
    assert {
        "type": "alert.triggered",
        "version": 1,
        "timestamp": "2025-11-22T05:48:01.250Z",
        "data": {
            "firing_id": "f1" * 16,
            "dedup_key": "otel-bridge/00c0ffee00c0ffee/0123456789ab",
            "rule": {"id": "00c0ffee00c0ffee", "name": "Payments fail"},
            "severity": "critical",
            "per": "consumer",
            "group": "acme",
            "title": "Critical: Payments fail (consumer: acme)",
            "sentence": "7 exchanges matched in 10 minutes (5 or more)",
            "value": 7,
            "threshold": 5,
            "window_seconds": 600,
            "started_at": "2025-11-22T05:48:01.250Z",
            "ended_at": None,
            "note": "Ask the payments team",
            "runbook": "https://wiki.example.com/payments?a=1&b=2",
            "link": "https://inspector.example.com/alerts?firing=" + "f1" * 16,
        },
    } == request.json()


def test_an_end_says_when() -> None:
    told = payload(resolved())

    assert ("alert.resolved", "2025-11-22T05:56:40.000Z") == (told["type"], told["timestamp"])
    assert ("2025-11-22T05:48:01.250Z", "2025-11-22T05:56:40.000Z") == (
        told["data"]["started_at"],
        told["data"]["ended_at"],
    )


def test_a_test_is_no_alert() -> None:
    assert "alert.test" == payload(a_notification(kind=Kind.TEST))["type"]


@pytest.mark.parametrize("secret", SECRETS)
async def test_the_signature_is_the_specifications(server: VendorServer, secret: str) -> None:
    (request,) = await posted(server, a_notification(), secret=secret)

    assert "0f" * 16 == request.headers["webhook-id"]
    assert str(int(NOW)) == request.headers["webhook-timestamp"]
    assert signed(request, SECRETS[secret]) == request.headers["webhook-signature"]


def test_the_signature_is_that_of_the_specifications_own_libraries() -> None:
    # The example that those are tested with.
    key = signing_key("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    assert "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" == signature(
        key, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, b'{"test": 2432232314}'
    )


async def test_another_body_has_another_signature(server: VendorServer) -> None:
    first, second = await posted(server, a_notification(), a_notification(group="other"))

    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-signature"] != second.headers["webhook-signature"]


async def test_headers_of_the_configuration_go_along(server: VendorServer) -> None:
    (request,) = await posted(server, a_notification(), headers=(("Authorization", "Bearer t"),))

    assert "Bearer t" == request.headers["authorization"]


async def test_a_second_try_has_the_id_of_the_first(server: VendorServer) -> None:
    server.answer = script([Reply(503), Reply(200)])
    settings = WebhookSettings(name="webhook", url=server.url, secret="s")
    (channel,) = build_channels([settings], network=a_network()).values()

    outcomes = [(await channel.send(a_notification())).result for _ in range(2)]
    await channel.close()

    assert [Result.RETRY, Result.DELIVERED] == outcomes
    assert 1 == len({request.headers["webhook-id"] for request in server.requests})


async def test_no_secret_comes_back_from_a_chatty_server(server: VendorServer) -> None:
    server.answer = lambda request: Reply(
        400, b"whsec_c2VjcmV0LXNlY3JldA== " + request.headers["authorization"].encode()
    )
    settings = WebhookSettings(
        name="webhook",
        url=server.url,
        secret="whsec_c2VjcmV0LXNlY3JldA==",
        headers=(("Authorization", "Bearer token-of-ours"),),
    )
    (channel,) = build_channels([settings], network=a_network()).values()

    told = await channel.send(a_notification())
    await channel.close()

    assert Result.REFUSED == told.result
    for secret in ("c2VjcmV0", "token-of-ours"):
        assert secret not in told.detail
        assert secret not in repr(settings)


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_stay_short_and_printable(text: str) -> None:
    hostile = a_notification(group=text, rule_name=text, note=text, sentence=text, runbook=text)
    body = orjson.dumps(payload(hostile))

    data = orjson.loads(body)["data"]
    assert len(body) < 20_000
    assert len(data["group"]) <= 200
    assert all(value.isprintable() for value in data.values() if isinstance(value, str))
