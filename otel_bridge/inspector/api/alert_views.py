"""From the alerts' values to the JSON documents of `alert_shapes.py`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from otel_bridge.inspector.alerts.book import Firing, Snooze
from otel_bridge.inspector.alerts.document import RuleDocument
from otel_bridge.inspector.alerts.engine import RuleHealth
from otel_bridge.inspector.alerts.lane import ChannelHealth
from otel_bridge.inspector.alerts.preview import Preview
from otel_bridge.inspector.alerts.rule import Rule, Watch
from otel_bridge.inspector.alerts.sentence import rule_sentence
from otel_bridge.inspector.api.alert_shapes import (
    ChannelShape,
    FiringShape,
    PreviewShape,
    RuleShape,
    SnoozeShape,
    ToldShape,
    WouldFireShape,
)
from otel_bridge.inspector.api.status_shapes import WarningShape


def rule(
    found: Rule, health: RuleHealth | None, firing: int, snooze: Snooze | None, last: int | None
) -> RuleShape:
    """*firing*: how many of its groups; *snooze*: of the whole rule; *last*: when it last began to fire."""
    suspended = found.enabled and health is not None and health.suspended_why != ""
    state = "off" if not found.enabled else "suspended" if suspended else "firing" if firing else "ok"
    return RuleShape.model_validate(
        {
            "id": found.id,
            "origin": found.origin.value,
            "document": None if isinstance(found.condition, Watch) else RuleDocument.of(found),
            "name": found.name,
            "query": found.query,
            "sentence": rule_sentence(found),
            "severity": found.severity.value,
            "per": found.per,
            "channels": list(found.channels),
            "cooldown": found.cooldown,
            "enabled": found.enabled,
            "state": state,
            "firing": firing,
            "why": health.suspended_why if health else "",
            "suspended_until": health.suspended_until_us if health else None,
            "cost_us": health.cost_us if health else None,
            "matched": health.matched if health else 0,
            "late": health.late if health else 0,
            "groups": health.groups if health else 0,
            "groups_left_out": health.groups_left_out if health else 0,
            "spark": list(health.spark) if health else [],
            "snooze": None if snooze is None else _snooze(snooze),
            "last_fired": last,
        }
    )


def firing(found: Firing) -> FiringShape:
    return FiringShape.model_validate(
        {
            "id": found.id,
            "rule_id": found.rule_id,
            "rule_name": found.rule_name,
            "query": found.query,
            "severity": found.severity.value,
            "per": found.per,
            "group": found.group,
            "started": found.started_us,
            "ended": found.ended_us,
            "value": found.value,
            "matched": found.matched,
            "total": found.total,
            "sentence": found.sentence,
            "told": found.told,
            "held_back": found.held_back.value,
            "samples": list(found.samples),
            "notifications": [
                ToldShape.model_validate(
                    {
                        "channel": each.channel,
                        "kind": each.kind.value,
                        "result": each.result,
                        "tries": each.tries,
                        "at": each.at_us,
                        "detail": each.detail,
                    }
                )
                for each in found.notifications
            ],
        }
    )


def channel(name: str, health: ChannelHealth | None) -> ChannelShape:
    return ChannelShape(
        name=name,
        failing_since=health.failing_since_us if health else None,
        detail=health.last_detail if health else "",
        delivered=health.delivered if health else 0,
        failed=health.failed if health else 0,
        waiting=health.waiting if health else 0,
    )


def snoozes(found: Sequence[Snooze], rule_id: str) -> list[SnoozeShape]:
    return [_snooze(each) for each in found if each.rule_id == rule_id and each.group is not None]


def preview(found: Preview, previewed: Rule) -> PreviewShape:
    return PreviewShape(
        sentence=rule_sentence(previewed),
        firings=[
            WouldFireShape(group=each.group, start=each.start_us, end=each.end_us, value=each.value)
            for each in found.firings
        ],
        matched=found.matched,
        complete=found.complete,
    )


def warnings(
    *, missed: int, trouble: str, sampling_rate: float, channels: Mapping[str, ChannelHealth]
) -> Iterator[WarningShape]:
    """What makes the alerts say less than they should."""
    if sampling_rate < 1:
        yield WarningShape(
            text=f"The gateway samples: about {sampling_rate:.0%} of the exchanges arrive, so counts are too "
            "low, and rare events are missed.",
            fix="Set tracing_sampling_rate = 1.0 in kong.conf and sampling_rate: 1 in the plugin, then "
            "inspector.sampling_rate here; or lower the numbers of the rules.",
        )
    if missed:
        yield WarningShape(
            text=f"{missed} exchanges came faster than the rules could look at them.",
            fix="Make the dearest rules cheaper (their cost is in the list), or switch some off.",
        )
    if trouble:
        yield WarningShape(
            text=f"Alerts can't be written down, so nobody is told: {trouble}.",
            fix="Look at the disk. It goes on by itself once it can write.",
        )
    for name, health in channels.items():
        if health.failing_since_us is not None:
            yield WarningShape(
                text=f"The channel {name} takes nothing: {health.last_detail or 'no answer'}.",
                fix=f"Look at inspector.alerts.channels.{name}. {health.waiting} wait, and are tried again.",
            )


def _snooze(found: Snooze) -> SnoozeShape:
    return SnoozeShape(group=found.group, until=found.until_us)
