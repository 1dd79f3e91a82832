"""The telling policy over the book: what is to be decided now, and what that puts into the outbox."""

from __future__ import annotations

from collections.abc import Iterator

import apsw

from otel_bridge.inspector.alerts.book import firings, messages, outbox, rule_document, rules
from otel_bridge.inspector.alerts.book.firings import Undecided
from otel_bridge.inspector.alerts.book.snoozes import Snoozes
from otel_bridge.inspector.alerts.book.telling import Standing, Step, decide
from otel_bridge.inspector.alerts.notification import Kind, Notification
from otel_bridge.inspector.alerts.rule import Rule
from otel_bridge.inspector.alerts.sentence import what_happened

# A million groups that begin to fire in one second must not hold up the book for a minute.
AT_ONCE = 1_000


def waits(db: apsw.Connection, now_us: int) -> bool:
    """Is there anything to decide?"""
    return bool(firings.undecided(db, now_us, 1))


def tell(db: apsw.Connection, now_us: int, *, public_url: str | None, new_ids: Iterator[str]) -> int:
    """Decide about at most `AT_ONCE` firings, within a transaction; how many notifications there are."""
    undecided = firings.undecided(db, now_us, AT_ONCE)
    if not undecided:
        return 0
    teller = _Teller(db, now_us, public_url, new_ids)
    return sum(teller.tell(each) for each in undecided)


class _Teller:
    def __init__(
        self, db: apsw.Connection, now_us: int, public_url: str | None, new_ids: Iterator[str]
    ) -> None:
        self._db = db
        self._now_us = now_us
        self._public_url = public_url
        self._new_ids = new_ids
        self._rules = {rule.id: rule for rule in rules.read(db)}
        self._snoozes = Snoozes(db)

    def tell(self, firing: Undecided) -> int:
        if firing.look_us != firings.FRESH or firing.ended_us is None:
            return self._decide(firing)[0]
        # It was over before anybody looked: its beginning is told all the same.
        begun, then = self._decide(firing._replace(ended_us=None))
        ended, _ = self._decide(then._replace(ended_us=firing.ended_us))
        return begun + ended

    def _decide(self, firing: Undecided) -> tuple[int, Undecided]:
        """How many are told, and how it stands then."""
        rule = self._rules.get(firing.rule_id)
        step = decide(self._standing(firing, rule), self._now_us)
        told = 0
        if step.tell is Kind.TRIGGER:
            assert rule is not None
            told = self._trigger(firing, rule)
        elif step.tell is Kind.RESOLVE:
            told = self._resolve(firing)
        return told, self._decided(firing, step)

    def _standing(self, firing: Undecided, rule: Rule | None) -> Standing:
        return Standing(
            fires=firing.ended_us is None,
            told=firing.told_us is not None,
            has_channels=rule is not None and rule.enabled and bool(rule.channels),
            snoozes=self._snoozes.of(firing.rule_id, firing.group),
            last_told_us=firings.last_told_us(self._db, firing.rule_id, firing.group),
            cooldown=rule.cooldown if rule else 0,
        )

    def _trigger(self, firing: Undecided, rule: Rule) -> int:
        notification = self._notification(firing, rule, Kind.TRIGGER)
        for channel in rule.channels:
            outbox.put(self._db, firing.number, channel, notification, self._now_us)
        return len(rule.channels)

    def _resolve(self, firing: Undecided) -> int:
        channels = outbox.to_resolve(self._db, firing.number, self._now_us)
        rule = rule_document.readable(firing.document)
        if not channels or rule is None:
            return 0
        notification = self._notification(firing, rule, Kind.RESOLVE)
        for channel in channels:
            outbox.put(self._db, firing.number, channel, notification, self._now_us)
        return len(channels)

    def _decided(self, firing: Undecided, step: Step) -> Undecided:
        told_us = self._now_us if step.tell is Kind.TRIGGER else firing.told_us
        # Why an ended one was never told is part of history.
        held_back = firing.held_back if firing.ended_us is not None else step.held_back
        firing = firing._replace(told_us=told_us, held_back="" if told_us is not None else held_back)
        over = firing.told_us is not None or firing.ended_us is not None
        look_us = None if over else step.look_us or firings.NEVER
        firings.decided(self._db, firing, look_us)
        return firing

    def _notification(self, firing: Undecided, rule: Rule, kind: Kind) -> Notification:
        figures = firing.figure, firing.matched, firing.total
        if kind is Kind.RESOLVE:
            figures = firing.end_figure, firing.end_matched, firing.end_total
        return Notification(
            id=next(self._new_ids),
            kind=kind,
            dedup_key=messages.dedup_key(firing.rule_id, firing.group),
            firing_id=firing.id,
            rule_id=firing.rule_id,
            rule_name=rule.name,
            severity=rule.severity,
            per=rule.per,
            group=firing.group,
            sentence=what_happened(rule, *figures, ended=kind is Kind.RESOLVE),
            value=figures[0],
            threshold=messages.threshold(rule.condition),
            window=rule.window,
            started_us=firing.started_us,
            ended_us=firing.ended_us,
            note=rule.note,
            runbook=rule.runbook,
            link=messages.link(self._public_url, firing.id),
        )
