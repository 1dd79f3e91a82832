"""What arrives as mail, by a real server, and what is not sent at all."""

from __future__ import annotations

import email
import ssl
from email.message import EmailMessage
from email.policy import default
from typing import Any

import pytest
import trustme

from otel_bridge.inspector.alerts.channels.build import build_channels
from otel_bridge.inspector.alerts.channels.email import compose
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.settings import EmailSettings, MailTls, SlackSettings
from otel_bridge.inspector.alerts.notification import Notification, Outcome, Result
from tests.inspector.alerts.channels.mail_server import PASSWORD, USER, Inbox, mail_server, silent_server
from tests.inspector.alerts.channels.notifications import (
    HOSTILE,
    NOW,
    a_network,
    a_notification,
    resolved,
    resolving,
)
from tests.vendor_server import VendorServer, closed_port

pytestmark = pytest.mark.anyio

HOST = "mail.example.com"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(scope="module")
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(context)
    return context


@pytest.fixture(scope="module")
def network(authority: trustme.CA) -> Network:
    def trust() -> ssl.SSLContext:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        return context

    return Network(resolving(["127.0.0.1"]), lambda: NOW, trust)


async def mailed(port: int, network: Network, *notifications: Notification, **changes: Any) -> list[Outcome]:
    given = {
        "host": HOST,
        "tls": MailTls.NONE,
        "sender": "Alerts <alerts@example.com>",
        "to": ("one@example.com", "two@example.com"),
    } | changes
    settings = EmailSettings(name="email", port=port, **given)
    (channel,) = build_channels([settings], network=network).values()
    outcomes = [await channel.send(each) for each in notifications or [a_notification()]]
    await channel.close()
    return outcomes


def parsed(content: bytes | str | None) -> EmailMessage:
    assert isinstance(content, bytes)
    mail = email.message_from_bytes(content, policy=default)
    assert isinstance(mail, EmailMessage)
    return mail


def part(mail: EmailMessage, kind: str) -> str:
    found = mail.get_body((kind,))
    assert found is not None
    content = found.get_content()
    assert isinstance(content, str)
    return content


async def test_a_firing_arrives_in_words_with_its_numbers_and_links(network: Network) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        outcomes = await mailed(port, network)

    assert [Outcome(Result.DELIVERED, "taken")] == outcomes
    (envelope,) = inbox.mails
    assert "alerts@example.com" == envelope.mail_from
    assert ["one@example.com", "two@example.com"] == envelope.rcpt_tos
    mail = parsed(envelope.content)
    assert "Critical: Payments fail (consumer: acme)" == mail["Subject"]
    assert "Alerts <alerts@example.com>" == mail["From"]
    assert "one@example.com, two@example.com" == mail["To"]
    assert "Sat, 22 Nov 2025 05:48:20 +0000" == mail["Date"]
    assert f"<{'0f' * 16}@example.com>" == mail["Message-ID"]
    assert "auto-generated" == mail["Auto-Submitted"]
    assert [
        "7 exchanges matched in 10 minutes (5 or more)",
        "",
        "Severity: Critical",
        "Consumer: acme",
        "Since: 2025-11-22 05:48:01 UTC",
        "Note: Ask the payments team",
        "Open the alert: https://inspector.example.com/alerts?firing=" + "f1" * 16,
        "Runbook: https://wiki.example.com/payments?a=1&b=2",
    ] == part(mail, "plain").splitlines()
    assert '<a href="https://wiki.example.com/payments?a=1&amp;b=2">Runbook</a>' in part(mail, "html")


async def test_a_firing_and_its_end_are_one_thread_of_two_mails(network: Network) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        await mailed(port, network, a_notification(id="01" * 16), resolved(id="02" * 16))

    first, second = (parsed(envelope.content) for envelope in inbox.mails)
    assert first["Message-ID"] != second["Message-ID"]
    assert first["References"] == second["References"] == second["In-Reply-To"]
    assert "Resolved: Payments fail (consumer: acme)" == second["Subject"]


async def test_other_groups_are_other_threads() -> None:
    one, other = (
        compose(a_notification(dedup_key=key), sender="a@example.com", to=("b@example.com",), now_us=0)
        for key in ("one", "other")
    )

    assert one["References"] != other["References"]


@pytest.mark.parametrize(("kind", "implicit"), [(MailTls.STARTTLS, False), (MailTls.TLS, True)])
async def test_a_mail_goes_encrypted_and_with_a_login(
    network: Network, tls: ssl.SSLContext, kind: MailTls, implicit: bool
) -> None:
    inbox = Inbox()
    async with mail_server(inbox, tls=tls, implicit=implicit, login=True) as port:
        (outcome,) = await mailed(port, network, tls=kind, username=USER, password=PASSWORD)

    assert Outcome(Result.DELIVERED, "taken") == outcome
    assert ([True], [True]) == (inbox.encrypted, inbox.logins)


