"""When a channel is tried again."""

from __future__ import annotations

import pytest

from otel_bridge.inspector.alerts.lane import RENEWAL_US, ChannelHealth, Lane
from otel_bridge.inspector.alerts.notification import Outcome, Result
from tests.inspector.alerts.books import NOW, SECOND

DELIVERED = Outcome(Result.DELIVERED, "ok")
RETRY = Outcome(Result.RETRY, "busy")
REFUSED = Outcome(Result.REFUSED, "no such hook")


def a_lane(*, jitter: float = 1.0, renews: bool = False) -> Lane:
    return Lane(renews=renews, jitter=lambda: jitter, now_us=NOW)


@pytest.mark.parametrize(
    ("tries", "jitter", "asked", "seconds"),
    [
        (1, 1.0, None, 4),
        (2, 1.0, None, 9),
        (3, 1.0, None, 16),
        (16, 1.0, None, 289),
        (17, 1.0, None, 300),
        (10_000, 1.0, None, 300),
        (1, 0.0, None, 2),
        (17, 0.0, None, 150),
        (1, 1.0, 0.0, 4),
        (1, 1.0, 60.0, 60),
        (20, 1.0, 60.0, 300),
        (20, 1.0, 3600.0, 3600),
    ],
)
def test_failure_is_tried_again_later_and_later(
    tries: int, jitter: float, asked: float | None, seconds: int
) -> None:
    again_us = a_lane(jitter=jitter).tried(RETRY._replace(after=asked), tries, NOW)

    assert NOW + seconds * SECOND == again_us


def test_channel_that_takes_nothing_is_tried_ever_more_rarely() -> None:
    lane, now, waits = a_lane(), NOW, []
    for _ in range(20):
        lane.tried(RETRY, 1, now)
        begin = now
        while not lane.is_free(now):
            now += SECOND
        waits.append((now - begin) // SECOND)

    assert [4, 9, 16, 25] == waits[:4]
    assert [300, 300, 300] == waits[-3:]


def test_poison_comes_ever_more_rarely_while_others_are_delivered() -> None:
    lane, due = a_lane(), []
    for tries in range(1, 6):
        due.append((lane.tried(RETRY, tries, NOW) - NOW) // SECOND)
        assert not lane.is_free(NOW + 3 * SECOND)
        assert lane.is_free(NOW + 4 * SECOND)
        lane.tried(DELIVERED, 1, NOW)

    assert [4, 9, 16, 25, 36] == due


def test_refusal_holds_up_nothing_but_is_said() -> None:
    lane = a_lane()
    lane.tried(REFUSED, 1, NOW)
    lane.settled(REFUSED)
    lane.tried(RETRY, 1, NOW + SECOND)

    assert ChannelHealth(NOW, "busy", delivered=0, failed=1, waiting=7) == lane.health(7)
    lane.tried(DELIVERED, 2, NOW + 2 * SECOND)
    lane.settled(DELIVERED)
    assert ChannelHealth(None, "ok", delivered=1, failed=1, waiting=0) == lane.health(0)


def test_renewal_has_its_time_and_only_where_it_is_needed() -> None:
    lane = a_lane(renews=True)

    assert not lane.has_to_renew(NOW + RENEWAL_US - 1)
    assert lane.has_to_renew(NOW + RENEWAL_US)
    assert not a_lane().has_to_renew(NOW + RENEWAL_US)
    lane.renewed = 5
    lane.renewed_all(NOW + RENEWAL_US)
    assert lane.renewed == 0
    assert not lane.has_to_renew(NOW + 2 * RENEWAL_US - 1)
    lane.busy = True
    assert not lane.has_to_renew(NOW + 2 * RENEWAL_US)
