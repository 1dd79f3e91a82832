"""What fires, what fired, and what is still to be told, in the book."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from otel_bridge.inspector.alerts.book import AlertBook, HeldBack
from otel_bridge.inspector.alerts.book.history import LONGEST_US, MOST
from otel_bridge.inspector.alerts.book.outbox import MOST_WAITING
from otel_bridge.inspector.alerts.book.teller import AT_ONCE
from otel_bridge.inspector.alerts.change import SavedWindow
from otel_bridge.inspector.alerts.notification import Kind, Outcome, Result
from otel_bridge.inspector.alerts.rule import Count, Rule, Severity
from otel_bridge.inspector.store.interface import Period
from tests.inspector.alerts.books import NOW, RULE, SECOND, a_rule, begins, ends

DELIVERED = Outcome(Result.DELIVERED)


@pytest.fixture
def book(tmp_path: Path) -> Iterator[AlertBook]:
    opened = AlertBook(tmp_path / "alerts.db", now=lambda: NOW + SECOND)
    opened.put(RULE)
    yield opened
    opened.close()


def deliver(book: AlertBook, now_us: int = NOW) -> list[Kind]:
    """Everything that is due, and which kinds that was."""
    kinds = []
    while taken := book.take(now_us):
        for outgoing in taken:
            book.settle(outgoing, DELIVERED, now_us, now_us)
            kinds.append(outgoing.notification.kind)
    return kinds


def test_firing_tells_all_about_itself(book: AlertBook) -> None:
    samples = tuple(str(number) * 32 for number in range(5))
    book.record([begins(samples=samples)], [], NOW + SECOND)
    (firing,) = book.firing()

    assert len(firing.id) == 32
    assert (RULE.id, "Server errors", "status:5xx", Severity.WARNING, "consumer", "acme") == firing[1:7]
    assert (NOW, None, 7.0, 7, 7) == firing[7:12]
    assert firing.sentence == "7 exchanges matched in 10 minutes (5 or more)"
    assert (True, HeldBack.NOT, samples) == (firing.told, firing.held_back, firing.samples)
    assert [("slack", Kind.TRIGGER, "pending", 0, NOW + SECOND, "")] == list(firing.notifications)
    assert firing == book.find(firing.id)
    assert book.find("00") is None
    assert book.count_firing() == {RULE.id: 1}
    assert {RULE.id: NOW} == book.last_fired()


def test_change_that_is_already_so_changes_nothing(book: AlertBook) -> None:
    book.record([ends()], [], NOW)
    assert [] == book.firings().firings
    for _ in range(2):
        book.record([begins()], [], NOW)
        assert 1 == len(book.firing())
    for later in range(2):
        book.record([ends(at_us=NOW + later)], [], NOW + later)

    (firing,) = book.firings().firings
    assert firing.ended_us == NOW
    assert deliver(book) == [Kind.TRIGGER, Kind.RESOLVE]


def test_what_begins_and_ends_within_one_tick_is_in_history(book: AlertBook) -> None:
    book.record([begins(), ends(), begins()], [], NOW)

    assert [None, NOW] == [firing.ended_us for firing in book.firings().firings]
    assert deliver(book) == [Kind.TRIGGER, Kind.RESOLVE, Kind.TRIGGER]


def test_history_keeps_the_rule_as_it_was(book: AlertBook) -> None:
    book.record([begins()], [], NOW)
    book.put(a_rule(name="Renamed", severity=Severity.CRITICAL))
    book.record([ends(), begins(a_rule(name="Renamed"), "b")], [], NOW)

    assert ["Renamed", "Server errors"] == [firing.rule_name for firing in book.firings().firings]


def test_history_is_read_in_pages_newest_first(book: AlertBook) -> None:
    other = a_rule(id="bb", name="other")
    book.put(other)
    for number in range(10):
        book.record([begins(other if number % 2 else RULE, str(number), NOW + number)], [], NOW)
    pages, before = [], None
    while True:
        page = book.firings(limit=4, before=before)
        pages.append([firing.group for firing in page.firings])
        if page.next is None:
            break
        before = page.next

    assert [["9", "8", "7", "6"], ["5", "4", "3", "2"], ["1", "0"]] == pages
    assert ["8", "6", "4", "2", "0"] == [each.group for each in book.firings(rule_id=RULE.id).firings]


def test_history_of_a_period_has_what_fired_at_some_time_of_it(book: AlertBook) -> None:
    for group, start, end in (("before", 0, 5), ("into", 3, 12), ("within", 12, 13), ("beyond", 15, None)):
        book.record([begins(group=group, at_us=NOW + start)], [], NOW)
        if end is not None:
            book.record([ends(group=group, at_us=NOW + end)], [], NOW)
    book.record([begins(group="after", at_us=NOW + 20)], [], NOW)
    found = book.firings(period=Period(NOW + 10, NOW + 20)).firings

    assert ["beyond", "within", "into"] == [firing.group for firing in found]


def test_windows_are_kept_until_they_are_empty(book: AlertBook) -> None:
    windows = [SavedWindow(RULE.id, group, group.encode()) for group in ("a", "b", "c")]
    book.record([], windows, NOW)
    book.record([], [windows[0]._replace(counts=b"more"), windows[1]._replace(counts=b"")], NOW)

    assert [windows[0]._replace(counts=b"more"), windows[2]] == book.saved()[0]


@pytest.mark.parametrize(
    ("now", "kept"),
    [
        (RULE, True),
        (a_rule(name="renamed", channels=(), cooldown=9, severity=Severity.INFO), True),
        (a_rule(enabled=False), False),
        (a_rule(query="status:500"), False),
        (a_rule(condition=Count(6)), False),
        (a_rule(window=60), False),
        (a_rule(per="service"), False),
        (None, False),
    ],
)
def test_start_ends_what_fired_by_a_rule_that_counts_otherwise_now(
    tmp_path: Path, book: AlertBook, now: Rule | None, kept: bool
) -> None:
    """As after `alerts apply` beside an inspector that was not running."""
    book.record([begins()], [SavedWindow(RULE.id, "acme", b"counts")], NOW)
    deliver(book)
    if now is None:
        book.remove(RULE.id)
    else:
        book.put(now)
    started = AlertBook(tmp_path / "alerts.db", now=lambda: NOW + SECOND)
    windows, firing = started.saved()
    started.tell(NOW + SECOND)
    told = [outgoing.notification for outgoing in started.take(NOW + SECOND)]
    started.close()

    assert ([(RULE.id, "acme")] if kept else []) == firing
    assert len(windows) == (kept or now == a_rule(enabled=False))
    assert ([] if kept else [Kind.RESOLVE]) == [each.kind for each in told]
    assert all(each.sentence == "the rule was changed, switched off or removed" for each in told)


def test_what_is_held_back_says_why_and_is_told_later(book: AlertBook) -> None:
    book.put(a_rule(cooldown=60))
    book.record([begins(), ends(), begins()], [], NOW)
    cooling = book.firing()[0]
    book.snooze(RULE.id, None, NOW + 70 * SECOND, NOW)
    book.tell(NOW + 60 * SECOND)
    snoozed = book.firing()[0]
    book.snooze(RULE.id, "acme", None, NOW)
    book.tell(NOW + 70 * SECOND)
    muted = book.firing()[0]
    book.wake(RULE.id, "acme")
    book.tell(NOW + 70 * SECOND)
    told = book.firing()[0]

    assert [(False, "cooldown"), (False, "snoozed"), (False, "muted"), (True, "")] == [
        (each.told, each.held_back) for each in (cooling, snoozed, muted, told)
    ]
    assert [NOW + 70 * SECOND] == [each.at_us for each in told.notifications]


def test_history_says_why_a_firing_was_never_told(book: AlertBook) -> None:
    book.snooze(RULE.id, "acme", None, NOW)
    book.record([begins()], [], NOW)
    book.record([ends()], [], NOW)
    (firing,) = book.firings().firings

    assert (False, HeldBack.MUTED, []) == (firing.told, firing.held_back, list(firing.notifications))


def test_rule_without_channels_tells_once_it_has_one(book: AlertBook) -> None:
    book.put(a_rule(channels=()))
    book.record([begins()], [], NOW)
    assert (0, False) == (book.tell(NOW), book.firing()[0].told)
    book.put(a_rule(channels=("email", "slack")))

    assert book.tell(NOW) == 2
    assert {"email": 1, "slack": 1} == book.waiting()


def test_channel_that_a_rule_got_later_hears_nothing_of_what_was_told(book: AlertBook) -> None:
    book.record([begins()], [], NOW)
    book.put(a_rule(channels=("email",)))
    book.record([ends()], [], NOW)

    assert {"slack": 2} == book.waiting()


def test_try_counts_from_its_beginning(tmp_path: Path, book: AlertBook) -> None:
    book.record([begins()], [], NOW)
    (first,) = book.take(NOW)
    (second,) = book.take(NOW)

    assert (1, 2) == (first.tries, second.tries)
    assert first.notification == second.notification
    assert () == tuple(book.take(NOW, {"slack"}))


@pytest.mark.parametrize(
    ("last", "results"),
    [
        (DELIVERED, [(Kind.TRIGGER, "delivered"), (Kind.RESOLVE, "pending")]),
        (Outcome(Result.REFUSED), [(Kind.TRIGGER, "refused")]),
        (Outcome(Result.RETRY), [(Kind.TRIGGER, "given up")]),
    ],
)
def test_end_is_told_only_where_the_beginning_arrived(
    book: AlertBook, last: Outcome, results: list[tuple[Kind, str]]
) -> None:
    a_day_later = NOW + 24 * 3600 * SECOND
    book.record([begins()], [], NOW)
    (taken,) = book.take(NOW)
    book.settle(taken, Outcome(Result.RETRY), NOW, NOW + 48 * 3600 * SECOND)
    book.record([ends()], [], NOW)
    (taken,) = book.take(a_day_later)
    book.settle(taken, last, a_day_later, a_day_later)
    (firing,) = book.firings().firings

    assert taken.notification.kind is Kind.TRIGGER
    assert results == [(each.kind, each.result) for each in firing.notifications]


def test_what_is_over_is_spared_a_channel_that_takes_nothing(book: AlertBook) -> None:
    groups = [str(number) for number in range(2 * MOST_WAITING)]
    book.record([begins(group=group) for group in groups], [], NOW)
    (tried,) = book.take(NOW)
    book.record([ends(group=group) for group in groups], [], NOW)
    waiting = book.waiting()["slack"]
    told = {each.group: list(each.notifications) for each in book.firings(limit=1000).firings}

    assert waiting <= 2 * MOST_WAITING
    assert len(told[tried.notification.group]) == 2
    assert [("given up", "it was over before it could be told")] == [
        (each.result, each.detail) for each in told["1"]
    ]
    assert 2 * MOST_WAITING + waiting // 2 == sum(map(len, told.values()))


def test_history_is_bounded_but_nothing_that_is_still_to_be_told_is_lost(book: AlertBook) -> None:
    quiet = a_rule(id="bb", name="quiet", channels=())
    book.put(quiet)
    book.record([begins()], [], NOW)
    book.record([ends()], [], NOW)
    groups = [str(number) for number in range(MOST + 10)]
    book.record([begins(quiet, "old", NOW), begins(quiet, "still firing", NOW)], [], NOW)
    for change in (begins, ends):
        book.record([change(quiet, group, NOW + 2) for group in groups], [], NOW + 2)
    for _ in range(MOST // AT_ONCE + 1):
        book.tell(NOW + 2)
    book.prune(NOW + 2)
    kept = book.firings(limit=2 * MOST).firings

    assert groups[:9:-1] == [firing.group for firing in kept][:MOST]
    assert {"still firing", "old", "acme"} == {firing.group for firing in kept[MOST:]}
    assert deliver(book, NOW + 2) == [Kind.TRIGGER, Kind.RESOLVE]
    book.record([ends(quiet, "old", NOW + 3)], [], NOW + 3)
    book.prune(NOW + 4 + LONGEST_US)
    assert ["still firing"] == [firing.group for firing in book.firings().firings]


def test_a_tick_with_as_many_groups_as_there_may_be_takes_a_fraction_of_it(book: AlertBook) -> None:
    windows = [SavedWindow(RULE.id, str(number), bytes(400)) for number in range(20_000)]
    book.record([], windows, NOW)
    took = []
    for _ in range(3):
        start = time.perf_counter()
        book.record([], windows, NOW)
        took.append(time.perf_counter() - start)

    # 0.2 s where nothing else runs; seconds on a machine that others use too.
    assert min(took) < 15.0


def test_storm_of_firings_is_told_bit_by_bit(book: AlertBook) -> None:
    book.record([begins(group=str(number)) for number in range(3 * AT_ONCE)], [], NOW)
    told = [book.waiting()["slack"]]
    while book.tell(NOW):
        told.append(book.waiting()["slack"])

    assert [AT_ONCE, 2 * AT_ONCE, 3 * AT_ONCE] == told
    assert len(book.firing(limit=5000)) == 3 * AT_ONCE == sum(book.count_firing().values())
