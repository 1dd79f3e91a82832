"""What is told of a firing: put together once, when it is told, so that each try says the same."""

from __future__ import annotations

from hashlib import blake2b

import orjson

from otel_bridge.inspector.alerts.notification import Kind, Notification
from otel_bridge.inspector.alerts.rule import Condition, Count, Severity, Share, Silence, Watch


def dedup_key(rule_id: str, group: str) -> str:
    return f"otel-bridge/{rule_id}/{blake2b(group.encode(), digest_size=6).hexdigest()}"


def threshold(condition: Condition) -> float:
    """What the value is compared with; 0 where the bridge itself judges."""
    match condition:
        case Count() | Share():
            return float(condition.at_least)
        case Silence():
            return float(condition.fewer_than)
        case Watch():
            return 0.0


def link(public_url: str | None, firing_id: str) -> str:
    return f"{public_url.rstrip('/')}/alerts?firing={firing_id}" if public_url else ""


def dump(notification: Notification) -> str:
    return orjson.dumps(notification._asdict()).decode()


def load(text: str) -> Notification:
    found = orjson.loads(text)
    fields = {name: found[name] for name in Notification._fields}
    return Notification(**fields | {"kind": Kind(fields["kind"]), "severity": Severity(fields["severity"])})
