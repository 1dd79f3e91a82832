"""What is not to be told for a while, or at all. Functions over a connection, within a transaction."""

from __future__ import annotations

from collections import defaultdict

import apsw

from otel_bridge.inspector.alerts.book import firings, rules
from otel_bridge.inspector.alerts.book.values import Snooze


def read(db: apsw.Connection) -> list[Snooze]:
    rows = db.execute("SELECT rule_id, whole_rule, value, until_us FROM snooze ORDER BY rule_id, value")
    return [Snooze(rule_id, None if whole else group, until) for rule_id, whole, group, until in rows]


def put(db: apsw.Connection, snooze: Snooze) -> None:
    db.execute(
        "INSERT OR REPLACE INTO snooze VALUES (?, ?, ?, ?)",
        (snooze.rule_id, snooze.group is None, snooze.group or "", snooze.until_us),
    )
    _changed(db, snooze.rule_id)


def remove(db: apsw.Connection, rule_id: str, group: str | None) -> None:
    db.execute(
        "DELETE FROM snooze WHERE rule_id = ? AND whole_rule = ? AND value = ?",
        (rule_id, group is None, group or ""),
    )
    _changed(db, rule_id)


def forget_past(db: apsw.Connection, now_us: int) -> None:
    past = db.execute("SELECT DISTINCT rule_id FROM snooze WHERE until_us <= ?", (now_us,))
    db.execute("DELETE FROM snooze WHERE until_us <= ?", (now_us,))
    for (rule_id,) in past:
        _changed(db, rule_id)


class Snoozes:
    """Looks up what holds for a group."""

    def __init__(self, db: apsw.Connection) -> None:
        self._until: dict[tuple[str, str | None], list[int | None]] = defaultdict(list)
        for snooze in read(db):
            self._until[snooze.rule_id, snooze.group].append(snooze.until_us)

    def of(self, rule_id: str, group: str) -> tuple[int | None, ...]:
        return (*self._until.get((rule_id, None), ()), *self._until.get((rule_id, group), ()))


def _changed(db: apsw.Connection, rule_id: str) -> None:
    firings.reconsider(db, rule_id)
    rules.changed(db)
