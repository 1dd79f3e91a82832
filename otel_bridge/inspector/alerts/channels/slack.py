"""Slack's incoming webhooks.

Blocks and their limits as in Slack's Block Kit reference: a header of plain text with 150 characters at
most, sections with ten fields of 2,000 characters, context with `mrkdwn`. Only the links are `mrkdwn`;
all else is `plain_text`, in which nothing is a mention, a link or a format. The `text` beside the blocks
(Slack shows it in notifications) knows no such thing: there `&`, `<` and `>` are escaped, which leaves no
`<!channel>`, and `link_names` stays off, so `@here` is five letters.

A webhook takes about one message a second and answers 429 beyond that; an accepted one is answered 200.
"""

from __future__ import annotations

from typing import Any

import orjson

from otel_bridge.inspector.alerts.channels.http import Poster
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.settings import SlackSettings
from otel_bridge.inspector.alerts.channels.wording import Wording, cut, word
from otel_bridge.inspector.alerts.notification import Kind, Notification, Outcome
from otel_bridge.inspector.alerts.rule import Severity

_MOST_HEADER = 150
_MOST_FIELD = 2000

_SIGNS = {Severity.CRITICAL: "🔴", Severity.WARNING: "🟠", Severity.INFO: "🔵"}


class SlackChannel:
    renews = False

    def __init__(self, settings: SlackSettings, network: Network) -> None:
        self.name = settings.name
        self._poster = Poster(
            settings.url,
            network=network,
            allow_link_local=settings.allow_link_local,
            check=f"the url of {settings.name}",
        )

    async def send(self, notification: Notification) -> Outcome:
        return await self._poster.post(
            orjson.dumps(message(notification)), {"Content-Type": "application/json"}
        )

    async def close(self) -> None:
        await self._poster.close()


def message(notification: Notification) -> dict[str, Any]:
    """What is posted, before it is JSON."""
    wording = word(notification)
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": _plain(f"{_sign(notification)} {wording.title}", _MOST_HEADER)},
        {"type": "section", "text": _plain(wording.sentence or wording.title, _MOST_FIELD)},
        {
            "type": "section",
            "fields": [_plain(f"{label}\n{value}", _MOST_FIELD) for label, value in wording.facts],
        },
    ]
    if wording.links:
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": _links(wording)}]})
    return {
        "text": _escaped(f"{wording.title}. {wording.sentence}"),
        "blocks": blocks,
        "link_names": False,
        "unfurl_links": False,
        "unfurl_media": False,
    }


def _sign(notification: Notification) -> str:
    match notification.kind:
        case Kind.RESOLVE:
            return "✅"
        case Kind.TEST:
            return "🧪"
        case Kind.TRIGGER:
            return _SIGNS[notification.severity]


def _plain(text: str, most: int) -> dict[str, Any]:
    # Without `emoji`, `:boom:` in a name stays as it is.
    return {"type": "plain_text", "text": cut(text, most), "emoji": False}


def _links(wording: Wording) -> str:
    return " · ".join(f"<{_escaped(url.replace('|', '%7C'))}|{label}>" for label, url in wording.links)


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
