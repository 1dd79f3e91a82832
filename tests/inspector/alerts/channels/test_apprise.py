"""What goes through Apprise, what does not, and what stands between."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Iterator
from urllib.parse import unquote_to_bytes

import pytest

from otel_bridge.inspector.alerts.channels.apprise import SCHEMES, AppriseError, check
from otel_bridge.inspector.alerts.channels.build import build_channels
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.settings import AppriseSettings
from otel_bridge.inspector.alerts.notification import Channel, Notification, Outcome, Result
from tests.inspector.alerts.channels.notifications import (
    HOSTILE,
    a_network,
    a_notification,
    resolved,
    resolving,
)
from tests.vendor_server import Manner, Reply, VendorServer

pytestmark = pytest.mark.anyio

TOKEN = "secrettokensecrettoken"

# Of the library's own, those that run, write or post to anywhere.
NEVER = ["json", "xml", "form", "apprise", "dbus", "gnome", "macosx", "windows", "syslog", "mailto", "exec"]


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as server:
        yield server


def channel_to(url: str, network: Network | None = None) -> Channel:
    settings = AppriseSettings(name="apprise", url=url)
    (channel,) = build_channels([settings], network=network or a_network()).values()
    return channel


def mattermost(server: VendorServer, host: str = "127.0.0.1") -> str:
    return f"mmost://{host}:{server.port}/{TOKEN}"


async def sent(url: str, notification: Notification, network: Network | None = None) -> Outcome:
    channel = channel_to(url, network)
    outcome = await channel.send(notification)
    await channel.close()
    return outcome


async def test_a_firing_arrives_in_words_with_its_numbers_and_links(server: VendorServer) -> None:
    outcome = await sent(mattermost(server), a_notification())

    assert Outcome(Result.DELIVERED, "taken by Apprise") == outcome
    text = server.requests[0].body.decode()
    for part in (
        "Critical: Payments fail (consumer: acme)",
        "7 exchanges matched in 10 minutes (5 or more)",
        "Since: 2025-11-22 05:48:01 UTC",
        "Runbook: https://wiki.example.com/payments?a=1&b=2",
    ):
        assert part in text


async def test_an_end_is_told_as_such(server: VendorServer) -> None:
    await sent(mattermost(server), resolved())

    assert b"Resolved: Payments fail" in server.requests[0].body


@pytest.mark.parametrize("status", [400, 429, 500])
async def test_a_failure_is_tried_again_and_tells_no_secret(
    server: VendorServer, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    server.answer = lambda request: Reply(status, request.path.encode())
    with caplog.at_level(logging.DEBUG):
        told = await sent(mattermost(server), a_notification())

    assert Outcome(Result.RETRY, "Apprise could not deliver it: check the url of apprise") == told
    assert TOKEN not in caplog.text
    assert [] == [record for record in caplog.records if record.name.startswith(("apprise", "urllib3"))]


async def test_a_redirect_is_not_followed(server: VendorServer) -> None:
    with VendorServer() as other:
        server.answer = lambda _: Reply(307, headers={"Location": f"{other.url}/x"})

        told = await sent(mattermost(server), a_notification())

        assert Result.RETRY == told.result
        assert [] == other.requests


async def test_a_host_that_leads_to_the_metadata_service_is_refused(server: VendorServer) -> None:
    network = a_network(resolving(["169.254.169.254"]))

    told = await sent(mattermost(server, "chat.example.com"), a_notification(), network)

    assert Result.REFUSED == told.result
    assert "link-local" in told.detail


async def test_a_slow_service_holds_one_thread_and_nothing_else(server: VendorServer) -> None:
    server.answer = lambda _: Reply(manner=Manner.DRIP, interval=0.1)
    channel = channel_to(mattermost(server), a_network(patience=0.5))

    first = await channel.send(a_notification())
    second = await channel.send(a_notification())
    await channel.close()

    assert Outcome(Result.RETRY, "no answer within 0.5 s") == first
    assert Outcome(Result.RETRY, "the notification before it is still being sent") == second


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_name_mentions_anybody(server: VendorServer, text: str) -> None:
    hostile = a_notification(group=text, rule_name=text, note=text, sentence=text)
    await sent(mattermost(server), hostile)

    body = server.requests[0].body
    for mention in (b"@here", b"@channel", b"@everyone", b"<!channel", b"<users/all"):
        assert mention not in body
        assert mention not in unquote_to_bytes(body)
    assert sum(len(request.body) for request in server.requests) < 50_000


@pytest.mark.parametrize("scheme", NEVER)
def test_what_runs_writes_or_posts_anywhere_is_not_taken(scheme: str) -> None:
    assert scheme not in SCHEMES
    with pytest.raises(AppriseError, match="allowed here"):
        check(f"{scheme}://localhost/{TOKEN}")


@pytest.mark.parametrize(
    "url",
    [
        "discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        "tgram://123456789:abcdefg_hijklmnop/12315544",
        "ntfys://ntfy.example.com/topic",
        "pover://uuuuuuuuuuuuuuuuuuuuuuuuuuuuuu@tttttttttttttttttttttttttttttt",
        "workflows://prod-01.westeurope.logic.azure.com:443/643e69f83c8944/signature",
        "MMOSTS://chat.example.com/token",
    ],
)
def test_the_services_people_use_are_taken(url: str) -> None:
    check(url)


def test_no_fault_repeats_the_url() -> None:
    for url in (f"json://{TOKEN}", f"discord://{TOKEN}", f"mmosts://x/{TOKEN}?verify=no", TOKEN):
        with pytest.raises(AppriseError) as caught:
            check(url)

        assert TOKEN not in str(caught.value)


def test_without_the_package_the_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['apprise'] = None\n"
        "from otel_bridge.inspector.alerts.channels.apprise import check\n"
        "check('ntfys://ntfy.example.com/topic')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)

    assert "AppriseError: needs the package Apprise: pip install 'otel-bridge[apprise]'" in done.stderr
