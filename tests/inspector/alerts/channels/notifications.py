"""Notifications to send, and the world to send them in."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Sequence
from typing import Any

from otel_bridge.inspector.alerts.channels.guard import Resolve, resolve_by_system
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.notification import Kind, Notification
from otel_bridge.inspector.alerts.rule import Severity

NOW = 1_763_790_500.0
"""Unix time of every channel here: 2025-11-22 05:48:20 UTC."""

TRUST = ssl.create_default_context()

HOSTILE = [
    "line\r\nbreak: yes\n\nand\ta tab",
    "<!channel> <!here|x> <@U123> @here @channel @everyone <users/all>",
    "*bold* _it_ `code` :boom: <https://evil.example.com|click> & &lt;",
    "</p><script>alert(1)</script>",
    "x" * 1_000_000,
    "\u202egnp.exe\u0000\u001b[31m\u2028\ufeff",
    "\ud800 alone",
    '"quoted"\\ and \\u0022',
    "",
]
"""What a stranger may make the value of a group, if nothing else stops it."""


def a_notification(**changes: Any) -> Notification:
    return Notification(
        id="0f" * 16,
        kind=Kind.TRIGGER,
        dedup_key="otel-bridge/00c0ffee00c0ffee/0123456789ab",
        firing_id="f1" * 16,
        rule_id="00c0ffee00c0ffee",
        rule_name="Payments fail",
        severity=Severity.CRITICAL,
        per="consumer",
        group="acme",
        sentence="7 exchanges matched in 10 minutes (5 or more)",
        value=7.0,
        threshold=5.0,
        window=600,
        started_us=1_763_790_481_250_000,
        ended_us=None,
        note="Ask the payments team",
        runbook="https://wiki.example.com/payments?a=1&b=2",
        link="https://inspector.example.com/alerts?firing=" + "f1" * 16,
    )._replace(**changes)


def resolved(**changes: Any) -> Notification:
    return a_notification(kind=Kind.RESOLVE, ended_us=1_763_791_000_000_000, **changes)


def resolving(*answers: Sequence[str]) -> Resolve:
    """Each name has the first of *answers* when it is first asked for, and so on; the last for ever."""
    remaining = list(answers)

    async def resolve(host: str, port: int) -> Sequence[str]:
        return remaining.pop(0) if len(remaining) > 1 else remaining[0]

    return resolve


def a_network(
    resolve: Resolve = resolve_by_system, *, patience: float = 10.0, clock: Callable[[], float] = lambda: NOW
) -> Network:
    return Network(resolve, clock, lambda: TRUST, patience)
