"""Which pipelines the journal knows, which the configuration has, and where new ones start."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Set
from typing import Literal

import structlog

from otel_bridge.config import key_type
from otel_bridge.journal import Cursor, Journal

StartAt = Literal["beginning", "end"] | None

log = structlog.get_logger(__name__)


class UnsettledError(Exception):
    """A pipeline left the configuration and still owes something; the message says what to do."""


def reconcile(
    journal: Journal,
    configured: Mapping[str, StartAt],
    forget: Collection[str] = (),
    *,
    since: Cursor | None = None,
) -> None:
    """Make the journal's cursors those of the *configured* pipelines.

    The change holds for what lies behind *since*, by default the newest record: what came before it is
    for the pipelines that leave, what came after it for the new ones.

    Raises UnsettledError, and changes nothing, where a pipeline that left owes records and is not in
    *forget*. A new one starts where its `start_at` says: at the oldest record held, or behind the
    *since*; by default at the oldest cursor of its type, so that a renamed or divided exporter takes over
    what its predecessor owes, and without one behind *since*. Where the cursors were damaged, what the
    journal holds may be owed, so all of it is sent again.
    """
    known = journal.cursors()
    since = journal.end() if since is None else since
    late = {name for name, cursor in known.items() if cursor >= since}
    check_leavers(journal, {*configured, *forget, *late})
    for name, start_at in configured.items():
        if name not in known:
            siblings = [at for other, at in known.items() if key_type(other) == key_type(name)]
            journal.register(name, _start(journal, start_at, siblings, since))
    for name in known.keys() - configured.keys():
        records = journal.backlog(name).records
        if records and name not in late and not _has_heir(journal, name, configured):
            log.warning("what a pipeline still owed is given up", pipeline=name, records=records)
        journal.forget(name)


def check_leavers(journal: Journal, configured: Set[str]) -> None:
    """Raises UnsettledError where a pipeline that is not in *configured* still owes records."""
    if owing := _owing(journal, journal.cursors().keys() - configured):
        raise UnsettledError(owing)


def _has_heir(journal: Journal, leaver: str, configured: Collection[str]) -> bool:
    cursors = journal.cursors()
    return any(key_type(name) == key_type(leaver) and cursors[name] <= cursors[leaver] for name in configured)


def _owing(journal: Journal, names: Collection[str]) -> str:
    records = {name: journal.backlog(name).records for name in sorted(names)}
    return "\n".join(
        f"{name} is no longer configured, and {count} records of the journal wait for it: put it back, or "
        f"give them up with `otel-bridge serve --forget {name}`."
        for name, count in records.items()
        if count
    )


def _start(journal: Journal, start_at: StartAt, siblings: Collection[Cursor], since: Cursor) -> Cursor:
    # Whoever has no cursor while some are lost is not new, whatever start_at says of new ones.
    if start_at == "beginning" or journal.stats().cursors_lost:
        return journal.start()
    if start_at == "end" or not siblings:
        return since
    return min(siblings)
