"""What the bridge's own state makes fire, look by look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from otel_bridge.inspector.alerts.change import Change
from otel_bridge.inspector.alerts.rule import Rule
from otel_bridge.inspector.alerts.watches import OF_BRIDGE, BridgeState, Watches

JOURNAL, LETTERS, HOLD = OF_BRIDGE
SECOND = 1_000_000
WELL = BridgeState(journal_full=0.1, dead_letters={"galileo": 3}, hold_seconds={"galileo": 0.0})


def told(changes: Sequence[Change]) -> list[tuple[str, str, bool]]:
    return [(change.rule.name, change.group, change.firing) for change in changes]


def test_a_bridge_that_is_well_fires_nothing() -> None:
    assert [] == Watches(()).look(OF_BRIDGE, WELL, 0)


def test_a_journal_fires_once_and_ends_well_below_the_mark() -> None:
    watches = Watches(())

    def look(full: float) -> list[tuple[str, str, bool]]:
        return told(watches.look(OF_BRIDGE, WELL._replace(journal_full=full), 0))

    assert [] == look(0.7)
    assert [(JOURNAL.name, "", True)] == look(0.71)
    assert [] == look(0.9)
    assert [] == look(0.69)
    assert [(JOURNAL.name, "", False)] == look(0.6)


def test_letters_that_were_there_before_are_no_news() -> None:
    watches = Watches(())

    assert [] == watches.look(OF_BRIDGE, WELL, 0)
    assert [] == watches.look(OF_BRIDGE, WELL._replace(dead_letters={"galileo": 2}), SECOND)


def test_rising_letters_fire_until_none_came_for_a_window() -> None:
    watches = Watches(())
    watches.look(OF_BRIDGE, WELL, 0)
    more = WELL._replace(dead_letters={"galileo": 4})

    risen = watches.look(OF_BRIDGE, more, SECOND)
    later = watches.look(OF_BRIDGE, more, LETTERS.window * SECOND)
    ended = watches.look(OF_BRIDGE, more, (LETTERS.window + 1) * SECOND)

    assert [(LETTERS.name, "galileo", True)] == told(risen)
    assert 4 == risen[0].value
    assert [] == later
    assert [(LETTERS.name, "galileo", False)] == told(ended)


def test_each_pipeline_on_hold_is_a_group() -> None:
    watches = Watches(())
    state = WELL._replace(hold_seconds={"galileo": 12.0, "galileo/eu": 0.0, "runscope": 3.0})

    held = watches.look(OF_BRIDGE, state, 0)
    one_left = watches.look(OF_BRIDGE, state._replace(hold_seconds={"runscope": 4.0}), SECOND)

    assert [(HOLD.name, "galileo", True), (HOLD.name, "runscope", True)] == told(held)
    assert [(HOLD.name, "galileo", False)] == told(one_left)


def test_what_fired_before_a_restart_is_not_told_again_and_ends() -> None:
    watches = Watches([(HOLD.id, "galileo")])
    state = WELL._replace(hold_seconds={"galileo": 12.0})

    assert [] == watches.look(OF_BRIDGE, state, 0)
    assert [(HOLD.name, "galileo", False)] == told(watches.look(OF_BRIDGE, WELL, SECOND))


def test_a_rule_that_is_switched_off_ends_what_fires() -> None:
    watches = Watches(())
    full = WELL._replace(journal_full=0.9)
    off: list[Rule] = [replace(rule, enabled=False) for rule in OF_BRIDGE]
    watches.look(OF_BRIDGE, full, 0)

    assert [(JOURNAL.name, "", False)] == told(watches.look(off, full, SECOND))
    assert [] == watches.look(off, full, 2 * SECOND)
