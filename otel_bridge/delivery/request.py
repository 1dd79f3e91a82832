"""One request to a destination, and what came back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class Transport:
    """How to connect; all durations are seconds."""

    timeout: float
    """For connecting, and for any silence after that."""
    total_timeout: float
    """For a whole request, however busy it is."""
    keepalive: float
    """For which an idle connection is kept."""
    verify: bool = True
    """Whether the server's certificate has to be a good one."""


@dataclass(frozen=True, slots=True)
class Request:
    """A POST. Headers and content hold the token, so neither is ever shown."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    secret: str = field(default="", repr=False)
    """The token; an answer that repeats it is masked before anybody reads it."""


class Answer(NamedTuple):
    """A complete HTTP answer: its status is, the rest may be cut."""

    status: int
    retry_after: float | None = None
    """Seconds from now, at most an hour."""
    body: bytes = b""
    """The first bytes of it; secrets in it are masked."""
    location: str = ""
    """Where a redirect points to."""
