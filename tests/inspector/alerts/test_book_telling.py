"""The telling policy: row by row, and the whole book held to a simple model through any history."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from otel_bridge.inspector.alerts.book import AlertBook, Firing
from otel_bridge.inspector.alerts.book.telling import HeldBack, Standing, Step, decide
from otel_bridge.inspector.alerts.notification import Kind, Outcome, Result
from tests.inspector.alerts.books import NOW, SECOND, a_rule, begins, ends

_FIRES = Standing(fires=True, told=False, has_channels=True, snoozes=(), last_told_us=None, cooldown=60)
_LATER = NOW + 5 * SECOND


@pytest.mark.parametrize(
    ("standing", "step"),
    [
        (_FIRES, Step(Kind.TRIGGER)),
        (_FIRES._replace(told=True), Step(None)),
        (_FIRES._replace(fires=False), Step(None)),
        (_FIRES._replace(fires=False, told=True), Step(Kind.RESOLVE)),
        (_FIRES._replace(fires=False, told=True, snoozes=(None,)), Step(Kind.RESOLVE)),
        (_FIRES._replace(has_channels=False), Step(None)),
        (_FIRES._replace(snoozes=(None,)), Step(None, HeldBack.MUTED)),
        (_FIRES._replace(snoozes=(_LATER, None)), Step(None, HeldBack.MUTED)),
        (_FIRES._replace(snoozes=(_LATER,)), Step(None, HeldBack.SNOOZED, _LATER)),
        (_FIRES._replace(snoozes=(_LATER, _LATER + 1)), Step(None, HeldBack.SNOOZED, _LATER + 1)),
        (_FIRES._replace(snoozes=(NOW,)), Step(Kind.TRIGGER)),
        (_FIRES._replace(last_told_us=NOW), Step(None, HeldBack.COOLDOWN, NOW + 60 * SECOND)),
        (_FIRES._replace(last_told_us=NOW - 60 * SECOND), Step(Kind.TRIGGER)),
        (_FIRES._replace(last_told_us=NOW, cooldown=0), Step(Kind.TRIGGER)),
        (
            _FIRES._replace(last_told_us=NOW, snoozes=(_LATER,)),
            Step(None, HeldBack.COOLDOWN, NOW + 60 * SECOND),
        ),
        # A clock that was set back doesn't silence anybody for a year.
        (_FIRES._replace(last_told_us=NOW + 10**15), Step(Kind.TRIGGER)),
    ],
)
def test_decision(standing: Standing, step: Step) -> None:
    assert step == decide(standing, NOW)


_RULES = ("r1", "r2")
_GROUPS = ("", "acme", "bolt")
_CHANNELS = st.lists(st.sampled_from(("slack", "email", "hook")), unique=True).map(tuple)
_SECONDS = st.sampled_from((1, 5, 30, 100))
_Key = tuple[str, str]


class _Fired:
    """What the model knows of one firing."""

    def __init__(self) -> None:
        self.triggers: set[str] = set()
        """Channels that were told."""


class TheBook(RuleBasedStateMachine):
    """A real file, and beside it what anybody would expect of it, in the plainest words."""

    @initialize(cooldown=st.sampled_from((0, 10, 60)), channels=_CHANNELS)
    def open(self, cooldown: int, channels: tuple[str, ...]) -> None:
        self._directory = tempfile.TemporaryDirectory()
        self.path = Path(self._directory.name) / "alerts.db"
        self.now = NOW
        self.known = {
            rule_id: a_rule(id=rule_id, name=rule_id, cooldown=cooldown, channels=channels)
            for rule_id in _RULES
        }
        self.book = AlertBook(self.path, now=lambda: self.now)
        for each in self.known.values():
            self.book.put(each)
        self.firing: dict[_Key, _Fired] = {}
        self.past: list[_Fired] = []
        self.last_told: dict[_Key, int] = {}
        self.settled: set[tuple[str, str]] = set()
        """Id and channel of notifications."""
        self.snoozes: dict[tuple[str, str | None], int | None] = {}

    def teardown(self) -> None:
        if hasattr(self, "book"):
            self.book.close()
            self._directory.cleanup()

    @rule(rule_id=st.sampled_from(_RULES), group=st.sampled_from(_GROUPS))
    def a_group_begins_to_fire(self, rule_id: str, group: str) -> None:
        key = (rule_id, group)
        if rule_id in self.known and key not in self.firing:
            self.firing[key] = _Fired()
        self.book.record([begins(a_rule(id=rule_id, name=rule_id), group, self.now)], [], self.now)
        self._expect()

    @rule(rule_id=st.sampled_from(_RULES), group=st.sampled_from(_GROUPS))
    def a_group_fires_for_less_than_a_tick(self, rule_id: str, group: str) -> None:
        key = (rule_id, group)
        if rule_id in self.known and key not in self.firing:
            self.firing[key] = _Fired()
            self._tell(key)
        self._end(key)
        rule = a_rule(id=rule_id, name=rule_id)
        self.book.record([begins(rule, group, self.now), ends(rule, group, self.now)], [], self.now)
        self._expect()

    @rule(rule_id=st.sampled_from(_RULES), group=st.sampled_from(_GROUPS))
    def a_group_fires_no_more(self, rule_id: str, group: str) -> None:
        self._end((rule_id, group))
        self.book.record([ends(a_rule(id=rule_id, name=rule_id), group, self.now)], [], self.now)
        self._expect()

    @rule(seconds=_SECONDS)
    def time_passes(self, seconds: int) -> None:
        self.now += seconds * SECOND
        self.book.tell(self.now)
        self._expect()

    @rule(
        rule_id=st.sampled_from(_RULES),
        group=st.sampled_from((None, *_GROUPS)),
        seconds=st.one_of(st.none(), _SECONDS),
    )
    def somebody_snoozes(self, rule_id: str, group: str | None, seconds: int | None) -> None:
        until = None if seconds is None else self.now + seconds * SECOND
        if self.book.snooze(rule_id, group, until, self.now):
            self.snoozes[rule_id, group] = until

    @rule(rule_id=st.sampled_from(_RULES), group=st.sampled_from((None, *_GROUPS)))
    def somebody_wakes(self, rule_id: str, group: str | None) -> None:
        self.snoozes.pop((rule_id, group), None)
        self.book.wake(rule_id, group)

    @rule(rule_id=st.sampled_from(_RULES), channels=_CHANNELS)
    def somebody_changes_the_channels(self, rule_id: str, channels: tuple[str, ...]) -> None:
        if rule_id in self.known:
            self.known[rule_id] = a_rule(
                id=rule_id, name=rule_id, cooldown=self.known[rule_id].cooldown, channels=channels
            )
            self.book.put(self.known[rule_id])

    @precondition(lambda self: len(self.known) == len(_RULES))
    @rule()
    def somebody_removes_a_rule(self) -> None:
        rule_id, _ = self.known.popitem()
        self.book.remove(rule_id)
        for key in [key for key in self.firing if key[0] == rule_id]:
            self._end(key)
        self.snoozes = {key: until for key, until in self.snoozes.items() if key[0] != rule_id}

    @rule()
    def the_process_restarts(self) -> None:
        self.book.close()
        self.book = AlertBook(self.path, owner=True, now=lambda: self.now)
        assert set(self.firing) == set(self.book.saved()[1])

    @rule(result=st.sampled_from(Result), detail=st.text(max_size=300))
    def a_channel_answers(self, result: Result, detail: str) -> None:
        for outgoing in self.book.take(self.now):
            told = outgoing.notification
            # Nothing is taken twice, and no end before its beginning was delivered.
            assert (told.id, outgoing.channel) not in self.settled
            assert told.kind is Kind.TRIGGER or self._was_delivered(told.firing_id, outgoing.channel)
            if self.book.settle(outgoing, Outcome(result, detail), self.now, self.now + SECOND):
                self.settled.add((told.id, outgoing.channel))

    @invariant()
    def the_book_shows_what_fires(self) -> None:
        if hasattr(self, "book"):
            shown = {(each.rule_id, each.group): each for each in self.book.firing()}
            assert set(self.firing) == shown.keys()
            for key, fired in self.firing.items():
                assert bool(fired.triggers) == shown[key].told

    def _end(self, key: _Key) -> None:
        fired = self.firing.pop(key, None)
        if fired is not None:
            self.past.append(fired)

    def _held(self, key: _Key) -> bool:
        rule_id = key[0]
        cooled = self.last_told.get(key, 0) + self.known[rule_id].cooldown * SECOND
        untils = [self.snoozes[each] for each in ((rule_id, None), key) if each in self.snoozes]
        return self.now < cooled or any(until is None or self.now < until for until in untils)

    def _tell(self, key: _Key) -> None:
        fired = self.firing[key]
        if not fired.triggers and not self._held(key):
            fired.triggers = set(self.known[key[0]].channels)
            if fired.triggers:
                self.last_told[key] = self.now

    def _expect(self) -> None:
        """What has to have been told by now, and is in the history of each firing: that, and no more."""
        self.book.tell(self.now)
        for key in self.firing:
            self._tell(key)
        shown = {(each.rule_id, each.group): each for each in self.book.firing()}
        for key, fired in self.firing.items():
            told = [(each.kind, each.channel) for each in shown[key].notifications]
            assert sorted((Kind.TRIGGER, channel) for channel in fired.triggers) == sorted(told)
        history = self.book.firings(limit=1000).firings
        for found in history:
            self._check_history(found)
        over = [each for each in history if each.ended_us is not None]
        assert sorted(len(fired.triggers) for fired in self.past) == sorted(
            sum(told.kind is Kind.TRIGGER for told in each.notifications) for each in over
        )

    def _check_history(self, found: Firing) -> None:
        told = {kind: [each for each in found.notifications if each.kind is kind] for kind in Kind}
        triggers = [each.channel for each in told[Kind.TRIGGER]]
        resolves = [each.channel for each in told[Kind.RESOLVE]]
        failed = {each.channel for each in told[Kind.TRIGGER] if each.result in ("refused", "given up")}

        assert len(set(triggers)) == len(triggers)
        assert sorted(set(triggers) - failed if found.ended_us else ()) == sorted(resolves)

    def _was_delivered(self, firing_id: str, channel: str) -> bool:
        found = self.book.find(firing_id)
        assert found is not None
        return any(
            (Kind.TRIGGER, channel, "delivered") == (each.kind, each.channel, each.result)
            for each in found.notifications
        )


TheBook.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestTheBook = TheBook.TestCase
