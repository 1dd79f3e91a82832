"""What is to be sent, until it is, and what became of it. Functions over a connection.

    put ─▶ pending ──take──▶ pending (tries + 1) ──settle──▶ delivered | refused | given up
              ▲                        └──────retry, later──────┘

A try counts from when it begins: what was under way when the process was killed may have arrived. For one
`dedup_key` a channel is told in order: nothing goes out before what was put in earlier is settled.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import apsw

from otel_bridge.inspector.alerts.book import messages
from otel_bridge.inspector.alerts.book.values import Outgoing
from otel_bridge.inspector.alerts.notification import Kind, Notification, Outcome, Result

PENDING, GIVEN_UP = "pending", "given up"
PATIENCE_US = 24 * 3600 * 1_000_000
MOST_WAITING = 100
"""For a channel: beyond that, what is over before it was tried is not told any more."""

_MOST_DETAIL = 200
# Steps from name to name, where DISTINCT would read all that waits.
_CHANNELS = """
WITH RECURSIVE name (channel) AS (
    SELECT min(channel) FROM outbox WHERE result = 'pending'
    UNION ALL
    SELECT (SELECT min(channel) FROM outbox WHERE result = 'pending' AND channel > name.channel)
    FROM name WHERE name.channel IS NOT NULL
)
SELECT channel FROM name WHERE channel IS NOT NULL
"""
_NEXT = """
SELECT id, notification, tries FROM outbox AS one
WHERE result = 'pending' AND channel = ? AND due_us <= ? AND NOT EXISTS (
    SELECT 1 FROM outbox AS earlier
    WHERE earlier.result = 'pending' AND earlier.channel = one.channel
        AND earlier.dedup_key = one.dedup_key AND earlier.id < one.id
)
ORDER BY due_us, id LIMIT 1
"""
_RENEWABLE = """
SELECT outbox.id, notification, tries FROM outbox JOIN firing ON firing.number = outbox.firing
WHERE outbox.channel = ? AND kind = 'trigger' AND result = 'delivered' AND ended_us IS NULL AND outbox.id > ?
ORDER BY outbox.id LIMIT 1
"""


def put(db: apsw.Connection, firing: int, channel: str, notification: Notification, now_us: int) -> None:
    db.execute(
        "INSERT INTO outbox (firing, channel, kind, dedup_key, notification, created_us, due_us, at_us)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?6, ?6)",
        (
            firing,
            channel,
            notification.kind,
            notification.dedup_key,
            messages.dump(notification),
            now_us,
        ),
    )


def to_resolve(db: apsw.Connection, firing: int, now_us: int) -> list[str]:
    """Channels that were told, or will be, that *firing* began; some are spared both messages."""
    rows = db.execute(
        "SELECT id, channel, result, tries FROM outbox WHERE firing = ? AND kind = 'trigger' ORDER BY id",
        (firing,),
    )
    channels = []
    for row_id, channel, result, tries in rows:
        if result == PENDING and not tries and _waiting(db, channel) > MOST_WAITING:
            _settle(db, row_id, GIVEN_UP, "it was over before it could be told", now_us)
        elif result in (PENDING, Result.DELIVERED):
            channels.append(channel)
    return channels


def waiting(db: apsw.Connection) -> Mapping[str, int]:
    """How many notifications wait for each channel that has any."""
    return dict(db.execute("SELECT channel, count(*) FROM outbox WHERE result = 'pending' GROUP BY channel"))


def next_due(db: apsw.Connection, now_us: int, unavailable: Collection[str]) -> list[Outgoing]:
    """For each channel, but those *unavailable*, the one that is to be tried next, as it stands."""
    found = []
    for channel in {name for (name,) in db.execute(_CHANNELS)}.difference(unavailable):
        row = db.execute(_NEXT, (channel, now_us)).fetchone()
        if row is not None:
            row_id, notification, tries = row
            found.append(Outgoing(row_id, channel, messages.load(notification), tries))
    return found


def begin_try(db: apsw.Connection, outgoing: Outgoing, now_us: int) -> Outgoing:
    db.execute("UPDATE outbox SET tries = tries + 1, at_us = ? WHERE id = ?", (now_us, outgoing.id))
    return outgoing._replace(tries=outgoing.tries + 1)


def settle(db: apsw.Connection, row_id: int, outcome: Outcome, now_us: int, again_us: int) -> str:
    """*again_us*: when to try again, if it is to be. The result that the outbox has for it then."""
    row = db.execute(
        "SELECT firing, channel, kind, created_us FROM outbox WHERE id = ?", (row_id,)
    ).fetchone()
    if row is None:
        return GIVEN_UP
    firing, channel, kind, created_us = row
    result: str = outcome.result
    if outcome.result is Result.RETRY:
        result = GIVEN_UP if now_us >= created_us + PATIENCE_US else PENDING
        # The last try is when patience ends.
        again_us = min(again_us, max(now_us, created_us + PATIENCE_US))
    _settle(db, row_id, result, outcome.detail, now_us)
    if result == PENDING:
        db.execute("UPDATE outbox SET due_us = ? WHERE id = ?", (again_us, row_id))
    elif result != Result.DELIVERED and kind == Kind.TRIGGER:
        # Nobody is told the end of what they don't know of.
        db.execute(
            "DELETE FROM outbox WHERE firing = ? AND channel = ? AND kind = 'resolve' AND result = 'pending'",
            (firing, channel),
        )
    return result


def renewable(db: apsw.Connection, channel: str, after: int) -> Outgoing | None:
    """The first TRIGGER behind id *after* that was delivered to *channel* and still holds."""
    row = db.execute(_RENEWABLE, (channel, after)).fetchone()
    if row is None:
        return None
    row_id, notification, tries = row
    return Outgoing(row_id, channel, messages.load(notification), tries)


def _settle(db: apsw.Connection, row_id: int, result: str, detail: str, now_us: int) -> None:
    db.execute(
        "UPDATE outbox SET result = ?, detail = ?, at_us = ? WHERE id = ?",
        (result, detail[:_MOST_DETAIL], now_us, row_id),
    )


def _waiting(db: apsw.Connection, channel: str) -> int:
    """How many wait for *channel*, counted a little beyond `MOST_WAITING`."""
    found: int = db.execute(
        "SELECT count(*) FROM (SELECT 1 FROM outbox WHERE result = 'pending' AND channel = ? LIMIT ?)",
        (channel, MOST_WAITING + 1),
    ).get
    return found
