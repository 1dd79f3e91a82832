"""What the store holds, and how long that lasts."""

from __future__ import annotations

from typing import Any

import apsw

from otel_bridge.inspector.store.interface import Held
from otel_bridge.inspector.store.limits import Retention
from otel_bridge.inspector.store.sqlite import hours, schema
from otel_bridge.inspector.store.sqlite.hour_writer import BODIES_GONE
from otel_bridge.inspector.store.sqlite.library import File, Library
from otel_bridge.inspector.store.sqlite.retention import size_of
from otel_bridge.inspector.store.sqlite.rollups import Kind

_DAY_HOURS = 24


def held(library: Library, retention: Retention | None) -> Held:
    """Raises StoreError."""
    files = library.hours()
    counts = {file: library.read(file, _count) or 0 for file in files}
    filled = [file for file in files if counts[file]]
    size = size_of(library.directory)
    without_bodies = next((file for file in filled if library.read(file, _bodies_gone)), None)
    pinned = library.read(library.pinned, lambda db: int(db.execute("SELECT count(*) FROM exchange").get))
    return Held(
        exchanges=sum(counts.values()) + (pinned or 0),
        bytes=size,
        oldest_us=library.read(filled[-1], _oldest) if filled else None,
        newest_us=library.read(filled[0], _newest) if filled else None,
        hours_left=_hours_left(filled, counts, size, retention),
        bodies_since_us=_end(without_bodies),
        quarantined=library.quarantined(),
    )


def _count(db: apsw.Connection) -> int:
    found: Any = db.execute("SELECT sum(count) FROM rollup WHERE kind = ?", (int(Kind.ALL_HOUR),)).get
    return found or 0


def _oldest(db: apsw.Connection) -> int | None:
    found: int | None = db.execute("SELECT started_us FROM exchange ORDER BY row LIMIT 1").get
    return found


def _newest(db: apsw.Connection) -> int | None:
    found: int | None = db.execute("SELECT started_us FROM exchange ORDER BY row DESC LIMIT 1").get
    return found


def _bodies_gone(db: apsw.Connection) -> bool:
    return bool(schema.state(db, BODIES_GONE))


def _end(file: File | None) -> int | None:
    return None if file is None or file.hour is None else (file.hour + 1) * hours.HOUR_US


def _hours_left(
    filled: list[File], counts: dict[File, int], size: int, retention: Retention | None
) -> float | None:
    """At the rate of the last day: until the size is reached, plus what the oldest then has left: nothing."""
    if retention is None or not filled:
        return None
    newest = filled[0].hour or 0
    recent = [file for file in filled if (file.hour or 0) > newest - _DAY_HOURS]
    span = newest - (recent[-1].hour or 0) + 1
    each = size / max(sum(counts.values()), 1)
    per_hour = sum(counts[file] for file in recent) / span * each
    room = min(retention.size - size, retention.free(filled[0].path.parent) - retention.min_free)
    left = max(room, 0) / per_hour
    age_left = retention.age / 3600 - (newest - (filled[-1].hour or 0))
    return left if left < age_left else None
