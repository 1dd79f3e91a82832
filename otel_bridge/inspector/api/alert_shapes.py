"""The JSON documents of /api/alerts, with the units of `shapes.py`; windows and pauses are seconds."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from otel_bridge.inspector.alerts.document import ChannelNames, Cooldown, RuleDocument
from otel_bridge.inspector.api.shapes import Shape
from otel_bridge.inspector.api.status_shapes import WarningShape


class SnoozeShape(Shape):
    group: str | None = Field(description="null: all groups")
    until: int | None = Field(description="null: until somebody wakes it")


class RuleShape(Shape):
    id: str
    origin: Literal["page", "file", "built-in"]
    document: RuleDocument | None = Field(description="as people write it; null: a rule about the bridge")
    name: str
    query: str
    sentence: str
    severity: Literal["info", "warning", "critical"]
    per: str
    channels: list[str]
    cooldown: int
    enabled: bool
    state: Literal["ok", "firing", "suspended", "off"]
    firing: int = Field(description="groups")
    why: str = Field(description="why it is suspended")
    suspended_until: int | None = Field(description="when it counts again; null: not before it is changed")
    cost_us: float | None = Field(description="what it costs an exchange; null: not measured yet")
    matched: int = Field(description="exchanges, since it was begun or changed, as `late`")
    late: int = Field(description="came too late to count")
    groups: int
    groups_left_out: int
    spark: list[int] = Field(description="matches in each of the last minutes, oldest first")
    snooze: SnoozeShape | None = Field(description="of the whole rule")
    last_fired: int | None


class ChannelShape(Shape):
    name: str
    failing_since: int | None
    detail: str = Field(description="what the other end said last")
    delivered: int
    failed: int
    waiting: int


class ToldShape(Shape):
    """One notification."""

    channel: str
    kind: Literal["trigger", "resolve", "test"]
    result: Literal["pending", "delivered", "refused", "given up"]
    tries: int
    at: int
    detail: str


class FiringShape(Shape):
    id: str
    rule_id: str
    rule_name: str
    query: str
    severity: Literal["info", "warning", "critical"]
    per: str
    group: str
    started: int
    ended: int | None
    value: float
    matched: int
    total: int
    sentence: str
    told: bool
    held_back: Literal["", "snoozed", "muted", "cooldown"]
    samples: list[str] = Field(description="ids of exchanges, newest first")
    notifications: list[ToldShape]


class AlertsShape(Shape):
    rules: list[RuleShape]
    channels: list[ChannelShape]
    warnings: list[WarningShape]


class RuleDetailShape(Shape):
    rule: RuleShape
    firing: list[FiringShape] = Field(description="the newest of them; `rule.firing` is how many fire")
    snoozes: list[SnoozeShape] = Field(description="of single groups")


class FiringNowShape(Shape):
    firings: list[FiringShape]
    total: int = Field(description="how many fire, whether listed or not")


class FiringsShape(Shape):
    firings: list[FiringShape]
    next: int | None = Field(default=None, description="`before` for what follows; null: there is no more")


class WouldFireShape(Shape):
    group: str
    start: int
    end: int | None
    value: float


class PreviewShape(Shape):
    sentence: str
    firings: list[WouldFireShape] = Field(description="oldest first")
    matched: int
    complete: bool = Field(description="false: there was more traffic than could be looked through")


class PreviewBody(Shape):
    """A rule that does not exist yet, and how far to look back."""

    rule: RuleDocument
    hours: int = Field(24, ge=1, le=24 * 7)


class RuleChange(Shape):
    """What can be changed of any rule, in the words of a rule; of those from a file `enabled` alone."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool | None = None
    notify: ChannelNames | None = None
    cooldown: Cooldown | None = None


class SnoozeBody(Shape):
    group: str | None = Field(None, max_length=200, description="null: all groups")
    seconds: int | None = Field(None, ge=1, le=366 * 86_400, description="null: until somebody wakes it")


class WakeBody(Shape):
    group: str | None = Field(None, max_length=200)


class TestBody(Shape):
    channel: str = Field(description="its key in the configuration")


class TestShape(Shape):
    result: Literal["delivered", "retry", "refused"]
    detail: str
