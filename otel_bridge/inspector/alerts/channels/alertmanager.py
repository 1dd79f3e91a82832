"""Prometheus' Alertmanager, by its API v2 (`POST /api/v2/alerts`, shapes as in its own openapi.yaml).

An alert there is its set of labels, and lives until `endsAt`. A firing is posted with an end five minutes
ahead and renewed each minute by who sends: a bridge that is gone leaves nothing that burns for ever, and
an Alertmanager that was restarted soon knows again. A resolve is the same labels with an end in the past.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import orjson

from otel_bridge.inspector.alerts.channels.http import Poster
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.settings import AlertmanagerSettings
from otel_bridge.inspector.alerts.channels.wording import MOST_URL, clean, iso, number, word
from otel_bridge.inspector.alerts.notification import Kind, Notification, Outcome

LIFETIME = 300
"""Seconds for which a firing counts without being renewed."""

_OWN_LABELS = frozenset({"alertname", "severity", "rule_id", "test"})


class AlertmanagerChannel:
    renews = True

    def __init__(self, settings: AlertmanagerSettings, network: Network) -> None:
        self.name = settings.name
        self._clock = network.clock
        self._headers = {"Content-Type": "application/json"}
        secrets: tuple[str, ...] = ()
        if settings.username is not None and settings.password is not None:
            login = base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode()
            self._headers["Authorization"] = f"Basic {login}"
            secrets = (settings.password, login)
        self._poster = Poster(
            f"{settings.url}/api/v2/alerts",
            network=network,
            allow_link_local=settings.allow_link_local,
            secrets=secrets,
            check=f"url and login of {settings.name}",
        )

    async def send(self, notification: Notification) -> Outcome:
        now_us = int(self._clock() * 1_000_000)
        return await self._poster.post(orjson.dumps([alert(notification, now_us)]), self._headers)

    async def close(self) -> None:
        await self._poster.close()


def alert(notification: Notification, now_us: int) -> dict[str, Any]:
    """One alert as the API takes it."""
    wording = word(notification)
    annotations = {
        "summary": wording.title,
        "description": wording.sentence,
        "value": str(number(notification.value)),
        "note": dict(wording.facts).get("Note", ""),
        "runbook_url": clean(notification.runbook, MOST_URL),
    }
    ended = notification.ended_us if notification.kind is Kind.RESOLVE else None
    return {
        "labels": _labels(notification),
        "annotations": {name: value for name, value in annotations.items() if value},
        "startsAt": iso(notification.started_us),
        # An end that does not lie behind the beginning would be refused.
        "endsAt": iso(
            now_us + LIFETIME * 1_000_000 if ended is None else max(ended, notification.started_us)
        ),
    } | ({"generatorURL": notification.link} if notification.link else {})


def _labels(notification: Notification) -> dict[str, str]:
    labels = {
        "alertname": clean(notification.rule_name),
        "severity": notification.severity.value,
        "rule_id": notification.rule_id,
    }
    group = clean(notification.group)
    if notification.per and group:
        labels[_label(notification.per)] = group
    if notification.kind is Kind.TEST:
        # Other labels are another alert: a test never ends a real one. It ends by itself.
        labels["test"] = "true"
    return labels


def _label(per: str) -> str:
    """*per* as every version of Prometheus allows it: `req_header_x_tenant`."""
    name = re.sub(r"[^a-zA-Z0-9_]", "_", clean(per))
    return f"group_{name}" if name in _OWN_LABELS or not name[0].isalpha() else name
