"""The courier against real servers: what arrives, how often, and in which order."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from otel_bridge.inspector.alerts.book import AlertBook
from otel_bridge.inspector.alerts.notification import Notification, Outcome, Result
from tests.bridge import eventually
from tests.inspector.alerts.books import NOW, RULE, SECOND, a_rule, begins, ends
from tests.inspector.alerts.couriers import Clock, HttpChannel, working
from tests.vendor_server import Manner, Received, Reply, VendorServer, script

HOUR = 3600 * SECOND


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def book(tmp_path: Path) -> Iterator[AlertBook]:
    opened = AlertBook(tmp_path / "alerts.db", public_url="https://inspector.example.com/")
    opened.put(RULE)
    yield opened
    opened.close()


@pytest.fixture
def server() -> Iterator[VendorServer]:
    with VendorServer() as running:
        yield running


def told(requests: Sequence[Received]) -> list[tuple[str, str]]:
    return [(request.json()["kind"], request.json()["group"]) for request in requests]


def results(book: AlertBook) -> list[tuple[str, str, str, int]]:
    """Channel, kind, result and tries of all notifications, oldest first."""
    return [
        (each.channel, each.kind.value, each.result, each.tries)
        for firing in reversed(book.firings().firings)
        for each in firing.notifications
    ]


def delivered(book: AlertBook, count: int) -> None:
    eventually(
        lambda: sum(result == "delivered" for _, _, result, _ in results(book)) == count,
        f"{count} notifications delivered",
    )


def test_firing_and_its_end_arrive_with_all_that_is_to_say(
    book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    with working(book, HttpChannel(server.url), clock=clock) as work:
        book.record([begins()], [], NOW)
        work.courier.wake()
        delivered(book, 1)
        book.record([ends(at_us=NOW + HOUR)], [], NOW + HOUR)
        clock.us += HOUR
        work.courier.wake()
        delivered(book, 2)
    trigger, resolve = (request.json() for request in server.requests)
    (firing,) = book.firings().firings

    assert {
        "kind": "trigger",
        "firing_id": firing.id,
        "rule_id": RULE.id,
        "rule_name": "Server errors",
        "severity": "warning",
        "per": "consumer",
        "group": "acme",
        "sentence": "7 exchanges matched in 10 minutes (5 or more)",
        "value": 7.0,
        "threshold": 5.0,
        "window": 600,
        "started_us": NOW,
        "ended_us": None,
        "note": "Look at the deploys.",
        "runbook": "https://runbooks.example.com/5xx",
        "link": f"https://inspector.example.com/alerts?firing={firing.id}",
    } == {name: value for name, value in trigger.items() if name not in ("id", "dedup_key")}
    assert trigger["dedup_key"] == resolve["dedup_key"]
    assert trigger["dedup_key"].startswith(f"otel-bridge/{RULE.id}/")
    assert trigger["id"] != resolve["id"]
    assert ("resolve", NOW + HOUR, 1.0) == (resolve["kind"], resolve["ended_us"], resolve["value"])
    assert resolve["sentence"] == "1 exchange matched in the last 10 minutes (fewer than 5)"
    assert [("slack", Result.DELIVERED)] * 2 == work.outcomes
    assert [("slack", "trigger", "delivered", 1), ("slack", "resolve", "delivered", 1)] == results(book)


def test_retry_says_the_same_and_comes_ever_later(
    book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    server.answer = script([Reply(503)] * 3)
    book.record([begins()], [], NOW)
    due = []
    with working(book, HttpChannel(server.url), clock=clock) as work:
        for tries in range(1, 4):
            server.wait_for(tries)
            eventually(lambda tries=tries: len(work.outcomes) == tries, "the outcome")  # type: ignore[misc]
            eventually(lambda tries=tries: results(book)[0][3] == tries, "it is written down")  # type: ignore[misc]
            begin = clock.us
            while len(server.requests) == tries:
                clock.us += SECOND
                work.courier.wake()
                time.sleep(0.05)
            due.append((clock.us - begin) // SECOND)
        eventually(lambda: work.courier.health()["slack"].delivered == 1, "delivered")
        health = work.courier.health()["slack"]

    assert len({request.body for request in server.requests}) == 1
    assert (None, "ok", 1, 0, 0) == health
    assert [("slack", "trigger", "delivered", 4)] == results(book)
    # 4, 9 and 16 seconds; the clock may run ahead of the courier.
    assert due[0] >= 4
    assert due[1] >= 9
    assert due[2] >= 16


def test_nobody_comes_earlier_than_asked(book: AlertBook, server: VendorServer, clock: Clock) -> None:
    server.answer = script([Reply(503, headers={"Retry-After": "120"})])
    book.record([begins()], [], NOW)
    with working(book, HttpChannel(server.url), clock=clock) as work:
        server.wait_for(1)
        eventually(lambda: bool(work.outcomes), "the outcome")
        clock.us += 119 * SECOND
        book.record([begins(group="another")], [], clock.us)
    with working(book, HttpChannel(server.url), clock=clock) as work:
        delivered(book, 1)
        assert [("trigger", "acme"), ("trigger", "another")] == told(server.requests)
        clock.us += SECOND
        work.courier.wake()
        delivered(book, 2)

    assert [("trigger", "acme"), ("trigger", "another"), ("trigger", "acme")] == told(server.requests)


def test_refused_notification_is_not_tried_again_nor_its_end_told(
    book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    server.answer = script([Reply(404)])
    book.record([begins()], [], NOW)
    with capture_logs() as logs, working(book, HttpChannel(server.url), clock=clock) as work:
        eventually(lambda: work.courier.health()["slack"].failed == 1, "refused")
        health = work.courier.health()["slack"]
        book.record([ends()], [], NOW)
        book.record([begins(group="another")], [], NOW)
        work.courier.wake()
        eventually(lambda: work.courier.health()["slack"].delivered == 1, "delivered")
        recovered = work.courier.health()["slack"]

    assert [("trigger", "acme"), ("trigger", "another")] == told(server.requests)
    assert (NOW, "HTTP 404", 0, 1) == health[:4]
    assert (None, "ok", 1, 1) == recovered[:4]
    assert ["HTTP 404"] == [line["why"] for line in logs if line["event"] == "an alert could not be told"]


def test_dead_channel_delays_no_other_and_is_said(
    book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    server.answer = lambda request: Reply(manner=Manner.HANG)
    book.put(a_rule(channels=("dead", "live")))
    with VendorServer() as live:
        channels = (HttpChannel(server.url, "dead"), HttpChannel(live.url, "live"))
        with working(book, *channels, clock=clock) as work:
            for number in range(20):
                book.record([begins(group=str(number))], [], NOW)
                work.courier.wake()
            delivered(book, 20)
            waiting = {name: health.waiting for name, health in work.courier.health().items()}
            began = time.monotonic()
            work.stop()
            took = time.monotonic() - began

        assert len(live.requests) == 20
    assert len(server.requests) == 1
    assert {"dead": 20, "live": 0} == waiting
    # The channel's own patience is an hour, and the courier's with it a minute.
    assert took < 30.0


def test_notification_that_a_channel_cannot_digest_holds_up_no_other(
    book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    server.answer = lambda request: Reply(500 if request.json()["group"] == "poison" else 200)
    book.record([begins(group="poison"), *(begins(group=str(number)) for number in range(5))], [], NOW)
    with working(book, HttpChannel(server.url), clock=clock) as work:
        server.wait_for(1)
        eventually(lambda: bool(work.outcomes), "the outcome")
        clock.us += 5 * SECOND
        work.courier.wake()
        delivered(book, 5)

    assert [("trigger", "poison"), *(("trigger", str(number)) for number in range(5))] == told(
        server.requests
    )[:6]


def test_end_never_overtakes_its_beginning(book: AlertBook, server: VendorServer, clock: Clock) -> None:
    server.answer = script([Reply(503)])
    book.record([begins()], [], NOW)
    with working(book, HttpChannel(server.url), clock=clock) as work:
        server.wait_for(1)
        eventually(lambda: bool(work.outcomes), "the outcome")
        book.record([ends()], [], NOW)
        book.record([begins(group="other")], [], NOW)
        clock.us += 5 * SECOND
        work.courier.wake()
        delivered(book, 3)

    expected = [("trigger", "acme"), ("trigger", "other"), ("trigger", "acme"), ("resolve", "acme")]
    assert expected == told(server.requests)


def test_next_firing_of_a_group_waits_for_the_end_of_the_last(
    book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    server.answer = script([Reply(), Reply(503)])
    book.record([begins()], [], NOW)
    with working(book, HttpChannel(server.url), clock=clock) as work:
        delivered(book, 1)
        book.record([ends()], [], NOW)
        work.courier.wake()
        server.wait_for(2)
        eventually(lambda: len(work.outcomes) == 2, "the outcome")
        book.record([begins()], [], NOW)
        clock.us += 10 * SECOND
        work.courier.wake()
        delivered(book, 3)

    assert ["trigger", "resolve", "resolve", "trigger"] == [kind for kind, _ in told(server.requests)]


def test_channel_that_left_the_configuration_refuses(book: AlertBook, clock: Clock) -> None:
    book.record([begins()], [], NOW)
    with capture_logs() as logs, working(book, clock=clock):
        eventually(lambda: results(book) == [("slack", "trigger", "refused", 1)], "refused")
    (firing,) = book.firing()

    assert firing.notifications[0].detail == "there is no such channel any more"
    assert [line["channel"] for line in logs] == ["slack"]


def test_notification_is_given_up_after_a_day_of_tries(
    book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    server.answer = lambda request: Reply(503)
    book.record([begins()], [], NOW)
    with capture_logs(), working(book, HttpChannel(server.url), clock=clock) as work:
        server.wait_for(1)
        eventually(lambda: bool(work.outcomes), "the outcome")
        clock.us = NOW + 24 * HOUR
        work.courier.wake()
        eventually(lambda: work.courier.health()["slack"].failed == 1, "given up")
        book.record([ends()], [], clock.us)

    assert {} == book.waiting()
    assert [("slack", "trigger", "given up", 2)] == results(book)


def test_what_waited_longer_than_a_day_while_nobody_ran_is_tried_once(
    book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    book.record([begins()], [], NOW)
    clock.us += 48 * HOUR
    with working(book, HttpChannel(server.url), clock=clock):
        delivered(book, 1)


def test_restart_tells_what_is_left_and_nothing_twice(
    tmp_path: Path, book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    book.record([begins(group=str(number)) for number in range(10)], [], NOW)
    with working(book, HttpChannel(server.url), clock=clock):
        server.wait_for(3)
    with VendorServer() as second:
        reopened = AlertBook(tmp_path / "alerts.db", owner=True)
        reopened.record([begins(group=str(number)) for number in range(10)], [], NOW)
        with working(reopened, HttpChannel(second.url), clock=clock):
            delivered(reopened, 10)
        reopened.close()

        groups = Counter(group for _, group in told([*server.requests, *second.requests]))
    assert {str(number) for number in range(10)} == groups.keys()
    # What was under way when it stopped may have arrived.
    assert groups.total() <= 11


def test_what_another_process_has_put_in_goes_out_too(
    tmp_path: Path, book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    other = AlertBook(tmp_path / "alerts.db")
    with working(book, HttpChannel(server.url), clock=clock):
        other.record([begins()], [], NOW)
        server.wait_for(1)
        delivered(book, 1)
    other.close()


def test_firings_are_renewed_where_the_other_end_forgets_until_they_end(
    book: AlertBook, server: VendorServer, clock: Clock
) -> None:
    book.record([begins(group="a"), begins(group="b")], [], NOW)
    with working(book, HttpChannel(server.url, renews=True), clock=clock) as work:
        delivered(book, 2)
        clock.us += 60 * SECOND
        work.courier.wake()
        server.wait_for(4)
        book.record([ends(group="a")], [], clock.us)
        work.courier.wake()
        delivered(book, 3)
        eventually(lambda: work.courier.health()["slack"].delivered == 3, "all counted")

        def renewed() -> bool:
            """The minute begins when the courier is done with the last round, which nobody sees."""
            clock.us += 60 * SECOND
            work.courier.wake()
            return len(server.requests) >= 6

        eventually(renewed, "the next round")
    requests = server.requests[:6]

    again = [("trigger", "a"), ("trigger", "b")]
    assert [*again, *again, ("resolve", "a"), ("trigger", "b")] == told(requests)
    assert len({request.json()["id"] for request in requests}) == 3
    assert len(work.outcomes) == 3


class Clumsy:
    """Breaks its promise."""

    name = "slack"
    renews = False

    async def send(self, notification: Notification) -> Outcome:
        raise ZeroDivisionError("routing key: s3cret")

    async def close(self) -> None:
        pass


def test_channel_that_raises_is_tried_again_and_its_error_kept_out_of_history(
    book: AlertBook, clock: Clock
) -> None:
    book.record([begins()], [], NOW)
    with capture_logs(), working(book, Clumsy(), clock=clock) as work:
        eventually(lambda: work.outcomes == [("slack", Result.RETRY)], "a retry")
        eventually(lambda: "ZeroDivisionError" in book.firing()[0].notifications[0].detail, "why")

    assert "s3cret" not in repr(book.firing())


def test_courier_stops_before_it_ran(book: AlertBook, clock: Clock) -> None:
    with working(book, clock=clock) as work:
        work.stop()
        work.stop()
