"""Who may send: any of a list of bearer tokens."""

from __future__ import annotations

import hmac
from collections.abc import Iterable

from otel_bridge.receiver.refusals import Unauthenticated

_SCHEME = b"bearer "


class BearerTokens:
    """Without tokens everybody may send. Shows no token in its repr."""

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        self._tokens = tuple(token.encode() for token in tokens)

    def check(self, authorization: bytes | None) -> None:
        """Raise `Unauthenticated` unless *authorization* (the header's value) carries one of the tokens.

        How long it takes tells nothing about the tokens, nor which one it was.
        """
        if not self._tokens:
            return
        given = authorization or b""
        token = given[len(_SCHEME) :].strip() if given[: len(_SCHEME)].lower() == _SCHEME else b""
        if not token or not sum(hmac.compare_digest(token, each) for each in self._tokens):
            raise Unauthenticated("A valid bearer token is needed in the Authorization header.")
