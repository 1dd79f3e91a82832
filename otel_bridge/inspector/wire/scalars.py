"""Single values of foreign JSON, read as senders write them; None where there is no such value."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

_LARGEST_STATUS = 999
_LARGEST_PORT = 65535
# What a double and a database's integer both hold.
LARGEST = 2**53


def number(value: Any) -> float | None:
    """A finite number, also from digits in a string (nginx variables come so)."""
    kind = type(value)
    if kind is float:
        return value if math.isfinite(value) else None
    if kind is not int and kind is not str:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def integer(value: Any) -> int | None:
    """A whole number, also from a float or a string that is one."""
    if type(value) is int:
        return value
    found = number(value)
    return int(found) if found is not None and found.is_integer() else None


def size(value: Any) -> int | None:
    """Bytes; a negative size is HAR's way to say unknown."""
    found = integer(value)
    return found if found is not None and 0 <= found <= LARGEST else None


def status(value: Any) -> int | None:
    """An HTTP status; 0 means none."""
    found = integer(value)
    return found if found is not None and 0 <= found <= _LARGEST_STATUS else None


def port(value: Any) -> int | None:
    found = integer(value)
    return found if found is not None and 0 < found <= _LARGEST_PORT else None


def micros(milliseconds: Any) -> int | None:
    """Whole microseconds; negative times are HAR's way to say unknown."""
    found = number(milliseconds)
    return round(found * 1000) if found is not None and 0 <= found <= LARGEST / 1000 else None


def instant(value: Any) -> int | None:
    """Unix microseconds of an ISO 8601 date-time with any fraction; UTC where it names no zone."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
        return round((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1_000_000)
    except (ValueError, OverflowError):
        return None


def text(value: Any) -> str:
    """*value* if it is a string, else ""."""
    return value if isinstance(value, str) else ""


def mapping(value: Any) -> dict[str, Any]:
    """*value* if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}
