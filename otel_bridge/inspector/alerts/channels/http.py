"""The one way in which channels POST.

No redirect is followed, certificates are checked, all of it takes `Network.patience` at most, and of an
answer 4 KiB are read. Where the usual environment variables name a proxy, that connects: names are then
resolved by it and behind it, so the guard sees but addresses that stand in the URL itself, and what the
proxy may reach is its owner's business. Hosts on loopback are never asked of a proxy.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from urllib.parse import urlsplit

import httpcore
import httpx

from otel_bridge import __version__
from otel_bridge.delivery.answer import TRANSIENT, describe, parse_retry_after
from otel_bridge.delivery.environment import proxy_for
from otel_bridge.delivery.failure import masked, masked_bytes, reason, spellings
from otel_bridge.inspector.alerts.channels.guard import ForbiddenAddressError, Guard
from otel_bridge.inspector.alerts.channels.network import Network
from otel_bridge.inspector.alerts.channels.wording import printable
from otel_bridge.inspector.alerts.notification import Outcome, Result

MOST_ANSWER = 4096
MOST_DETAIL = 200
_USER_AGENT = f"otel-bridge/{__version__}"
_SHORTEST_SECRET = 10
_PORTS = {"http": 80, "https": 443}
_FOREIGN_ERRORS = (
    httpcore.TimeoutException,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.UnsupportedProtocol,
    OSError,
)

Reading = Callable[[bytes], bytes]
"""What of a refusal's body is for people."""


class Poster:
    """POSTs to *url*, for one channel and one event loop.

    None of *secrets* is in an Outcome, nor what in *url* tells who may post. *check* names the settings
    to look at when the answer is a refusal.
    """

    def __init__(
        self, url: str, *, network: Network, allow_link_local: bool, secrets: Iterable[str] = (), check: str
    ) -> None:
        self._url = httpx.URL(url)
        self._network = network
        self._guard = Guard(network.resolve, allowed=allow_link_local)
        self._check = check
        # The longest first: one may be a part of another.
        told = {spelling for secret in (*_secrets_of(url), *secrets) for spelling in spellings(secret)}
        self._secrets = sorted(told, key=len, reverse=True)
        proxy = _proxy(self._url, network)
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=network.trust(),
            proxy=proxy,
            # Notifications are rare, and a connection that was kept may be dead by the next one.
            max_keepalive_connections=0,
            network_backend=httpcore.AnyIOBackend() if proxy else _Guarded(self._guard, network.patience),
        )

    async def post(
        self, body: bytes, headers: Mapping[str, str], *, reading: Reading = lambda body: body
    ) -> Outcome:
        """Try once. Never raises."""
        response: httpcore.Response | None = None
        answer = bytearray()
        try:
            self._guard.check_literal(self._url.host)
            async with (
                asyncio.timeout(self._network.patience),
                self._pool.stream(
                    "POST",
                    _for_httpcore(self._url),
                    headers=[("User-Agent", _USER_AGENT), ("Accept-Encoding", "identity"), *headers.items()],
                    content=body,
                ) as response,
            ):
                async for piece in response.aiter_stream():
                    answer += piece
                    if len(answer) >= MOST_ANSWER:
                        break
        except ForbiddenAddressError as error:
            return Outcome(Result.REFUSED, self._detail(f"not sent: {error}"))
        except httpcore.LocalProtocolError:
            # Its text quotes what was to be sent.
            return Outcome(Result.REFUSED, "not sent: its URL or a header holds what HTTP does not allow")
        except TimeoutError:
            if response is None:
                return Outcome(Result.RETRY, f"no answer within {self._network.patience:g} s")
        except _FOREIGN_ERRORS as error:
            if response is None:
                return Outcome(Result.RETRY, self._detail(reason(error)))
        assert response is not None
        return self._outcome(response, bytes(answer[:MOST_ANSWER]), reading)

    async def close(self) -> None:
        await self._pool.aclose()

    def _outcome(self, response: httpcore.Response, body: bytes, reading: Reading) -> Outcome:
        status = response.status
        if 200 <= status < 300:
            return Outcome(Result.DELIVERED, describe(status))
        if 300 <= status < 400:
            return Outcome(
                Result.REFUSED, f"{describe(status)}: a redirect, which is not followed; check {self._check}"
            )
        said = self._detail(describe(status, reading(self._masked(body))))
        if status in TRANSIENT or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            headers = {name.lower(): value.decode("latin-1") for name, value in response.headers}
            after = parse_retry_after(
                headers.get(b"retry-after"), now=self._network.clock(), date=headers.get(b"date")
            )
            return Outcome(Result.RETRY, said, after)
        advice = f" (check {self._check})"
        return Outcome(Result.REFUSED, said[: MOST_DETAIL - len(advice)] + advice)

    def _masked(self, body: bytes) -> bytes:
        """*body* without secrets, nor the beginning of one where it was cut."""
        if len(body) == MOST_ANSWER:
            body = body[: max(MOST_ANSWER - max(map(len, self._secrets), default=0), 0)]
        return masked_bytes(body, self._secrets)

    def _detail(self, text: str) -> str:
        return printable(masked(text, self._secrets))[:MOST_DETAIL]


class _Guarded(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, and to nothing else.

    TLS comes on top of it and still asks for the certificate of the name.
    """

    def __init__(self, guard: Guard, patience: float) -> None:
        self._guard = guard
        self._patience = patience
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature; `Poster` bounds the whole
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await self._guard.addresses(host, port)
        # One that swallows packets must leave time for the others.
        share = self._patience / (len(addresses) + 1)
        for address in addresses[:-1]:
            try:
                return await self._inner.connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                continue
        return await self._inner.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)


def _secrets_of(url: str) -> Iterable[str]:
    """What of *url* may let somebody post: all of it, its path, its query, their longer parts."""
    parts = urlsplit(url)
    pieces = [*parts.path.split("/"), *(pair.partition("=")[2] for pair in parts.query.split("&"))]
    whole = [url, parts.path, parts.query]
    return (secret for secret in (*whole, *pieces) if len(secret) >= _SHORTEST_SECRET)


def _for_httpcore(url: httpx.URL) -> httpcore.URL:
    return httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)


def _proxy(url: httpx.URL, network: Network) -> httpcore.Proxy | None:
    """As the environment names it."""
    address = proxy_for(url.scheme, url.host, url.port or _PORTS[url.scheme])
    if address is None:
        return None
    proxy = httpx.Proxy(address)
    return httpcore.Proxy(
        _for_httpcore(proxy.url),
        auth=proxy.raw_auth,
        headers=proxy.headers.raw,
        ssl_context=network.trust() if proxy.url.scheme == "https" else None,
    )
