"""PagerDuty's Events API v2.

Fields, limits and answers as in PagerDuty's developer documentation (Events API v2, overview and "Send an
alert event"): `routing_key`, `event_action`, a `dedup_key` of at most 255 characters by which a resolve
finds its trigger, a `summary` of at most 1,024, a severity out of critical, error, warning and info. 202
means taken, 400 that the event is wrong (its `errors` say how), 429 too many for now.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import orjson

from otel_bridge.inspector.alerts.channels.http import Poster
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.settings import PagerdutySettings
from otel_bridge.inspector.alerts.channels.wording import clean, cut, iso, number, word
from otel_bridge.inspector.alerts.notification import Kind, Notification, Outcome, Result

_MOST_SUMMARY = 1024
_MOST_KEY = 255
_CLIENT = "otel-bridge"


class PagerdutyChannel:
    renews = False

    def __init__(self, settings: PagerdutySettings, network: Network) -> None:
        self.name = settings.name
        self._routing_key = settings.routing_key
        self._poster = Poster(
            settings.url,
            network=network,
            allow_link_local=settings.allow_link_local,
            secrets=(settings.routing_key,),
            check=f"routing_key and url of {settings.name}",
        )

    async def send(self, notification: Notification) -> Outcome:
        if notification.kind is not Kind.RESOLVE:
            outcome = await self._post(trigger(notification))
            if notification.kind is Kind.TRIGGER or outcome.result is not Result.DELIVERED:
                return outcome
        # What is only a test must not keep anybody awake.
        return await self._post(resolve(notification))

    async def close(self) -> None:
        await self._poster.close()

    async def _post(self, event: dict[str, Any]) -> Outcome:
        body = orjson.dumps({"routing_key": self._routing_key} | event)
        return await self._poster.post(body, {"Content-Type": "application/json"}, reading=_errors)


def trigger(notification: Notification) -> dict[str, Any]:
    """The event that opens an alert, but for the routing key."""
    wording = word(notification)
    links = [{"href": url, "text": label} for label, url in wording.links]
    return {
        "event_action": "trigger",
        "dedup_key": _key(notification),
        "payload": {
            "summary": cut(f"{wording.title}: {wording.sentence}", _MOST_SUMMARY),
            "source": urlsplit(notification.link).hostname or _CLIENT,
            "severity": notification.severity.value,
            "timestamp": iso(notification.started_us),
            "component": clean(notification.group) or _CLIENT,
            "class": clean(notification.rule_name),
            "custom_details": {
                "value": number(notification.value),
                "threshold": number(notification.threshold),
                "window_seconds": notification.window,
            }
            | dict(wording.facts),
        },
        "client": _CLIENT,
        "links": links,
    } | ({"client_url": notification.link} if notification.link else {})


def resolve(notification: Notification) -> dict[str, Any]:
    """The event that closes it."""
    return {"event_action": "resolve", "dedup_key": _key(notification)}


def _key(notification: Notification) -> str:
    return notification.dedup_key[:_MOST_KEY]


def _errors(body: bytes) -> bytes:
    """What is wrong with an event: `{"status", "message", "errors": [...]}`."""
    try:
        answer = orjson.loads(body)
    except orjson.JSONDecodeError:
        return body
    errors = answer.get("errors") if isinstance(answer, dict) else None
    if not isinstance(errors, list) or not errors:
        return body
    return "; ".join(str(error) for error in errors).encode()
