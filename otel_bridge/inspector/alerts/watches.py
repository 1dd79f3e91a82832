"""Rules about the bridge itself, and what its metrics say to them.

Pure: who asks the bridge is elsewhere. Where it does not answer, nothing is known and nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from otel_bridge.inspector.alerts.change import Change
from otel_bridge.inspector.alerts.rule import Origin, Rule, Severity, Silence, Watch, Watched

JOURNAL_FULL = 0.7
# A little below, so that a journal at the mark does not fire again and again.
JOURNAL_RELIEVED = 0.65

NO_TRAFFIC = Rule(
    id="0000000000000001",
    name="No traffic",
    query="",
    condition=Silence(fewer_than=1),
    window=300,
    origin=Origin.BUILT_IN,
    note="Nothing has reached the inspector. Look whether the gateway still exports: otel-bridge kong check.",
)
OF_BRIDGE = (
    Rule(
        id="0000000000000002",
        name="Journal fills up",
        query="",
        condition=Watch(Watched.JOURNAL),
        window=60,
        severity=Severity.CRITICAL,
        origin=Origin.BUILT_IN,
        note="Once it is full, senders are refused. Look at which pipeline lags, and why.",
    ),
    Rule(
        id="0000000000000003",
        name="Dead letters rise",
        query="",
        condition=Watch(Watched.DEAD_LETTERS),
        window=600,
        per="pipeline",
        origin=Origin.BUILT_IN,
        note="A destination refuses exchanges for good: otel-bridge dead-letters list says why.",
    ),
    Rule(
        id="0000000000000004",
        name="Pipeline on hold",
        query="",
        condition=Watch(Watched.HOLD),
        window=60,
        per="pipeline",
        severity=Severity.CRITICAL,
        origin=Origin.BUILT_IN,
        note="Its destination takes nothing; the journal keeps what comes.",
    ),
)


class BridgeState(NamedTuple):
    journal_full: float
    """0 to 1."""
    dead_letters: Mapping[str, int]
    """By pipeline, as `hold_seconds`."""
    hold_seconds: Mapping[str, float]
    """0: not on hold."""


class _Finding(NamedTuple):
    group: str
    value: float
    letters: int = 0


class Watches:
    """What of the bridge fires. Belongs to one thread."""

    def __init__(self, firing: Iterable[tuple[str, str]]) -> None:
        """*firing*: rule id and group of what fired before a restart."""
        self._firing = set(firing)
        self._letters: dict[str, int] = {}
        self._risen_us: dict[str, int] = {}

    def look(self, rules: Iterable[Rule], state: BridgeState, now_us: int) -> list[Change]:
        """What has changed, by the *rules* about the bridge that are enabled."""
        self._count_letters(state, now_us)
        changes: list[Change] = []
        for rule in rules:
            if isinstance(rule.condition, Watch):
                wrong = self._wrong(rule, rule.condition.what, state, now_us) if rule.enabled else ()
                changes += self._turned(rule, {each.group: each for each in wrong}, now_us)
        return changes

    def _turned(self, rule: Rule, wrong: Mapping[str, _Finding], now_us: int) -> Iterator[Change]:
        before = {group for rule_id, group in self._firing if rule_id == rule.id}
        for group in sorted(wrong.keys() - before):
            self._firing.add((rule.id, group))
            found = wrong[group]
            yield Change(rule, group, True, now_us, found.value, found.letters, found.letters)
        for group in sorted(before - wrong.keys()):
            self._firing.discard((rule.id, group))
            yield Change(rule, group, False, now_us, 0.0, 0, 0)

    def _wrong(self, rule: Rule, what: Watched, state: BridgeState, now_us: int) -> Iterator[_Finding]:
        match what:
            case Watched.JOURNAL:
                limit = JOURNAL_RELIEVED if (rule.id, "") in self._firing else JOURNAL_FULL
                if state.journal_full > limit:
                    yield _Finding("", state.journal_full)
            case Watched.HOLD:
                for name, seconds in state.hold_seconds.items():
                    if seconds > 0:
                        yield _Finding(name, seconds)
            case Watched.DEAD_LETTERS:
                for name, risen_us in self._risen_us.items():
                    if now_us - risen_us < rule.window * 1_000_000:
                        yield _Finding(name, state.dead_letters[name], state.dead_letters[name])

    def _count_letters(self, state: BridgeState, now_us: int) -> None:
        for name, count in state.dead_letters.items():
            if count > self._letters.get(name, count):
                self._risen_us[name] = now_us
        for gone in self._risen_us.keys() - state.dead_letters.keys():
            del self._risen_us[gone]
        self._letters = dict(state.dead_letters)
