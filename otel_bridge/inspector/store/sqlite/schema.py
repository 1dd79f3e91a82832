"""What lies in an hour's file.

exchange   what is filtered by and shown in tables: small rows, quick to scan
content    the rest, compressed, and the bodies, compressed: read for one exchange at a time
word       the index: which rows hold which words
rollup     figures of the hour and its minutes
state      facts about the file itself
"""

from __future__ import annotations

import apsw

VERSION = 1

_PAGE_SIZE = 8192
# `automerge`: 8 parts of the index of a size become one. With SQLite's 4 every word is written once more on
# its way, and looking for one is not measurably quicker.
_TABLES = """
CREATE TABLE exchange (
    row INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    started_us INTEGER NOT NULL,
    duration_us INTEGER,
    method TEXT NOT NULL,
    status INTEGER NOT NULL,
    scheme TEXT NOT NULL,
    host TEXT NOT NULL,
    port INTEGER,
    path TEXT NOT NULL,
    query TEXT NOT NULL,
    http_version TEXT NOT NULL,
    service TEXT NOT NULL,
    route TEXT NOT NULL,
    route_template TEXT NOT NULL,
    consumer TEXT NOT NULL,
    environment TEXT NOT NULL,
    bucket TEXT NOT NULL,
    gateway TEXT NOT NULL,
    source TEXT NOT NULL,
    client_address TEXT NOT NULL,
    client_port INTEGER,
    upstream_address TEXT NOT NULL,
    gateway_us INTEGER,
    upstream_us INTEGER,
    request_size INTEGER,
    response_size INTEGER,
    flags INTEGER NOT NULL,
    pinned INTEGER NOT NULL
) STRICT;
CREATE INDEX pinned ON exchange (row) WHERE pinned;
CREATE TABLE content (row INTEGER PRIMARY KEY, detail BLOB NOT NULL, bodies BLOB) STRICT;
CREATE VIRTUAL TABLE word USING fts5 (
    text, content = '', contentless_delete = 1, tokenize = 'ascii', detail = none
);
INSERT INTO word (word, rank) VALUES ('automerge', 8);
CREATE TABLE rollup (
    kind INTEGER NOT NULL,
    minute INTEGER NOT NULL,
    service TEXT NOT NULL,
    route TEXT NOT NULL,
    name TEXT NOT NULL,
    status INTEGER NOT NULL,
    count INTEGER NOT NULL,
    errors INTEGER NOT NULL,
    duration_us INTEGER NOT NULL,
    split INTEGER NOT NULL,
    gateway_us INTEGER NOT NULL,
    upstream_us INTEGER NOT NULL,
    request_bytes INTEGER NOT NULL,
    response_bytes INTEGER NOT NULL,
    latency BLOB NOT NULL,
    PRIMARY KEY (kind, minute, service, route, name, status)
) STRICT, WITHOUT ROWID;
CREATE TABLE state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
"""


def create(db: apsw.Connection) -> None:
    db.execute(f"PRAGMA page_size = {_PAGE_SIZE}")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute(f"BEGIN; {_TABLES} PRAGMA user_version = {VERSION}; COMMIT")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def version(db: apsw.Connection) -> int:
    found: int = db.execute("PRAGMA user_version").get
    return found


def state(db: apsw.Connection, name: str) -> int:
    """0 where nothing was set."""
    found: int | None = db.execute("SELECT value FROM state WHERE name = ?", (name,)).get
    return found or 0


def set_state(db: apsw.Connection, name: str, value: int) -> None:
    db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))
