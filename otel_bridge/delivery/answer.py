"""What a destination's answer means.

Decisions only: nothing here sends, sleeps or reads a clock, so every rule is a row of the table in the
matching test file. The dispatcher acts on the decisions.
"""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime
from enum import StrEnum
from http import HTTPStatus
from typing import NamedTuple

# The 4xx answers that speak about the moment, not about the payload.
TRANSIENT = frozenset({408, 425, 429})
# The 4xx answers that speak about what was sent: part of it may still be welcome.
REFUSING = frozenset({400, 413, 422})

MAX_RETRY_AFTER = 3600.0
_SHOWN = 2000


class Kind(StrEnum):
    DELIVERED = "delivered"
    SPLIT = "split"
    """The payload, or something in it, is refused."""
    WRONG_DESTINATION = "wrong_destination"
    """Nothing that is sent there will be taken until somebody changes the configuration, or the other end."""
    RETRY = "retry"


class Outcome(NamedTuple):
    kind: Kind
    wait: float = 0.0
    """Seconds that the destination asks for before the next request."""


def classify(status: int, retry_after: float | None = None) -> Outcome:
    """Read a complete HTTP answer; a network failure never gets this far.

    *retry_after* is in seconds, as `parse_retry_after` gives it.
    """
    if 200 <= status < 300:
        return Outcome(Kind.DELIVERED)
    if status in REFUSING:
        return Outcome(Kind.SPLIT)
    # A 4xx that no rule names holds like a wrong address: that loses nothing.
    if 300 <= status < 500 and status not in TRANSIENT:
        return Outcome(Kind.WRONG_DESTINATION, retry_after or 0.0)
    return Outcome(Kind.RETRY, retry_after or 0.0)


def parse_retry_after(value: str | None, *, now: float, date: str | None = None) -> float | None:
    """Seconds to wait by a Retry-After header (seconds or an HTTP date), at most an hour.

    None where there is none that makes sense. *now* is Unix time; the answer's own *date* comes before it,
    since the two clocks may not agree.
    """
    if not value:
        return None
    try:
        seconds = float(value)
    except ValueError:
        until, since = _unix_time(value), _unix_time(date)
        if until is None:
            return None
        seconds = until - (now if since is None else since)
    if math.isnan(seconds):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER)


def describe(status: int, body: bytes = b"") -> str:
    """An answer in a line for people: status, reason phrase and the start of the body."""
    try:
        title = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        title = str(status)
    text = " ".join(body[:_SHOWN].decode("utf-8", "replace").split())
    return f"{title}: {text}" if text else title


def advice(status: int, location: str, *, account_setting: str, address_settings: str) -> str:
    """What to do about an answer that is WRONG_DESTINATION."""
    if status in (401, 403):
        return f"the destination does not accept the token: check {account_setting}"
    if 300 <= status < 400:
        target = f" to {location}" if location else ""
        return f"the destination redirects{target}, which is not followed: check {address_settings}"
    return f"this address does not take what is sent: check {address_settings}"


def _unix_time(date: str | None) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp() if date else None
    except (ValueError, OverflowError):
        return None
