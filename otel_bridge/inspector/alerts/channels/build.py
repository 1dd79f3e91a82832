"""From settings to channels."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from otel_bridge.inspector.alerts.channels.alertmanager import AlertmanagerChannel
from otel_bridge.inspector.alerts.channels.apprise import AppriseChannel
from otel_bridge.inspector.alerts.channels.email import EmailChannel
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.pagerduty import PagerdutyChannel
from otel_bridge.inspector.alerts.channels.settings import (
    AlertmanagerSettings,
    AppriseSettings,
    ChannelSettings,
    EmailSettings,
    PagerdutySettings,
    SlackSettings,
    WebhookSettings,
)
from otel_bridge.inspector.alerts.channels.slack import SlackChannel
from otel_bridge.inspector.alerts.channels.webhook import WebhookChannel
from otel_bridge.inspector.alerts.notification import Channel

_MAKERS: Mapping[type[ChannelSettings], Callable[[Any, Network], Channel]] = {
    AlertmanagerSettings: AlertmanagerChannel,
    AppriseSettings: AppriseChannel,
    EmailSettings: EmailChannel,
    PagerdutySettings: PagerdutyChannel,
    SlackSettings: SlackChannel,
    WebhookSettings: WebhookChannel,
}


def build_channels(
    settings: Sequence[ChannelSettings], *, network: Network | None = None
) -> dict[str, Channel]:
    """A channel for each of *settings*, by its name, for one event loop.

    *network* is for tests.
    """
    if not settings:
        return {}
    world = network or Network()
    return {each.name: _MAKERS[type(each)](each, world) for each in settings}
