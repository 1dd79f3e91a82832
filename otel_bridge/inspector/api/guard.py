"""The door of the pages and the API: our host name, no other site's page, a token.

    401  no token, or none that is known
    403  the role does not allow it, or a page of another site asked
    421  a host name that is none of ours (DNS rebinding: any site can point its name to 127.0.0.1)

Pure ASGI: what streams must not be buffered.
"""

from __future__ import annotations

from collections.abc import Iterable

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from otel_bridge.inspector.access import AccessToken, Role
from otel_bridge.inspector.api.sessions import Sessions

# Readable without a token: what a browser needs to show the log-in page, and nothing of the traffic.
PUBLIC = ("/static/", "/login", "/healthz")
# Pages are one document that holds nothing; what they show comes by /api.
PAGES = frozenset({"/", "/stats", "/status", "/compare", "/help", "/alerts"})
# Written by whoever may read.
VIEWER_WRITES = frozenset({"/logout", "/api/test-request", "/api/alerts/preview"})

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
HEADERS = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
        "require-trusted-types-for 'script'; trusted-types 'none'"
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "x-frame-options": "DENY",
}


class Guard:
    """Wraps the app; who comes in is in `scope["state"]["token"]`."""

    def __init__(self, app: ASGIApp, *, sessions: Sessions, allowed_hosts: Iterable[str]) -> None:
        self._app = app
        self._sessions = sessions
        self._hosts = frozenset(host.lower() for host in allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        token = self._sessions.token_of(headers)
        refusal = self._refusal(scope, headers, token)
        scope.setdefault("state", {})["token"] = token
        await (refusal or self._app)(scope, receive, _bound(send))

    def _refusal(self, scope: Scope, headers: Headers, token: AccessToken | None) -> JSONResponse | None:
        path, method = scope["path"], scope["method"]
        if host_name(headers.get("host", "")) not in self._hosts:
            return _refused(421, "this host name is not one of inspector.allowed_hosts")
        if method not in SAFE and _from_elsewhere(headers):
            return _refused(403, "a page of another site asked for this")
        if path.startswith(PUBLIC) or path in PAGES or path.startswith("/x/"):
            return None
        if token is None:
            return _refused(401, "a token is needed: log in, or send it as Authorization: Bearer TOKEN")
        if method not in SAFE and path not in VIEWER_WRITES and token.role is not Role.ADMIN:
            return _refused(403, "this takes a token with the role admin")
        return None


def host_name(header: str) -> str:
    """The name in a Host header, without port; an IPv6 address without its brackets."""
    name, colon, port = header.lower().rpartition(":")
    name = name if colon and port.isdigit() else header.lower()
    return name.removeprefix("[").removesuffix("]")


def _from_elsewhere(headers: Headers) -> bool:
    """Whether a browser says that a page of another origin sent this; programs say nothing."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is not None and origin.partition("://")[2] != headers.get("host")


def _refused(status: int, why: str) -> JSONResponse:
    headers = {"www-authenticate": "Bearer"} if status == 401 else None
    return JSONResponse({"error": why}, status, headers)


def _bound(send: Send) -> Send:
    async def bound(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message["headers"])
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
            message["headers"] = headers.raw
        await send(message)

    return bound
