"""The notification channels of `inspector.alerts.channels`, one class for each type."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, model_validator

from otel_bridge.config import channel_values
from otel_bridge.config.fields import Count, Host, Secret, Section, Text, Url, as_list
from otel_bridge.documents import values
from otel_bridge.documents.values import within

SecretUrl = Annotated[SecretStr, BeforeValidator(channel_values.secret_url)]
Password = Annotated[SecretStr, BeforeValidator(channel_values.password)]
HeaderName = Annotated[str, BeforeValidator(channel_values.header_name)]
HeaderValue = Annotated[SecretStr, BeforeValidator(channel_values.header_value)]
WebhookSecret = Annotated[SecretStr, BeforeValidator(channel_values.webhook_secret)]
Mailbox = Annotated[str, BeforeValidator(channel_values.mailbox)]
Mailboxes = Annotated[tuple[Mailbox, ...], BeforeValidator(as_list), AfterValidator(values.not_empty)]
AppriseUrl = Annotated[SecretStr, BeforeValidator(channel_values.apprise_url)]

PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"


class SlackChannel(Section):
    url: SecretUrl


class PagerdutyChannel(Section):
    routing_key: Secret
    url: Url = PAGERDUTY


class Login(Section):
    """What channels with a user and a password share: both or neither."""

    username: Text | None = None
    password: Password | None = None

    @model_validator(mode="after")
    def _both(self) -> Login:
        if (self.username is None) != (self.password is None):
            raise ValueError("needs `username` and `password`, or neither")
        return self


class EmailChannel(Login):
    host: Host
    port: Annotated[Count, AfterValidator(within(1, 65535))] | None = None
    tls: Literal["starttls", "tls", "none"] = "starttls"
    sender: Mailbox = Field(alias="from")
    to: Mailboxes


class WebhookChannel(Section):
    url: SecretUrl
    secret: WebhookSecret
    headers: dict[HeaderName, HeaderValue] = Field(default={})


class AlertmanagerChannel(Login):
    url: Url


class AppriseChannel(Section):
    url: AppriseUrl


Channel = (
    SlackChannel | PagerdutyChannel | EmailChannel | WebhookChannel | AlertmanagerChannel | AppriseChannel
)
CHANNEL_TYPES: dict[str, type[Channel]] = {
    "slack": SlackChannel,
    "pagerduty": PagerdutyChannel,
    "email": EmailChannel,
    "webhook": WebhookChannel,
    "alertmanager": AlertmanagerChannel,
    "apprise": AppriseChannel,
}
"""By the first part of a channel's key."""
