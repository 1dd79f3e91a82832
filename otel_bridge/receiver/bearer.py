"""Who may send: any of a list of bearer tokens."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable

from otel_bridge.receiver.refusals import Unauthenticated

_SCHEME = b"bearer "


class BearerTokens:
    """Without tokens everybody may send. Shows no token in its repr."""

    def __init__(self, tokens: Iterable[str] = ()) -> None:
        # Digests are all of one length, which a comparison would tell otherwise.
        self._digests = tuple(_digest(token.encode()) for token in tokens)

    def check(self, authorization: bytes | None) -> None:
        """Raise `Unauthenticated` unless *authorization* (the header's value) carries one of the tokens.

        How long it takes tells nothing about the tokens, nor which one it was.
        """
        if not self._digests:
            return
        given = authorization or b""
        token = given[len(_SCHEME) :].strip() if given[: len(_SCHEME)].lower() == _SCHEME else b""
        digest = _digest(token)
        # A sum, because any() would stop at the first one.
        if not sum(hmac.compare_digest(digest, each) for each in self._digests) or not token:
            raise Unauthenticated("A valid bearer token is needed in the Authorization header.")


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
