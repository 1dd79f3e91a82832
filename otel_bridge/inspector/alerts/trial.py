"""The notification that shows somebody that a channel works."""

from __future__ import annotations

from otel_bridge.inspector.alerts.notification import Kind, Notification
from otel_bridge.inspector.alerts.rule import Severity


def trial(channel: str, *, id: str, now_us: int, link: str = "") -> Notification:  # noqa: A002 - the field's
    """*id*: 32 hex digits of chance, so that no trial is taken for the one before."""
    return Notification(
        id=id,
        kind=Kind.TEST,
        dedup_key=f"otel-bridge/test/{id[:12]}",
        firing_id="",
        rule_id="",
        rule_name="Test",
        severity=Severity.INFO,
        per="",
        group="",
        sentence=f"This is a test of the channel {channel}: nothing is wrong",
        value=0.0,
        threshold=0.0,
        window=0,
        started_us=now_us,
        ended_us=None,
        note="",
        runbook="",
        link=link,
    )
