"""Alerts through the whole program: OTLP comes in, and stand-ins for Slack and others are told, once."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from tests.bridge import PATIENCE, Bridge, eventually, run
from tests.end_to_end.traffic import Call, request
from tests.inspector.alerts.channels.mail_server import Inbox, mail_server
from tests.vendor_server import Reply, VendorServer

TOKEN = "a-token-of-the-tests"
CHANNELS = ("slack", "pagerduty", "email", "webhook")
RULES = """
rules:
  - name: Keys are missing
    when: status:401
    matches: 3
    within: 10m
    per: service
    severity: critical
    notify: [slack, pagerduty, email, webhook]
"""


class Town(NamedTuple):
    """A bridge, and everybody it can tell."""

    bridge: Bridge
    slack: VendorServer
    pagerduty: VendorServer
    webhook: VendorServer
    inbox: Inbox

    def told(self) -> dict[str, int]:
        """How many messages each has."""
        servers = {"slack": self.slack, "pagerduty": self.pagerduty, "webhook": self.webhook}
        return {"email": len(self.inbox.mails)} | {
            name: len(server.requests) for name, server in servers.items()
        }

    def wait_for(self, messages: int) -> None:
        """Everybody has so many, and nobody more."""
        eventually(lambda: min(self.told().values()) >= messages, f"{messages} messages for everybody")
        assert dict.fromkeys(CHANNELS, messages) == self.told()

    def apply(self, rules: str) -> None:
        file = self.bridge.directory / "alerts.yaml"
        file.write_text(rules)
        applied = run("alerts", "apply", file, "--config", self.bridge.config)
        assert applied.code == 0, applied.err

    def refuse(self, service: str) -> None:
        """Three answers of 401 by *service*."""
        self.bridge.post(request(*(Call(f"/{service}", service, 401) for _ in range(3))))


@contextmanager
def mail() -> Iterator[tuple[Inbox, int]]:
    """A mail server in a thread of its own, and its port."""
    inbox, ready, over = Inbox(), threading.Event(), threading.Event()
    ports: list[int] = []

    async def serve() -> None:
        async with mail_server(inbox) as port:
            ports.append(port)
            ready.set()
            await asyncio.to_thread(over.wait)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(PATIENCE)
    try:
        yield inbox, ports[0]
    finally:
        over.set()
        thread.join()


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with ExitStack() as stack:
        slack = stack.enter_context(VendorServer(lambda _: Reply(200, b"ok")))
        pagerduty = stack.enter_context(VendorServer(lambda _: Reply(202, b'{"status":"success"}')))
        webhook = stack.enter_context(VendorServer(lambda _: Reply(204, b"")))
        inbox, port = stack.enter_context(mail())
        channels: dict[str, Any] = {
            "slack": {"url": f"{slack.url}/services/T/B/x"},
            "pagerduty": {
                "routing_key": "0123456789abcdef0123456789abcdef",
                "url": f"{pagerduty.url}/v2/enqueue",
            },
            "webhook": {"url": f"{webhook.url}/hook", "secret": "a secret of the tests"},
            "email": {
                "host": "127.0.0.1",
                "port": port,
                "tls": "none",
                "from": "alerts@example.com",
                "to": "team@example.com",
            },
        }
        inspector = {
            "endpoint": "127.0.0.1:0",
            "tokens": [{"token": TOKEN, "role": "viewer"}],
            "alerts": {"channels": channels},
        }
        bridge = stack.enter_context(Bridge(tmp_path, inspector=inspector))
        yield Town(bridge, slack, pagerduty, webhook, inbox)


def test_everybody_is_told_once_whatever_is_killed_in_between(town: Town) -> None:
    town.apply(RULES)
    eventually(lambda: rules_from_files(town.bridge) == 1, "the running inspector goes by the file")

    town.refuse("orders")
    town.wait_for(1)
    town.bridge.kill()
    town.bridge.start()
    # What this causes comes behind whatever the restart might have repeated.
    town.refuse("billing")
    town.wait_for(2)
    town.bridge.stop()
    town.bridge.start()
    town.apply(RULES + "    enabled: false\n")
    town.wait_for(4)

    events = [message.json() for message in town.pagerduty.requests]
    assert ["trigger", "trigger", "resolve", "resolve"] == [event["event_action"] for event in events]
    assert 2 == len({event["dedup_key"] for event in events})
    assert {"orders", "billing"} == {message.json()["data"]["group"] for message in town.webhook.requests}


def rules_from_files(bridge: Bridge) -> int:
    """How many the inspector goes by, as it says itself."""
    headers = {"Authorization": f"Bearer {TOKEN}"}
    told = httpx.get(f"{bridge.address('inspector')}api/alerts", headers=headers, timeout=PATIENCE)
    return sum(rule["origin"] == "file" for rule in told.raise_for_status().json()["rules"])
