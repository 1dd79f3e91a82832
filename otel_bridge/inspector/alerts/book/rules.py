"""The rules: made, changed and removed by people, files and the bridge itself.

Functions over a connection; whoever changes something does so within a transaction.
"""

from __future__ import annotations

import dataclasses
import itertools
from collections.abc import Collection, Iterator, Sequence

import apsw
import structlog

from otel_bridge.inspector.alerts.book import firings, rule_document
from otel_bridge.inspector.alerts.book.errors import NameTakenError, TooManyRulesError
from otel_bridge.inspector.alerts.book.values import Applied
from otel_bridge.inspector.alerts.rule import MOST_RULES, Origin, Rule

log = structlog.get_logger(__name__)


def read(db: apsw.Connection) -> list[Rule]:
    """As they were made; those that this version does not understand are left out, and said."""
    rows = db.execute("SELECT id, name, document FROM rule ORDER BY rowid")
    return [rule for row in rows if (rule := _rule(*row)) is not None]


def version(db: apsw.Connection) -> int:
    found: int = db.execute("SELECT value FROM state WHERE name = 'version'").get
    return found


def changed(db: apsw.Connection) -> None:
    """Tell all who look at `version` that rules or snoozes are others now."""
    db.execute("UPDATE state SET value = value + 1 WHERE name = 'version'")


def put(db: apsw.Connection, rule: Rule) -> None:
    """Raises NameTakenError, TooManyRulesError."""
    holder = db.execute("SELECT id FROM rule WHERE name = ?", (rule.name,)).get
    if holder not in (None, rule.id):
        raise NameTakenError(f"there is another rule named {rule.name!r}: names tell rules apart")
    before = db.execute("SELECT document FROM rule WHERE id = ?", (rule.id,)).get
    if before is None and db.execute("SELECT count(*) FROM rule").get >= MOST_RULES:
        raise TooManyRulesError(f"there are {MOST_RULES} rules already: remove some first")
    db.execute(
        "INSERT INTO rule VALUES (?1, ?2, ?3) ON CONFLICT (id) DO UPDATE SET name = ?2, document = ?3",
        (rule.id, rule.name, rule_document.dump(rule)),
    )
    if before is not None and not _counts_alike(before, rule):
        db.execute("DELETE FROM window WHERE rule_id = ?", (rule.id,))
    firings.reconsider(db, rule.id)
    changed(db)


def remove(db: apsw.Connection, rule_id: str, now_us: int) -> bool:
    if not _exists(db, rule_id):
        return False
    for table in ("window", "snooze"):
        db.execute(f"DELETE FROM {table} WHERE rule_id = ?", (rule_id,))
    db.execute("DELETE FROM rule WHERE id = ?", (rule_id,))
    firings.end_all(db, rule_id, now_us)
    changed(db)
    return True


def apply(db: apsw.Connection, wanted: Sequence[Rule], new_ids: Iterator[str], now_us: int) -> Applied:
    """Make the rules of files exactly *wanted*, matched by name. Raises NameTakenError, TooManyRulesError."""
    names = [rule.name for rule in wanted]
    for name in names:
        if names.count(name) > 1:
            raise NameTakenError(f"two rules are named {name!r}: names tell rules apart")
    before = {rule.name: rule for rule in read(db) if rule.origin is Origin.FILE}
    gone = [rule for rule in before.values() if rule.name not in names]
    for rule in gone:
        remove(db, rule.id, now_us)
    created: list[str] = []
    different: list[str] = []
    unchanged: list[str] = []
    for rule in wanted:
        old = before.get(rule.name)
        new = dataclasses.replace(rule, id=old.id if old else next(new_ids), origin=Origin.FILE)
        if new == old:
            unchanged.append(new.name)
            continue
        put(db, new)
        (created if old is None else different).append(new.name)
    return Applied(created, different, [rule.name for rule in gone], unchanged)


def seed(db: apsw.Connection, built_in: Sequence[Rule]) -> None:
    for rule in built_in:
        if not _exists(db, rule.id):
            put(db, dataclasses.replace(rule, name=_free_name(db, rule.name)))


def ids(db: apsw.Connection) -> Collection[str]:
    return {rule_id for (rule_id,) in db.execute("SELECT id FROM rule")}


def _rule(rule_id: str, name: str, document: str) -> Rule | None:
    rule = rule_document.readable(document)
    if rule is None:
        log.error("an alert rule can't be read and is left out", rule=name, id=rule_id)
    return rule


def _counts_alike(before: str, rule: Rule) -> bool:
    old = rule_document.readable(before)
    return old is not None and old.counted == rule.counted


def _exists(db: apsw.Connection, rule_id: str) -> bool:
    return db.execute("SELECT 1 FROM rule WHERE id = ?", (rule_id,)).get is not None


def _free_name(db: apsw.Connection, name: str) -> str:
    taken = {found for (found,) in db.execute("SELECT name FROM rule")}
    names = itertools.chain([name], (f"{name} ({number})" for number in itertools.count(2)))
    return next(free for free in names if free not in taken)