async def test_a_mail_server_hears_nothing_of_http(network: Network, authority: trustme.CA) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(HOST).configure_cert(tls)
    tls.set_alpn_protocols(["http/1.1"])
    inbox = Inbox()
    with VendorServer(tls=tls) as hooks:
        async with mail_server(inbox, tls=tls, implicit=True) as port:
            settings = [
                SlackSettings(name="slack", url=f"https://{HOST}:{hooks.port}/"),
                EmailSettings(
                    name="email",
                    host=HOST,
                    port=port,
                    tls=MailTls.TLS,
                    sender="a@b.example",
                    to=("c@d.example",),
                ),
            ]
            channels = build_channels(settings, network=network)
            outcomes = [(await channel.send(a_notification())).result for channel in channels.values()]
            for channel in channels.values():
                await channel.close()

    assert [Result.DELIVERED, Result.DELIVERED] == outcomes
    assert [None] == inbox.protocols


async def test_a_server_without_starttls_gets_nothing(network: Network) -> None:
    inbox = Inbox()
    async with mail_server(inbox) as port:
        (outcome,) = await mailed(port, network, tls=MailTls.STARTTLS)

    assert Result.REFUSED == outcome.result
    assert "STARTTLS" in outcome.detail
    assert [] == inbox.mails


@pytest.mark.parametrize(("kind", "implicit"), [(MailTls.STARTTLS, False), (MailTls.TLS, True)])
async def test_a_certificate_of_another_name_is_named_as_the_reason(
    network: Network, tls: ssl.SSLContext, kind: MailTls, implicit: bool
) -> None:
    inbox = Inbox()
    async with mail_server(inbox, tls=tls, implicit=implicit) as port:
        (outcome,) = await mailed(port, network, tls=kind, host="other.example.com")

    assert Result.RETRY == outcome.result
    assert "its certificate is not trusted: Hostname mismatch" in outcome.detail
    assert [] == inbox.mails


async def test_a_wrong_password_is_refused_and_not_repeated(network: Network, tls: ssl.SSLContext) -> None:
    inbox = Inbox()
    async with mail_server(inbox, tls=tls, login=True) as port:
        (outcome,) = await mailed(
            port, network, tls=MailTls.STARTTLS, username=USER, password="wrong-password"
        )

    assert Result.REFUSED == outcome.result
    assert "535" in outcome.detail
    assert "wrong-password" not in outcome.detail
    assert [] == inbox.mails


@pytest.mark.parametrize(
    ("answer", "result"), [("450 later", Result.RETRY), ("550 nobody of that name", Result.REFUSED)]
)
async def test_what_the_server_says_of_the_recipients_counts(
    network: Network, answer: str, result: Result
) -> None:
    inbox = Inbox(lambda _: answer)
    async with mail_server(inbox) as port:
        (outcome,) = await mailed(port, network)

    assert result == outcome.result
    assert answer in outcome.detail


async def test_one_recipient_that_is_not_taken_keeps_the_mail_from_nobody_else(network: Network) -> None:
    inbox = Inbox(lambda address: "250 OK" if address.startswith("one") else "550 nobody")
    async with mail_server(inbox) as port:
        (outcome,) = await mailed(port, network)

    assert Outcome(Result.DELIVERED, "taken (not to 1 of 2)") == outcome
    assert 1 == len(inbox.mails)


@pytest.mark.parametrize(
    ("answer", "result"), [("451 greylisted", Result.RETRY), ("554 spam", Result.REFUSED)]
)
async def test_what_the_server_says_of_the_mail_counts(network: Network, answer: str, result: Result) -> None:
    inbox = Inbox()
    inbox.data_answer = answer
    async with mail_server(inbox) as port:
        (outcome,) = await mailed(port, network)

    assert Outcome(result, answer) == outcome


async def test_nobody_there_is_tried_again(network: Network) -> None:
    (outcome,) = await mailed(closed_port(), network)

    assert Outcome(Result.RETRY, "connection refused") == outcome


@pytest.mark.parametrize(("first", "times"), [(b"", 1), (b"220-and so on\r\n", 1), (b"x", 1_000_000)])
async def test_a_server_that_never_ends_what_it_says_is_given_up(first: bytes, times: int) -> None:
    network = a_network(resolving(["127.0.0.1"]), patience=1.0)
    async with silent_server(first, times=times) as port:
        (outcome,) = await mailed(port, network)

    assert Result.RETRY == outcome.result
    assert outcome.detail


async def test_a_forbidden_address_gets_no_mail() -> None:
    (outcome,) = await mailed(25, a_network(resolving(["127.0.0.1", "169.254.169.254"])))

    assert Result.REFUSED == outcome.result
    assert "169.254.169.254 is link-local" in outcome.detail


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_no_name_adds_a_header_or_a_tag(network: Network, text: str) -> None:
    hostile = a_notification(group=text, rule_name=text, note=text, sentence=text, per=text, runbook=text)
    inbox = Inbox()
    async with mail_server(inbox) as port:
        (outcome,) = await mailed(port, network, hostile)

    assert Result.DELIVERED == outcome.result
    mail = parsed(inbox.mails[0].content)
    assert [
        "From",
        "To",
        "Subject",
        "Date",
        "Message-ID",
        "In-Reply-To",
        "References",
        "Auto-Submitted",
        "MIME-Version",
        "Content-Type",
    ] == list(mail.keys())
    assert ["one@example.com", "two@example.com"] == inbox.mails[0].rcpt_tos
    page = part(mail, "html")
    assert "<script" not in page
    assert 1 == page.count("<a href")
    assert len(page) < 20_000
