"""Receivers before the real journal."""

from __future__ import annotations

import time
from pathlib import Path

from otel_bridge.journal import Cursor, Journal
from tests import recordings
from tests.loops import LIMIT, BackgroundLoop
from tests.receiver.running import Receivers, fresh_request

KIB = 1024


def test_what_was_acknowledged_is_there_after_a_restart(loop: BackgroundLoop, tmp_path: Path) -> None:
    bodies = recordings.payloads("kong-3.9-forwarded-client")
    journal = Journal.open(tmp_path, max_size=64 * KIB * KIB, min_free=0)
    with Receivers(loop, journal=journal) as receivers:
        statuses = [receivers.post(body).status_code for body in bodies + bodies]
    journal.close()
    reopened = Journal.open(tmp_path, max_size=64 * KIB * KIB, min_free=0)
    records = reopened.read(reopened.start(), limit_bytes=64 * KIB * KIB)
    reopened.close()

    assert [200] * len(statuses) == statuses
    assert len(bodies) == len(records)


def test_a_full_journal_refuses_and_accepts_again_once_it_is_settled(
    loop: BackgroundLoop, tmp_path: Path
) -> None:
    journal = Journal.open(tmp_path, max_size=1000 * KIB, min_free=0, segment_size=200 * KIB)
    journal.register("galileo", journal.start())
    with Receivers(loop, journal=journal) as receivers:
        statuses: list[int] = []
        while 503 not in statuses:
            assert len(statuses) < 1000
            statuses.append(receivers.post(fresh_request(filler=20_000)).status_code)
        waiting = fresh_request(filler=20_000)
        refused = receivers.post(waiting)
        journal.commit("galileo", Cursor(journal.end()))
        deadline = time.monotonic() + LIMIT
        while (accepted := receivers.post(waiting)).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.01)

        assert {200, 503} == set(statuses)
        assert (503, "5") == (refused.status_code, refused.headers["retry-after"])
        assert 200 == accepted.status_code
        assert receivers.refused("journal_full") >= 2
    journal.close()
