"""From `inspector.alerts.channels` to what the channels run with."""

from __future__ import annotations

from pydantic import SecretStr

from otel_bridge.config import channels as config
from otel_bridge.config.models import Alerts
from otel_bridge.inspector.alerts.channels.settings import (
    AlertmanagerSettings,
    AppriseSettings,
    ChannelSettings,
    EmailSettings,
    MailTls,
    PagerdutySettings,
    SlackSettings,
    WebhookSettings,
)

# RFC 6409 and RFC 8314; plain mail is for a relay of one's own.
_PORTS = {MailTls.STARTTLS: 587, MailTls.TLS: 465, MailTls.NONE: 25}


def channel_settings(section: Alerts) -> tuple[ChannelSettings, ...]:
    """In the order of the file."""
    return tuple(
        _settings(name, channel, section.allow_link_local) for name, channel in section.channels.items()
    )


def _settings(name: str, channel: config.Channel, anywhere: bool) -> ChannelSettings:
    match channel:
        case config.SlackChannel():
            return SlackSettings(name=name, allow_link_local=anywhere, url=channel.url.get_secret_value())
        case config.PagerdutyChannel():
            return PagerdutySettings(
                name=name,
                allow_link_local=anywhere,
                routing_key=channel.routing_key.get_secret_value(),
                url=channel.url,
            )
        case config.EmailChannel():
            tls = MailTls(channel.tls)
            return EmailSettings(
                name=name,
                allow_link_local=anywhere,
                host=channel.host,
                port=_PORTS[tls] if channel.port is None else channel.port,
                tls=tls,
                username=channel.username,
                password=_open(channel.password),
                sender=channel.sender,
                to=channel.to,
            )
        case config.WebhookChannel():
            return WebhookSettings(
                name=name,
                allow_link_local=anywhere,
                url=channel.url.get_secret_value(),
                secret=channel.secret.get_secret_value(),
                headers=tuple((key, value.get_secret_value()) for key, value in channel.headers.items()),
            )
        case config.AlertmanagerChannel():
            return AlertmanagerSettings(
                name=name,
                allow_link_local=anywhere,
                url=channel.url,
                username=channel.username,
                password=_open(channel.password),
            )
        case config.AppriseChannel():
            return AppriseSettings(name=name, allow_link_local=anywhere, url=channel.url.get_secret_value())


def _open(secret: SecretStr | None) -> str | None:
    return None if secret is None else secret.get_secret_value()
