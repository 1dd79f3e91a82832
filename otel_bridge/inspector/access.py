"""Who may look at the traffic, and who may also erase it."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256


class Role(StrEnum):
    VIEWER = "viewer"
    ADMIN = "admin"
    """May do what a viewer may, and pin and erase."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessToken:
    """One person's token, or a program's."""

    token: str = field(repr=False)
    role: Role

    @property
    def name(self) -> str:
        """What may be shown and logged of it."""
        return sha256(self.token.encode()).hexdigest()[:8]


class AccessTokens:
    """How long a look-up takes tells nothing about the tokens."""

    def __init__(self, tokens: Iterable[AccessToken]) -> None:
        self._tokens = tuple(tokens)

    def __iter__(self) -> Iterator[AccessToken]:
        return iter(self._tokens)

    def find(self, token: str) -> AccessToken | None:
        """The one that *token* is; None if it is nobody's."""
        # JSON can carry what no encoding has.
        given = token.encode(errors="surrogatepass")
        found = None
        for each in self._tokens:
            if hmac.compare_digest(given, each.token.encode()) and (not found or each.role is Role.ADMIN):
                found = each
        return found

    def role(self, token: str) -> Role | None:
        """What the owner of *token* may do."""
        found = self.find(token)
        return found.role if found else None
