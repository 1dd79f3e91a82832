"""Sends one request and reads its answer; decides nothing.

    Unreachable        the request got no answer in time
    └── NoConnection   nor was it sent: no address, no connection, no TLS

The status line is the answer. Once it is there, a body that drips, breaks off or is garbage changes
nothing: what could be read of it is handed on.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import quote

import httpx

from otel_bridge import __version__
from otel_bridge.delivery.answer import parse_retry_after
from otel_bridge.delivery.request import Answer, Request, Transport

USER_AGENT = f"otel-bridge/{__version__}"

# Of an answer's body; a 207 with an error for each of a thousand entries fits.
MAX_BODY = 256 * 1024
# httpx translates what comes from below it, and these two are what it was seen to let through.
FOREIGN_ERRORS = (httpx.HTTPError, httpx.InvalidURL, OSError)
UNCONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)
# Their texts quote what was to be sent, and a token may be in that.
TELLTALE_ERRORS = (httpx.LocalProtocolError, UnicodeError)

_HEADERS = {"User-Agent": USER_AGENT, "Accept": "application/json", "Accept-Encoding": "identity"}
# The loopback of a proxy is another machine's.
_DIRECT = ("all://localhost", "all://127.0.0.1", "all://[::1]")
_MASK = "REDACTED"
_NOTHING = httpx.ByteStream(b"")


class Unreachable(Exception):  # noqa: N818 - reads as what it says: the destination is
    """No answer came; the message says why and holds no secret."""


class NoConnection(Unreachable):
    """The destination saw nothing of the request, so nothing in it can be the reason."""


def trust(*, verify: bool) -> ssl.SSLContext:
    """What certificates are checked against; slow to make, and fit for many senders."""
    return httpx.create_ssl_context(verify=verify)


class Sender:
    """Connections to one destination; for one event loop.

    *context* is for those who make many senders; by default `trust` makes one. A proxy is taken from the
    usual environment variables. *clock* gives Unix time.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        context: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._transport = transport
        self._clock = clock
        self._client = httpx.AsyncClient(
            headers=_HEADERS,
            verify=context or trust(verify=transport.verify),
            timeout=httpx.Timeout(transport.timeout),
            limits=httpx.Limits(keepalive_expiry=transport.keepalive),
            follow_redirects=False,
            mounts=dict.fromkeys(_DIRECT),
            # Nobody logs in here, so nothing is owed to a server that wants to be remembered.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        )

    async def send(self, request: Request) -> Answer:
        """POST *request*; raises Unreachable where no status came back in time."""
        response: httpx.Response | None = None
        body = bytearray()
        try:
            async with (
                asyncio.timeout(self._transport.total_timeout),
                self._client.stream(
                    "POST", request.url, headers=dict(request.headers), content=request.content
                ) as response,
            ):
                async for piece in response.aiter_raw():
                    body += piece
                    if len(body) >= MAX_BODY:
                        break
        except TELLTALE_ERRORS:
            if response is None:
                raise Unreachable("its address or token holds characters that HTTP does not allow") from None
        except TimeoutError as error:
            if response is None:
                raise Unreachable(f"no answer within {self._transport.total_timeout:g} s") from error
        except FOREIGN_ERRORS as error:
            if response is None:
                kind = NoConnection if isinstance(error, UNCONNECTED) else Unreachable
                raise kind(self._reason(error)) from error
        assert response is not None
        # httpx ties a response and its stream into a ring, with the payload hanging on it: megabytes that
        # would be there until the garbage collector comes by.
        response.stream = _NOTHING
        return self._answer(request, response, bytes(body[:MAX_BODY]))

    async def aclose(self) -> None:
        """Close all connections; requests in flight have to be over."""
        await self._client.aclose()

    def _answer(self, request: Request, response: httpx.Response, body: bytes) -> Answer:
        location = response.headers.get("location", "")
        for secret in _spellings(request.secret):
            body = body.replace(secret.encode(), _MASK.encode())
            location = location.replace(secret, _MASK)
        headers = response.headers
        wait = parse_retry_after(headers.get("retry-after"), now=self._clock(), date=headers.get("date"))
        return Answer(response.status_code, wait, body, location)

    def _reason(self, error: Exception) -> str:
        if isinstance(error, httpx.ConnectTimeout):
            return f"no connection within {self._transport.timeout:g} s"
        if isinstance(error, httpx.TimeoutException):
            return f"silence for {self._transport.timeout:g} s"
        for cause in _chain(error):
            if isinstance(cause, ssl.SSLCertVerificationError):
                return f"its certificate is not trusted: {cause.verify_message}"
            if isinstance(cause, socket.gaierror):
                return f"its name can't be resolved: {cause.strerror}"
            if isinstance(cause, ssl.SSLError):
                return f"TLS failed: {cause.reason or cause}"
            if isinstance(cause, OSError) and cause.errno:
                return os.strerror(cause.errno).lower()
        return str(error) or type(error).__name__


def _spellings(secret: str) -> set[str]:
    """How an answer may repeat *secret*: as it is, in JSON (two ways of writing a slash), in a URL."""
    in_json = json.dumps(secret)[1:-1]
    return {secret, in_json, in_json.replace("/", r"\/"), quote(secret, safe=""), quote(secret)} - {""}


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """*error* and what led to it, the origin first."""
    if error is not None:
        yield from _chain(error.__cause__ or error.__context__)
        yield error
