"""Where an exchange lies: hours, the rows of their files, and positions across files.

    position = hour << 32 | row            hour: Unix hours
    row      = millisecond << 8 | slot     millisecond within the hour

Rows are numbered by time, so a file is read newest first without sorting. A millisecond has 256 slots; what
comes after takes those of a later one.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from pathlib import Path

from otel_bridge.inspector.store.interface import Position

HOUR_US = 3_600_000_000
SLOTS = 256
PINNED = "pinned.db"

_SLOT_BITS = 8
_ROW_BITS = 32
_MS_PER_HOUR = 3_600_000
_NAME = re.compile(r"(\d{4})-(\d\d)-(\d\d)T(\d\d)\.db")
_LAST_HOUR = int(datetime(9999, 12, 31, 23, tzinfo=UTC).timestamp()) // 3600

BEHIND_ALL = (_LAST_HOUR + 1) << 32
"""A position that nothing has."""


def hour_of(started_us: int) -> int:
    return min(max(started_us // HOUR_US, 0), _LAST_HOUR)


def hour_of_id(exchange_id: bytes) -> int:
    """From the milliseconds that an id begins with."""
    return hour_of(int.from_bytes(exchange_id[:6], "big") * 1000)


def row_at(started_us: int, hour: int) -> int:
    """The first row of its millisecond, where *hour* is the file's."""
    milliseconds = started_us // 1000 - hour * _MS_PER_HOUR
    return min(max(milliseconds, 0), _MS_PER_HOUR - 1) << _SLOT_BITS


def base_of(hour: int) -> Position:
    """What a row of this hour's file is added to."""
    return hour << _ROW_BITS


def file_name(hour: int) -> str:
    return f"{datetime.fromtimestamp(hour * 3600, UTC):%Y-%m-%dT%H}.db"


def hour_of_file(name: str) -> int | None:
    """None: not the name of an hour's file."""
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    year, month, day, hour = map(int, match.groups())
    try:
        return int(datetime(year, month, day, hour, tzinfo=UTC).timestamp()) // 3600
    except ValueError:
        return None


def files(directory: Path) -> list[tuple[int, Path]]:
    """The hours that there are, newest first."""
    found = [(hour_of_file(path.name), path) for path in directory.iterdir()]
    return sorted(((hour, path) for hour, path in found if hour is not None), reverse=True)
