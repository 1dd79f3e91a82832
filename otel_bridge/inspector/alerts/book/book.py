"""The book as the rest of the inspector uses it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import apsw

from otel_bridge.inspector.alerts.book import firings, history, outbox, rules, snoozes, teller
from otel_bridge.inspector.alerts.book.database import Database
from otel_bridge.inspector.alerts.book.values import Applied, Firing, FiringPage, Outgoing, Snooze
from otel_bridge.inspector.alerts.change import Change, SavedWindow
from otel_bridge.inspector.alerts.notification import Outcome
from otel_bridge.inspector.alerts.rule import Rule
from otel_bridge.inspector.store.interface import EVER, Period

FILE_NAME = "alerts.db"


def _now() -> int:
    return time.time_ns() // 1000


class AlertBook:
    """Thread-safe; other processes may write beside it. What a call has changed is on disk when it returns.

    Any of them may raise BookError, and has then changed nothing.
    """

    def __init__(
        self,
        path: Path,
        *,
        owner: bool = False,
        public_url: str | None = None,
        random: Callable[[int], bytes] = os.urandom,
        now: Callable[[], int] = _now,
    ) -> None:
        """Open *path*, made where it is missing. The *owner* alone sets a damaged one aside and begins anew,
        with what can be read of its rules; and what it can't open yet it tries again with each call, which
        says why.

        *public_url* is for links. *now* is Unix time in microseconds, for what ends since people removed or
        changed a rule. Raises BookError, but not for the owner; a file of a later version stays as it is.
        """
        self._database = Database(path, owner=owner)
        self._public_url = public_url
        self._random = random
        self._now = now

    def close(self) -> None:
        self._database.close()

    @property
    def opened(self) -> int:
        """How often: after another time all but the rules may be gone."""
        return self._database.opened

    # Rules

    def rules(self) -> Sequence[Rule]:
        """In the order they were made."""
        with self._database.reading() as db:
            return rules.read(db)

    def rule(self, rule_id: str) -> Rule | None:
        return next((rule for rule in self.rules() if rule.id == rule_id), None)

    def version(self) -> int:
        """Another one whenever rules or snoozes were changed, by whatever process."""
        with self._database.reading() as db:
            return rules.version(db)

    def put(self, rule: Rule) -> None:
        """Make a rule, or change the one with its id. Raises NameTakenError, TooManyRulesError.

        What fires by it goes on, until whoever counts says otherwise.
        """
        with self._database.writing() as db:
            rules.put(db, rule)

    def remove(self, rule_id: str) -> bool:
        """Its firings end. False: there is no such rule."""
        with self._database.writing() as db:
            return rules.remove(db, rule_id, self._now())

    def apply(self, wanted: Sequence[Rule]) -> Applied:
        """Make the rules that come from files exactly *wanted*, all or nothing.

        They are matched by name; the id and the origin in *wanted* are ignored. Raises NameTakenError,
        TooManyRulesError.
        """
        with self._database.writing() as db:
            return rules.apply(db, wanted, self._ids(8), self._now())

    def seed(self, built_in: Sequence[Rule]) -> None:
        """Make those whose id isn't there yet; what people changed of them stays."""
        with self._database.writing() as db:
            rules.seed(db, built_in)

    # Firing

    def saved(self) -> tuple[Sequence[SavedWindow], Sequence[tuple[str, str]]]:
        """At a start: what was counted, and rule id and group of what fires.

        What fired by a rule that is removed, disabled or counts otherwise since then, ends.
        """
        with self._database.writing() as db:
            counting = {rule.id: rule.counted for rule in rules.read(db) if rule.enabled}
            firing = []
            for number, rule_id, group, rule in firings.fire(db):
                if rule is not None and counting.get(rule_id) == rule.counted:
                    firing.append((rule_id, group))
                else:
                    firings.end(db, number, self._now())
            windows = db.execute("SELECT rule_id, value, counts FROM window")
            return [SavedWindow(*window) for window in windows], firing

    def record(self, changes: Sequence[Change], windows: Sequence[SavedWindow], now_us: int) -> int:
        """Write down what happened, and tell what is due: how many notifications, as `tell` does.

        A change that is already so is none. What is said of a rule that is removed meanwhile is ignored.
        """
        if not changes and not windows:
            return self.tell(now_us)
        with self._database.writing() as db:
            known = rules.ids(db)
            for change in changes:
                if change.rule.id in known:
                    firings.record(db, change, self._ids(16))
            _save(db, [window for window in windows if window.rule_id in known])
            return self._tell(db, now_us)

    def tell(self, now_us: int) -> int:
        """Put into the outbox what is due by now; how many notifications that are."""
        with self._database.reading() as db:
            if not teller.waits(db, now_us):
                return 0
        with self._database.writing() as db:
            return self._tell(db, now_us)

    def snooze(self, rule_id: str, group: str | None, until_us: int | None, now_us: int) -> bool:
        """Tell no new firing of *group* (None: of the whole rule) until then (None: until it is woken).

        False: there is no such rule, or that time is over. What is in the outbox goes out all the same.
        """
        with self._database.writing() as db:
            if rule_id not in rules.ids(db) or (until_us is not None and until_us <= now_us):
                return False
            snoozes.put(db, Snooze(rule_id, group, until_us))
            return True

    def wake(self, rule_id: str, group: str | None) -> None:
        with self._database.writing() as db:
            snoozes.remove(db, rule_id, group)

    def snoozes(self) -> Sequence[Snooze]:
        """Those that are over are forgotten with time."""
        with self._database.reading() as db:
            return snoozes.read(db)

    # Looking

    def firing(self, *, rule_id: str | None = None, limit: int = 1_000) -> Sequence[Firing]:
        """What fires now, newest first."""
        with self._database.reading() as db:
            return history.firing_now(db, rule_id, limit)

    def count_firing(self) -> Mapping[str, int]:
        """How many groups fire, by the id of their rule."""
        with self._database.reading() as db:
            return history.count_now(db)

    def last_fired(self) -> Mapping[str, int]:
        """When something began to fire last, by rule id, as far as history goes."""
        with self._database.reading() as db:
            return history.last_fired(db)

    def find(self, firing_id: str) -> Firing | None:
        with self._database.reading() as db:
            return history.one(db, firing_id)

    def firings(
        self,
        *,
        rule_id: str | None = None,
        before: int | None = None,
        period: Period = EVER,
        limit: int = 50,
    ) -> FiringPage:
        """What fires or fired at some time of *period*."""
        with self._database.reading() as db:
            return history.page(db, rule_id=rule_id, before=before, period=period, limit=limit)

    def prune(self, now_us: int) -> None:
        """Forget old history: beyond 30 days or 10,000 firings."""
        with self._database.writing() as db:
            snoozes.forget_past(db, now_us)
            history.prune(db, now_us)

    # Outbox

    def take(self, now_us: int, unavailable: Collection[str] = ()) -> Sequence[Outgoing]:
        """For each channel, but those *unavailable*, the notification to try now, if there is one.

        A try counts from here on. Until it is settled its channel has to be among the unavailable ones.
        """
        with self._database.reading() as db:
            if not outbox.next_due(db, now_us, unavailable):
                return ()
        with self._database.writing() as db:
            due = outbox.next_due(db, now_us, unavailable)
            return [outbox.begin_try(db, outgoing, now_us) for outgoing in due]

    def settle(self, outgoing: Outgoing, outcome: Outcome, now_us: int, again_us: int) -> bool:
        """What became of a try; after RETRY it is due again at *again_us*.

        True: that was the last one. After a day it is given up, though the outcome is RETRY.
        """
        with self._database.writing() as db:
            return outbox.settle(db, outgoing.id, outcome, now_us, again_us) != outbox.PENDING

    def waiting(self) -> Mapping[str, int]:
        """How many notifications wait, for each channel that has any."""
        with self._database.reading() as db:
            return outbox.waiting(db)

    def renewable(self, channel: str, after: int) -> Outgoing | None:
        """The first behind id *after* that *channel* was told, and that still fires."""
        with self._database.reading() as db:
            return outbox.renewable(db, channel, after)

    def _tell(self, db: apsw.Connection, now_us: int) -> int:
        return teller.tell(db, now_us, public_url=self._public_url, new_ids=self._ids(16))

    def _ids(self, size: int) -> Iterator[str]:
        while True:
            yield self._random(size).hex()


def _save(db: apsw.Connection, windows: Sequence[SavedWindow]) -> None:
    # In the table's own order each of its pages is written once.
    kept = sorted(each for each in windows if each.counts)
    db.executemany("INSERT OR REPLACE INTO window VALUES (?, ?, ?)", kept)
    db.executemany(
        "DELETE FROM window WHERE rule_id = ? AND value = ?",
        ((each.rule_id, each.group) for each in windows if not each.counts),
    )
