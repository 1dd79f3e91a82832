"""Apprise (the extra `otel-bridge[apprise]`): the chat and paging services that have no module here.

The library posts by itself, in a thread, so two things are less than elsewhere: the guard looks at the
addresses of a host before each notification and can't hold the library to them, and of a failure it is
only known that it failed. Redirects are off and certificates are checked. Only services of `SCHEMES` are
taken: the library can also run programs, write to the desktop or the system log, and post to any URL.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from otel_bridge.inspector.alerts.channels.guard import ForbiddenAddressError, Guard
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.settings import AppriseSettings
from otel_bridge.inspector.alerts.channels.wording import Wording, word
from otel_bridge.inspector.alerts.notification import Kind, Notification, Outcome, Result
from otel_bridge.inspector.alerts.rule import Severity

if TYPE_CHECKING:
    from apprise import NotifyBase

SCHEMES = {
    "discord": "Discord",
    "gchat": "Google Chat",
    "gotify": "Gotify",
    "gotifys": "Gotify",
    "mmost": "Mattermost",
    "mmosts": "Mattermost",
    "ntfy": "ntfy",
    "ntfys": "ntfy",
    "opsgenie": "Opsgenie",
    "pover": "Pushover",
    "rocket": "Rocket.Chat",
    "rockets": "Rocket.Chat",
    "signl4": "SIGNL4",
    "splunk": "Splunk On-Call",
    "tgram": "Telegram",
    "webex": "Webex",
    "workflow": "Teams (workflows)",
    "workflows": "Teams (workflows)",
    "wxteams": "Webex",
}
# Of these the URL names the host to connect to, of the others an account.
_OWN_HOSTS = ("gotify", "mmost", "ntfy", "rocket", "workflow")

_TYPES = {Severity.CRITICAL: "failure", Severity.WARNING: "warning", Severity.INFO: "info"}
# Between an @ or a < and what follows: so it is no mention, whatever the service's format.
_BREAK = "\N{ZERO WIDTH SPACE}"


class AppriseError(Exception):
    """The message says what to do, without the URL."""


class AppriseChannel:
    renews = False

    def __init__(self, settings: AppriseSettings, network: Network) -> None:
        self.name = settings.name
        self._service = _service(settings.url)
        self._own_host = _scheme(settings.url).startswith(_OWN_HOSTS)
        self._network = network
        self._guard = Guard(network.resolve, allowed=settings.allow_link_local)
        # One thread: a service that never ends its answer holds this channel and no other.
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="apprise")
        self._sending: asyncio.Future[bool] | None = None

    async def send(self, notification: Notification) -> Outcome:
        if self._sending is not None and not self._sending.done():
            return Outcome(Result.RETRY, "the notification before it is still being sent")
        try:
            async with asyncio.timeout(self._network.patience):
                await self._check_host()
                self._sending = asyncio.get_running_loop().run_in_executor(
                    self._thread, self._notify, notification
                )
                delivered = await asyncio.shield(self._sending)
        except ForbiddenAddressError as error:
            return Outcome(Result.REFUSED, f"not sent: {error}")
        except TimeoutError:
            return Outcome(Result.RETRY, f"no answer within {self._network.patience:g} s")
        if delivered:
            return Outcome(Result.DELIVERED, "taken by Apprise")
        return Outcome(Result.RETRY, f"Apprise could not deliver it: check the url of {self.name}")

    async def close(self) -> None:
        self._thread.shutdown(wait=False, cancel_futures=True)

    async def _check_host(self) -> None:
        if not self._own_host or not self._service.host:
            return
        try:
            await self._guard.addresses(self._service.host, self._service.port or 443)
        except OSError:
            # What does not resolve (with ntfy it may be a topic) is not connected to either.
            return

    def _notify(self, notification: Notification) -> bool:
        wording = word(notification)
        kind = "success" if notification.kind is Kind.RESOLVE else _TYPES[notification.severity]
        if notification.kind is Kind.TEST:
            kind = "info"
        return bool(self._service.notify(title=_broken(wording.title), body=_body(wording), notify_type=kind))


def check(url: str) -> None:
    """Raises AppriseError where *url* is none that `AppriseChannel` can use."""
    _service(url)


def _service(url: str) -> NotifyBase:
    scheme = _scheme(url)
    if scheme not in SCHEMES:
        names = ", ".join(sorted(SCHEMES))
        raise AppriseError(f"is not a URL of a service that is allowed here: it begins with one of {names}")
    try:
        from apprise import Apprise, AppriseAsset
    except ModuleNotFoundError:
        raise AppriseError("needs the package Apprise: pip install 'otel-bridge[apprise]'") from None

    # They log what is sent, the URL it goes to, and the answers.
    for name in ("apprise", "urllib3"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    service = Apprise.instantiate(url, asset=AppriseAsset(app_id="otel-bridge", http_redirects=False))
    if service is None:
        raise AppriseError(f"is not a URL that Apprise understands for {SCHEMES[scheme]}")
    if not service.verify_certificate:
        raise AppriseError("is not usable: certificates are always checked, so leave out `verify`")
    if service.redirects:
        raise AppriseError("is not usable: redirects are never followed, so leave out `redirect`")
    return service


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower()


def _body(wording: Wording) -> str:
    lines = [_broken(wording.sentence), *(f"{label}: {_broken(value)}" for label, value in wording.facts)]
    return "\n".join([*lines, *(f"{label}: {url}" for label, url in wording.links)])


def _broken(text: str) -> str:
    return text.replace("@", f"@{_BREAK}").replace("<", f"<{_BREAK}")
