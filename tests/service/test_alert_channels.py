"""The channels of a configuration arrive in the inspector's process, and their secrets nowhere else."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from otel_bridge.config import load
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
from otel_bridge.service.alert_channels import channel_settings

FILE = """
inspector:
  alerts:
    channels:
      slack: {url: "https://hooks.slack.com/services/SECRET"}
      pagerduty: {routing_key: SECRET}
      email: {host: mail.example.com, username: me, password: SECRET, from: a@example.com, to: b@example.com}
      email/tls: {host: mail.example.com, tls: tls, from: Al <a@b.example>, to: [b@b.example, c@b.example]}
      email/relay: {host: localhost, tls: none, port: 2525, from: a@example.com, to: b@example.com}
      webhook: {url: "https://example.com/SECRET", secret: SECRET, headers: {X-Key: SECRET}}
      alertmanager: {url: "http://localhost:9093/am/", username: me, password: SECRET}
      apprise: {url: "ntfys://SECRET@ntfy.example.com/topic"}
"""

EXPECTED: list[ChannelSettings] = [
    SlackSettings(name="slack", url="https://hooks.slack.com/services/SECRET"),
    PagerdutySettings(name="pagerduty", routing_key="SECRET", url="https://events.pagerduty.com/v2/enqueue"),
    EmailSettings(
        name="email",
        host="mail.example.com",
        port=587,
        tls=MailTls.STARTTLS,
        username="me",
        password="SECRET",
        sender="a@example.com",
        to=("b@example.com",),
    ),
    EmailSettings(
        name="email/tls",
        host="mail.example.com",
        port=465,
        tls=MailTls.TLS,
        sender="Al <a@b.example>",
        to=("b@b.example", "c@b.example"),
    ),
    EmailSettings(
        name="email/relay",
        host="localhost",
        port=2525,
        tls=MailTls.NONE,
        sender="a@example.com",
        to=("b@example.com",),
    ),
    WebhookSettings(
        name="webhook", url="https://example.com/SECRET", secret="SECRET", headers=(("X-Key", "SECRET"),)
    ),
    AlertmanagerSettings(
        name="alertmanager", url="http://localhost:9093/am", username="me", password="SECRET"
    ),
    AppriseSettings(name="apprise", url="ntfys://SECRET@ntfy.example.com/topic"),
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "bridge.yaml"
    file.write_text(FILE)
    return file


def test_every_type_of_channel_gets_its_settings(file: Path) -> None:
    settings = channel_settings(load(file, {}).inspector.alerts)

    assert EXPECTED == list(settings)
    assert EXPECTED == pickle.loads(pickle.dumps(list(settings)))


def test_the_permission_to_go_anywhere_reaches_all_of_them(file: Path) -> None:
    file.write_text(FILE.replace("    channels:", "    allow_link_local: true\n    channels:"))

    assert {True} == {each.allow_link_local for each in channel_settings(load(file, {}).inspector.alerts)}


def test_no_secret_is_in_any_repr(file: Path) -> None:
    config = load(file, {})

    for said in (repr(config), str(config), repr(channel_settings(config.inspector.alerts))):
        assert "SECRET" not in said
