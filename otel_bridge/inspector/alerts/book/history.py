"""Firings as people look at them, and how long they are kept. Functions over a connection."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import apsw
import orjson

from otel_bridge.inspector.alerts.book.rule_document import readable
from otel_bridge.inspector.alerts.book.telling import HeldBack
from otel_bridge.inspector.alerts.book.values import Firing, FiringPage, Told
from otel_bridge.inspector.alerts.notification import Kind
from otel_bridge.inspector.alerts.rule import Rule
from otel_bridge.inspector.alerts.sentence import what_happened
from otel_bridge.inspector.store.interface import Period

LONGEST_US = 30 * 24 * 3600 * 1_000_000
MOST = 10_000
"""Firings that are over."""

_COLUMNS = (
    "number, id, rule, value, started_us, ended_us, figure, matched, total, told_us, held_back, samples"
)
_FINISHED = (
    "ended_us IS NOT NULL AND look_us IS NULL AND NOT EXISTS"
    " (SELECT 1 FROM outbox WHERE firing = number AND result = 'pending')"
)

Row = tuple[Any, ...]


def firing_now(db: apsw.Connection, rule_id: str | None, most: int) -> Sequence[Firing]:
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM firing WHERE ended_us IS NULL AND rule_id = coalesce(?, rule_id)"
        " ORDER BY number DESC LIMIT ?",
        (rule_id, most),
    )
    return _firings(db, list(rows))


def count_now(db: apsw.Connection) -> Mapping[str, int]:
    return dict(db.execute("SELECT rule_id, count(*) FROM firing WHERE ended_us IS NULL GROUP BY rule_id"))


def last_fired(db: apsw.Connection) -> Mapping[str, int]:
    return dict(db.execute("SELECT rule_id, max(started_us) FROM firing GROUP BY rule_id"))


def one(db: apsw.Connection, firing_id: str) -> Firing | None:
    rows = db.execute(f"SELECT {_COLUMNS} FROM firing WHERE id = ?", (firing_id,))
    return next(iter(_firings(db, list(rows))), None)


def page(
    db: apsw.Connection, *, rule_id: str | None, before: int | None, period: Period, limit: int
) -> FiringPage:
    """Those that fired at some time of *period*."""
    conditions = {
        "rule_id = ?": rule_id,
        "number < ?": before,
        "(ended_us IS NULL OR ended_us >= ?)": period.start_us,
        "started_us < ?": period.end_us,
    }
    asked = {sql: value for sql, value in conditions.items() if value is not None}
    where = " AND ".join(["TRUE", *asked])
    sql = f"SELECT {_COLUMNS} FROM firing WHERE {where} ORDER BY number DESC LIMIT ?"
    rows = list(db.execute(sql, (*asked.values(), limit + 1)))
    return FiringPage(_firings(db, rows[:limit]), rows[limit - 1][0] if len(rows) > limit else None)


def prune(db: apsw.Connection, now_us: int) -> None:
    """Forget what is older than `LONGEST_US`, and the oldest beyond `MOST`; not what is still to be told."""
    oldest = db.execute(
        "SELECT number FROM firing WHERE ended_us IS NOT NULL ORDER BY number DESC LIMIT 1 OFFSET ?", (MOST,)
    ).get
    db.execute(
        f"DELETE FROM firing WHERE (ended_us < ? OR number <= ?) AND {_FINISHED}",
        (now_us - LONGEST_US, oldest or 0),
    )
    db.execute("DELETE FROM outbox WHERE firing NOT IN (SELECT number FROM firing)")


def _firings(db: apsw.Connection, rows: Sequence[Row]) -> Sequence[Firing]:
    told = _told(db, [row[0] for row in rows])
    rules = {document: readable(document) for document in {row[2] for row in rows}}
    return [_firing(rule, row, told[row[0]]) for row in rows if (rule := rules[row[2]]) is not None]


def _firing(rule: Rule, row: Row, told: Sequence[Told]) -> Firing:
    _, firing_id, _, group, started_us, ended_us, figure, matched, total, told_us, held_back, samples = row
    return Firing(
        id=firing_id,
        rule_id=rule.id,
        rule_name=rule.name,
        query=rule.query,
        severity=rule.severity,
        per=rule.per,
        group=group,
        started_us=started_us,
        ended_us=ended_us,
        value=figure,
        matched=matched,
        total=total,
        sentence=what_happened(rule, figure, matched, total, ended=False),
        told=told_us is not None,
        held_back=HeldBack(held_back),
        samples=tuple(orjson.loads(samples)),
        notifications=told,
    )


def _told(db: apsw.Connection, numbers: Iterable[int]) -> Mapping[int, Sequence[Told]]:
    found: defaultdict[int, list[Told]] = defaultdict(list)
    rows = db.execute(
        "SELECT firing, channel, kind, result, tries, at_us, detail FROM outbox"
        " WHERE firing IN (SELECT value FROM json_each(?)) ORDER BY id",
        (orjson.dumps(list(numbers)).decode(),),
    )
    for firing, channel, kind, result, tries, at_us, detail in rows:
        found[firing].append(Told(channel, Kind(kind), result, tries, at_us, detail))
    return found
