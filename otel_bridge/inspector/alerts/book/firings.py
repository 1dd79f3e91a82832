"""Firings from their beginning to their end. Functions over a connection, within a transaction."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import apsw
import orjson

from otel_bridge.inspector.alerts.book import rule_document
from otel_bridge.inspector.alerts.change import MOST_SAMPLES, Change
from otel_bridge.inspector.alerts.rule import Rule

NEVER = 1 << 62
"""`look_us` of what waits for people alone."""

FRESH = -1
"""`look_us` of what nobody has decided about yet."""

_ENDED = f"ended_us = max(started_us, ?), look_us = CASE look_us WHEN {FRESH} THEN look_us ELSE 0 END"
_UNDECIDED = """
SELECT number, id, rule_id, rule, value, started_us, ended_us, figure, matched, total,
    coalesce(end_figure, figure), coalesce(end_matched, matched), coalesce(end_total, total),
    look_us, told_us, held_back
FROM firing WHERE look_us <= ? ORDER BY number LIMIT ?
"""


class Undecided(NamedTuple):
    """A firing that the telling policy has to decide about."""

    number: int
    id: str
    rule_id: str
    document: str
    """Its rule as it was when it began."""
    group: str
    started_us: int
    ended_us: int | None
    figure: float
    matched: int
    total: int
    end_figure: float
    """This and the next two: where nobody counted at its end, as at its beginning."""
    end_matched: int
    end_total: int
    look_us: int
    told_us: int | None
    held_back: str


def record(db: apsw.Connection, change: Change, new_ids: Iterator[str]) -> None:
    """Nothing happens where it is already so."""
    if change.firing:
        _begin(db, change, next(new_ids))
    else:
        db.execute(
            f"UPDATE firing SET {_ENDED}, end_figure = ?, end_matched = ?, end_total = ?"
            " WHERE rule_id = ? AND value = ? AND ended_us IS NULL",
            (change.at_us, change.value, change.matched, change.total, change.rule.id, change.group),
        )


def end_all(db: apsw.Connection, rule_id: str, now_us: int) -> None:
    db.execute(f"UPDATE firing SET {_ENDED} WHERE ended_us IS NULL AND rule_id = ?", (now_us, rule_id))


def end(db: apsw.Connection, number: int, now_us: int) -> None:
    db.execute(f"UPDATE firing SET {_ENDED} WHERE number = ?", (now_us, number))


def fire(db: apsw.Connection) -> Iterator[tuple[int, str, str, Rule | None]]:
    """Number, rule id, group and, where it can be read, the rule as it was, of all that fire now."""
    known: dict[str, Rule | None] = {}
    # Read before the caller ends some of them.
    rows: list[tuple[int, str, str, str]] = list(
        db.execute("SELECT number, rule_id, value, rule FROM firing WHERE ended_us IS NULL ORDER BY number")
    )
    for number, rule_id, group, document in rows:
        if document not in known:
            known[document] = rule_document.readable(document)
        yield number, rule_id, group, known[document]


def undecided(db: apsw.Connection, now_us: int, most: int) -> list[Undecided]:
    return [Undecided(*row) for row in db.execute(_UNDECIDED, (now_us, most))]


def reconsider(db: apsw.Connection, rule_id: str) -> None:
    """Decide anew about what was held back: the reason may be gone."""
    db.execute("UPDATE firing SET look_us = 0 WHERE rule_id = ? AND look_us > 0", (rule_id,))


def decided(db: apsw.Connection, firing: Undecided, look_us: int | None) -> None:
    """*firing* as it stands now, and when to look at it again."""
    db.execute(
        "UPDATE firing SET look_us = ?, held_back = ?, told_us = ? WHERE number = ?",
        (look_us, firing.held_back, firing.told_us, firing.number),
    )


def last_told_us(db: apsw.Connection, rule_id: str, group: str) -> int | None:
    """When a TRIGGER of the group was told last, as far as history goes."""
    found: int | None = db.execute(
        "SELECT max(told_us) FROM firing WHERE rule_id = ? AND value = ? AND told_us IS NOT NULL",
        (rule_id, group),
    ).get
    return found


def _begin(db: apsw.Connection, change: Change, new_id: str) -> None:
    db.execute(
        "INSERT OR IGNORE INTO firing (id, rule_id, rule, value, started_us, figure, matched, total, samples)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            new_id,
            change.rule.id,
            rule_document.dump(change.rule),
            change.group,
            change.at_us,
            change.value,
            change.matched,
            change.total,
            orjson.dumps(change.samples[:MOST_SAMPLES]).decode(),
        ),
    )
