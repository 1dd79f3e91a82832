"""A POST of JSON to anybody's URL, signed.

The headers and the signature follow the Standard Webhooks specification, version 1.0.0: `webhook-id` is
the same each time a notification is tried, `webhook-timestamp` is when it was tried (Unix time in
seconds), `webhook-signature` is `v1,` and the base64 of the HMAC-SHA256 of `id.timestamp.body`. The
body's shape, `type`, `timestamp` and `data`, is what the specification recommends; docs/alerts.md has it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import Any

import orjson

from otel_bridge.inspector.alerts.channels.http import Poster
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.settings import WebhookSettings
from otel_bridge.inspector.alerts.channels.wording import MOST_NOTE, MOST_URL, clean, iso, number, title
from otel_bridge.inspector.alerts.notification import Kind, Notification, Outcome

VERSION = 1
"""Of the body; it grows when a key goes or changes its meaning, not when one is added."""

_PREFIX = "whsec_"
_TYPES = {Kind.TRIGGER: "alert.triggered", Kind.RESOLVE: "alert.resolved", Kind.TEST: "alert.test"}


class WebhookChannel:
    renews = False

    def __init__(self, settings: WebhookSettings, network: Network) -> None:
        self.name = settings.name
        self._key = signing_key(settings.secret)
        self._headers = dict(settings.headers)
        self._clock = network.clock
        self._poster = Poster(
            settings.url,
            network=network,
            allow_link_local=settings.allow_link_local,
            secrets=(settings.secret, *self._headers.values()),
            check=f"url and headers of {settings.name}",
        )

    async def send(self, notification: Notification) -> Outcome:
        body = orjson.dumps(payload(notification))
        timestamp = int(self._clock())
        return await self._poster.post(
            body,
            self._headers
            | {
                "Content-Type": "application/json",
                "webhook-id": notification.id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": signature(self._key, notification.id, timestamp, body),
            },
        )

    async def close(self) -> None:
        await self._poster.close()


def signing_key(secret: str) -> bytes:
    """What `whsec_` and base64 stands for, or the text itself."""
    return base64.b64decode(secret.removeprefix(_PREFIX)) if secret.startswith(_PREFIX) else secret.encode()


def signature(key: bytes, message_id: str, timestamp: int, body: bytes) -> str:
    signed = hmac.digest(key, f"{message_id}.{timestamp}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def payload(notification: Notification) -> dict[str, Any]:
    """The body, before it is JSON."""
    happened = notification.ended_us if notification.kind is Kind.RESOLVE else None
    return {
        "type": _TYPES[notification.kind],
        "version": VERSION,
        "timestamp": iso(notification.started_us if happened is None else happened),
        "data": {
            "firing_id": notification.firing_id,
            "dedup_key": notification.dedup_key,
            "rule": {"id": notification.rule_id, "name": clean(notification.rule_name)},
            "severity": notification.severity.value,
            "per": clean(notification.per),
            "group": clean(notification.group),
            "title": title(notification),
            "sentence": clean(notification.sentence, MOST_NOTE),
            "value": number(notification.value),
            "threshold": number(notification.threshold),
            "window_seconds": notification.window,
            "started_at": iso(notification.started_us),
            "ended_at": None if notification.ended_us is None else iso(notification.ended_us),
            "note": clean(notification.note, MOST_NOTE),
            "runbook": clean(notification.runbook, MOST_URL),
            "link": notification.link,
        },
    }
