"""What lies in alerts.db.

rule      as people wrote them, one JSON document each; `rowid` is the order they were made in
window    what each group of a rule has counted; the engine's own bytes
firing    from its beginning to its end, and then history; `figure` is a Change's value
snooze    what is not to be told for a while, or at all
outbox    each notification for each channel, until it is delivered, and then history
state     `version` grows with each change of rules and snoozes

A firing through its life (`look_us`: when the telling policy has to decide about it again):

    begins ─▶ look_us -1 ─┬─▶ told: NULL ──ends──▶ 0 ──▶ NULL (RESOLVE is in the outbox)
                          └─▶ held back: the time when that is over ──ends──▶ 0 ──▶ NULL (nothing was told)
"""

from __future__ import annotations

import apsw

VERSION = 1

_TABLES = """
CREATE TABLE rule (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, document TEXT NOT NULL) STRICT;
CREATE TABLE window (
    rule_id TEXT NOT NULL, value TEXT NOT NULL, counts BLOB NOT NULL, PRIMARY KEY (rule_id, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE firing (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    rule_id TEXT NOT NULL,
    rule TEXT NOT NULL,
    value TEXT NOT NULL,
    started_us INTEGER NOT NULL,
    ended_us INTEGER,
    figure REAL NOT NULL,
    matched INTEGER NOT NULL,
    total INTEGER NOT NULL,
    end_figure REAL,
    end_matched INTEGER,
    end_total INTEGER,
    samples TEXT NOT NULL,
    held_back TEXT NOT NULL DEFAULT '',
    told_us INTEGER,
    look_us INTEGER DEFAULT -1
) STRICT;
CREATE UNIQUE INDEX fires ON firing (rule_id, value) WHERE ended_us IS NULL;
CREATE INDEX told ON firing (rule_id, value, told_us) WHERE told_us IS NOT NULL;
CREATE INDEX of_rule ON firing (rule_id, number);
CREATE INDEX undecided ON firing (look_us) WHERE look_us IS NOT NULL;
CREATE TABLE snooze (
    rule_id TEXT NOT NULL,
    whole_rule INTEGER NOT NULL,
    value TEXT NOT NULL,
    until_us INTEGER,
    PRIMARY KEY (rule_id, whole_rule, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    firing INTEGER NOT NULL,
    channel TEXT NOT NULL,
    kind TEXT NOT NULL,
    dedup_key TEXT NOT NULL,
    notification TEXT NOT NULL,
    result TEXT NOT NULL DEFAULT 'pending',
    tries INTEGER NOT NULL DEFAULT 0,
    created_us INTEGER NOT NULL,
    due_us INTEGER NOT NULL,
    at_us INTEGER NOT NULL,
    detail TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX about ON outbox (firing, channel);
CREATE INDEX waiting ON outbox (channel, due_us, id) WHERE result = 'pending';
CREATE INDEX in_line ON outbox (channel, dedup_key, id) WHERE result = 'pending';
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO state VALUES ('version', 1);
"""


def create(db: apsw.Connection) -> None:
    """Within a transaction."""
    db.execute(f"{_TABLES} PRAGMA user_version = {VERSION}")
