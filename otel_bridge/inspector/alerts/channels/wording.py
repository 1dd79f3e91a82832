"""A notification in words for people, the same in every channel.

What strangers can write (a group's value) and what the rule's author wrote is cut and printable here, so
that a channel only has to escape it for its own format.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import urlsplit

from otel_bridge.inspector.alerts.notification import Kind, Notification
from otel_bridge.inspector.alerts.rule import MOST_CHARACTERS

MOST_NOTE = 1000
MOST_URL = 2000
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


class Wording(NamedTuple):
    title: str
    """`Critical: Payments fail (consumer: acme)`, one line."""
    sentence: str
    facts: tuple[tuple[str, str], ...]
    """Label and value, all of them one line."""
    links: tuple[tuple[str, str], ...]
    """Label and http(s) URL without blanks."""


def word(notification: Notification) -> Wording:
    per, group = clean(notification.per), clean(notification.group)
    runbook = _link(notification.runbook)
    facts = [
        ("Severity", notification.severity.value.capitalize()),
        (per.capitalize() if per else "", group or "none"),
        ("Since", when(notification.started_us)),
        ("Until", when(notification.ended_us) if notification.ended_us is not None else ""),
        ("Note", clean(notification.note, MOST_NOTE)),
        ("Runbook", "" if runbook else clean(notification.runbook)),
    ]
    links = (("Open the alert", _link(notification.link)), ("Runbook", runbook))
    return Wording(
        title=title(notification),
        sentence=clean(notification.sentence, MOST_NOTE),
        facts=tuple((label, value) for label, value in facts if label and value),
        links=tuple((label, url) for label, url in links if url),
    )


def title(notification: Notification) -> str:
    lead = {
        Kind.TRIGGER: notification.severity.value.capitalize(),
        Kind.RESOLVE: "Resolved",
        Kind.TEST: "Test",
    }[notification.kind]
    group = ""
    if notification.per:
        group = f" ({clean(notification.per)}: {clean(notification.group) or 'none'})"
    return f"{lead}: {clean(notification.rule_name)}{group}"


def when(us: int) -> str:
    """`2026-11-22 05:48:01 UTC`."""
    return moment(us).strftime("%Y-%m-%d %H:%M:%S UTC")


def iso(us: int) -> str:
    """RFC 3339 with milliseconds, as the APIs want it."""
    return moment(us).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(us: int) -> datetime:
    return datetime.fromtimestamp(us // 1_000_000, UTC).replace(microsecond=us % 1_000_000)


def number(value: float) -> int | float:
    """A whole number without its fraction."""
    return int(value) if value.is_integer() else value


def cut(text: str, most: int) -> str:
    """At most *most* characters; an ellipsis tells that there were more."""
    return text if len(text) <= most else text[: most - 1] + "…"


def printable(text: str) -> str:
    """One line, without control characters, changes of direction, and what is no character at all."""
    return "".join(each if each.isprintable() else " " if each.isspace() else _REPLACEMENT for each in text)


def clean(text: str, most: int = MOST_CHARACTERS) -> str:
    """`printable` and `cut`."""
    # Cut before and after: the text may be as long as a stranger likes.
    return cut(printable(text[: most + 1]), most)


def _link(url: str) -> str:
    """*url* where it can stand behind a link, else ""."""
    if len(url) > MOST_URL or not url.isprintable() or " " in url:
        return ""
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    return url if parts.scheme in ("http", "https") and parts.netloc else ""
