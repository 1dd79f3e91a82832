"""Who may post traffic, and where it goes. Without tokens anybody may, to wherever they say."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestToken:
    """One sender's token; its traffic goes to `environment` (Galileo) or `bucket` (Runscope)."""

    token: str = field(repr=False)
    environment: str | None = None
    bucket: str | None = None


class UnknownTokenError(Exception):
    """A token is demanded, and this is none of those that give access there."""


class IngestTokens:
    """How long a look-up takes tells nothing about the tokens."""

    def __init__(self, tokens: Iterable[IngestToken] = ()) -> None:
        self._tokens = tuple(tokens)

    def environment(self, token: str, named: str) -> str:
        """Where an ALF with *token* goes that names the environment *named*; raises `UnknownTokenError`.

        A token's own environment wins, so that no sender can write into another's.
        """
        if not self._tokens:
            return named
        found = [each.environment for each in self._with(token) if each.environment is not None]
        if not found:
            raise UnknownTokenError
        return named if named in found else found[0]

    def admit_to_bucket(self, token: str, bucket: str) -> None:
        """Raise `UnknownTokenError` unless *token* gives access to *bucket*."""
        if self._tokens and not any(each.bucket == bucket for each in self._with(token)):
            raise UnknownTokenError

    def buckets(self, token: str | None = None) -> set[str]:
        """The buckets that *token* gives access to, or that any token does."""
        tokens = self._tokens if token is None else self._with(token)
        return {each.bucket for each in tokens if each.bucket is not None}

    def _with(self, token: str) -> list[IngestToken]:
        given = token.encode()
        return [each for each in self._tokens if hmac.compare_digest(given, each.token.encode())]
