"""Mail, by SMTP.

TLS is from the first byte (RFC 8314) or by STARTTLS (RFC 3207), which is then required: a server that does
not offer it gets neither the login nor the mail. Certificates are checked for the configured name. The
connection goes to an address that the guard has seen, and all of it takes `Network.patience` at most.

Message-ID is the notification's id, so that a mail that was sent twice is one for whoever looks; References
is made of the `dedup_key`, so that what is told about one group is one thread.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import html
import socket
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr

import aiosmtplib

from otel_bridge.delivery.failure import masked, reason
from otel_bridge.inspector.alerts.channels.guard import ForbiddenAddressError, Guard
from otel_bridge.inspector.alerts.channels.http import MOST_DETAIL
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.settings import EmailSettings, MailTls
from otel_bridge.inspector.alerts.channels.wording import Wording, moment, printable, word
from otel_bridge.inspector.alerts.notification import Notification, Outcome, Result

_PERMANENT = 500


class EmailChannel:
    renews = False

    def __init__(self, settings: EmailSettings, network: Network) -> None:
        self.name = settings.name
        self._settings = settings
        self._network = network
        self._guard = Guard(network.resolve, allowed=settings.allow_link_local)
        self._trust = network.trust()
        self._secrets = _spelt(settings.username, settings.password)

    async def send(self, notification: Notification) -> Outcome:
        now_us = int(self._network.clock() * 1_000_000)
        mail = compose(notification, sender=self._settings.sender, to=self._settings.to, now_us=now_us)
        try:
            async with asyncio.timeout(self._network.patience):
                return await self._submit(mail)
        except ForbiddenAddressError as error:
            return self._told(Result.REFUSED, f"not sent: {error}")
        except aiosmtplib.SMTPRecipientsRefused as error:
            codes = [each.code for each in error.recipients]
            answers = "; ".join(f"{each.code} {each.message}" for each in error.recipients)
            lasting = all(code >= _PERMANENT for code in codes)
            return self._told(
                Result.REFUSED if lasting else Result.RETRY, f"no recipient is taken: {answers}"
            )
        except aiosmtplib.SMTPResponseException as error:
            result = Result.REFUSED if error.code >= _PERMANENT else Result.RETRY
            return self._told(result, f"{error.code} {error.message}")
        except TimeoutError:
            return Outcome(Result.RETRY, f"no answer within {self._network.patience:g} s")
        except OSError as error:
            return self._told(Result.RETRY, reason(error))
        except aiosmtplib.SMTPException as error:
            # What the server can't do: STARTTLS, a way to log in.
            return self._told(Result.REFUSED, f"{error.message} (check tls and login of {self.name})")

    async def close(self) -> None:
        """Each mail has a connection of its own, so there is nothing to close."""

    async def _submit(self, mail: EmailMessage) -> Outcome:
        settings = self._settings
        client = aiosmtplib.SMTP(
            hostname=settings.host,
            sock=await self._connected(),
            use_tls=settings.tls is MailTls.TLS,
            start_tls=settings.tls is MailTls.STARTTLS,
            tls_context=self._trust,
            username=settings.username,
            password=settings.password,
            local_hostname=_own_name(),
            timeout=self._network.patience,
        )
        async with client:
            refused, answer = await client.send_message(mail)
        if refused:
            answer = f"{answer} (not to {len(refused)} of {len(settings.to)})"
        return self._told(Result.DELIVERED, answer)

    async def _connected(self) -> socket.socket:
        """A connection to the first address of the host that takes one. Raises OSError."""
        loop = asyncio.get_running_loop()
        addresses = await self._guard.addresses(self._settings.host, self._settings.port)
        failure: OSError | None = None
        for address in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            sock.setblocking(False)
            try:
                # One that swallows packets must leave time for the others.
                async with asyncio.timeout(self._network.patience / (len(addresses) + 1)):
                    await loop.sock_connect(sock, (address, self._settings.port))
            except OSError as error:
                sock.close()
                failure = error
            except asyncio.CancelledError:
                sock.close()
                raise
            else:
                return sock
        raise failure or OSError("it has no address")

    def _told(self, result: Result, detail: str) -> Outcome:
        return Outcome(result, printable(masked(detail, self._secrets))[:MOST_DETAIL])


def compose(notification: Notification, *, sender: str, to: tuple[str, ...], now_us: int) -> EmailMessage:
    """The mail; everything in its head is one line, and everything in its HTML is escaped."""
    wording = word(notification)
    domain = Address(addr_spec=parseaddr(sender)[1]).domain
    thread = hashlib.blake2b(notification.dedup_key.encode(), digest_size=16).hexdigest()
    mail = EmailMessage(policy=SMTP)
    mail["From"] = sender
    mail["To"] = ", ".join(to)
    mail["Subject"] = wording.title
    mail["Date"] = format_datetime(moment(now_us))
    mail["Message-ID"] = f"<{notification.id}@{domain}>"
    mail["In-Reply-To"] = mail["References"] = f"<{thread}@{domain}>"
    # RFC 3834: no out-of-office notes, please.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(_text(wording), cte="quoted-printable")
    mail.add_alternative(_html(wording), subtype="html", cte="quoted-printable")
    return mail


def _own_name() -> str:
    """For EHLO. By itself the library asks DNS, which may take all the time there is."""
    name = socket.gethostname()
    # RFC 5321: who has no name that others know gives an address.
    return name if "." in name and name.isascii() and name.isprintable() else "[127.0.0.1]"


def _spelt(username: str | None, password: str | None) -> tuple[str, ...]:
    """The password as a server may repeat it: plain, and as AUTH LOGIN and AUTH PLAIN send it."""
    if not password:
        return ()
    sent = (password, f"\0{username}\0{password}")
    return (password, *(base64.b64encode(each.encode()).decode() for each in sent))


def _text(wording: Wording) -> str:
    lines = [wording.sentence, "", *(f"{label}: {value}" for label, value in wording.facts)]
    return "\n".join([*lines, *(f"{label}: {url}" for label, url in wording.links), ""])


def _html(wording: Wording) -> str:
    rows = "".join(
        f"<tr><th align=left>{html.escape(label)}</th><td>{html.escape(value)}</td></tr>"
        for label, value in wording.facts
    )
    links = " · ".join(
        f'<a href="{html.escape(url)}">{html.escape(label)}</a>' for label, url in wording.links
    )
    return (
        f"<!doctype html><title>{html.escape(wording.title)}</title>"
        f"<h3>{html.escape(wording.title)}</h3><p>{html.escape(wording.sentence)}</p>"
        f"<table>{rows}</table><p>{links}</p>\n"
    )
