"""Readers for the values of notification channels, as those of `values.py`: a value or a ValueError."""

from __future__ import annotations

import base64
import binascii
import re
from email.errors import MessageError
from email.headerregistry import Address
from urllib.parse import urlsplit

from pydantic import SecretStr

from otel_bridge.documents.values import host, required_text

SECRET_PREFIX = "whsec_"  # noqa: S105 - what Standard Webhooks puts before a secret in base64
# The channel's own; a second one would be read by some servers and not by others.
OWN_HEADERS = frozenset({"content-length", "content-type", "host", "transfer-encoding"})

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_MAILBOX = re.compile(r"(?:(?P<name>[^<>]*)<(?P<within>[^<>]+)>|(?P<bare>[^<>]+))")


def secret_url(value: object) -> SecretStr:
    """An absolute http or https URL whose path or query says who may post, so all of it is secret."""
    text = required_text(_plain(value))
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError("is not a URL: its host or port makes no sense") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("is not a URL: give https://host/path")
    if not text.isascii() or not text.isprintable() or " " in text:
        raise ValueError("is not a URL: it holds blanks, line breaks or characters beyond ASCII")
    if parts.username is not None or parts.fragment:
        raise ValueError("is not usable: a user or a fragment has no place in this URL")
    host(parts.hostname)
    return SecretStr(text)


def password(value: object) -> SecretStr:
    """Text in one line; blanks in it are kept."""
    text = _plain(value)
    if not isinstance(text, str):
        raise ValueError("is not text: put it in quotes")  # noqa: TRY004
    if not text or not text.isprintable():
        raise ValueError("is not a password: it is empty or holds line breaks")
    return SecretStr(text)


def header_value(value: object) -> SecretStr:
    """What may stand behind the colon of a header line."""
    text = required_text(_plain(value))
    if not text.isascii() or not text.isprintable():
        raise ValueError("is not a header's value: it holds line breaks or characters beyond ASCII")
    return SecretStr(text)


def header_name(value: object) -> str:
    text = required_text(value)
    if not _TOKEN.fullmatch(text):
        raise ValueError("is not a header's name")
    if text.lower() in OWN_HEADERS or text.lower().startswith("webhook-"):
        raise ValueError("is a header that the channel sets itself")
    return text


def webhook_secret(value: object) -> SecretStr:
    """A secret of Standard Webhooks (`whsec_` and base64), or any other text."""
    text = required_text(_plain(value))
    if text.startswith(SECRET_PREFIX):
        try:
            key = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
        except binascii.Error:
            key = b""
        if not key:
            raise ValueError(f"is not a secret: base64 has to follow `{SECRET_PREFIX}`")
    return SecretStr(text)


def mailbox(value: object) -> str:
    """`alerts@example.com` or `Alerts <alerts@example.com>`."""
    text = required_text(value)
    found = _MAILBOX.fullmatch(text) if text.isprintable() else None
    if found is None:
        raise ValueError("is not a mail address: give name@example.com")
    name = (found["name"] or "").strip().strip('"')
    try:
        address = Address(display_name=name, addr_spec=(found["within"] or found["bare"]).strip())
    except (MessageError, ValueError, IndexError):
        raise ValueError("is not a mail address: give name@example.com") from None
    if not address.addr_spec.isascii() or not address.username or not address.domain:
        raise ValueError("is not a mail address: give name@example.com")
    return str(address)


def apprise_url(value: object) -> SecretStr:
    """A URL of a service that Apprise reaches and that is allowed here."""
    # The channel is the place that knows them; most configurations have no use for it.
    from otel_bridge.inspector.alerts.channels.apprise import AppriseError, check

    text = required_text(_plain(value))
    try:
        check(text)
    except AppriseError as error:
        raise ValueError(str(error)) from None
    return SecretStr(text)


def _plain(value: object) -> object:
    return value.get_secret_value() if isinstance(value, SecretStr) else value
