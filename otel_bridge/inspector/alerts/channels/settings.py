"""What each channel runs with: frozen, picklable, and with nothing secret in its `repr`.

*name* is the channel's key in the configuration. *allow_link_local* switches the guard off (`guard.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum


class MailTls(StrEnum):
    STARTTLS = "starttls"
    """Required: a server that does not offer it gets no mail."""
    TLS = "tls"
    """From the first byte."""
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings:
    name: str
    allow_link_local: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SlackSettings(ChannelSettings):
    url: str = field(repr=False)
    """Of an incoming webhook; whoever knows it may post."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerdutySettings(ChannelSettings):
    routing_key: str = field(repr=False)
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailSettings(ChannelSettings):
    host: str
    port: int
    tls: MailTls
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    sender: str
    """As in a `From` header; `to` likewise."""
    to: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookSettings(ChannelSettings):
    url: str = field(repr=False)
    secret: str = field(repr=False)
    """`whsec_` and base64, or any text."""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertmanagerSettings(ChannelSettings):
    url: str
    """Without `/api/v2/alerts`; a path before that is kept."""
    username: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AppriseSettings(ChannelSettings):
    url: str = field(repr=False)
