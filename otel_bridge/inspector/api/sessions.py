"""Tokens for browsers, as a cookie, and for programs, as a bearer token.

A cookie is signed with the token that it was given for: it ends with the token, needs no file, and says
nothing that could be used elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from time import time

from itsdangerous import BadSignature, TimestampSigner
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import Response

from otel_bridge.inspector.access import AccessToken, AccessTokens

COOKIE = "otel_bridge_inspector"
COOKIE_SECONDS = 30 * 86_400

_BEARER = "bearer "


class Sessions:
    def __init__(self, tokens: AccessTokens, *, clock: Callable[[], float] = time) -> None:
        self._tokens = tokens
        self._clock = clock

    def token_of(self, headers: Headers) -> AccessToken | None:
        """Whose request it is; a bearer token counts before a cookie."""
        if authorization := headers.get("authorization"):
            bearer = authorization.lower().startswith(_BEARER)
            return self._tokens.find(authorization[len(_BEARER) :].strip()) if bearer else None
        return self._by_cookie(headers.get("cookie", ""))

    def begin(self, token: str, response: Response) -> bool:
        """Put the cookie for *token* into *response*; False: it is nobody's."""
        found = self._tokens.find(token)
        if found is None:
            return False
        cookie = self._signer(found).sign(found.name).decode()
        response.set_cookie(COOKIE, cookie, max_age=COOKIE_SECONDS, httponly=True, samesite="strict")
        return True

    @staticmethod
    def end(response: Response) -> None:
        response.delete_cookie(COOKIE, httponly=True, samesite="strict")

    def _by_cookie(self, header: str) -> AccessToken | None:
        # A lenient reader: cookies don't know ports, so those of whatever runs on this machine come too.
        held = cookie_parser(header).get(COOKIE, "")
        name = held.partition(".")[0]
        known = next((each for each in self._tokens if each.name == name), None)
        return known if known and self._is_signed(known, held) else None

    def _is_signed(self, token: AccessToken, cookie: str) -> bool:
        try:
            self._signer(token).unsign(cookie, max_age=COOKIE_SECONDS)
        except BadSignature:
            return False
        return True

    def _signer(self, token: AccessToken) -> TimestampSigner:
        return _Signer(token.token, self._clock)


class _Signer(TimestampSigner):
    def __init__(self, key: str, clock: Callable[[], float]) -> None:
        super().__init__(key, salt="otel-bridge inspector cookie", digest_method=sha256)
        self._clock = clock

    def get_timestamp(self) -> int:
        return int(self._clock())
