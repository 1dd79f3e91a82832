"""The live tail over a real connection."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, NamedTuple

import httpx
import orjson
import pytest

from otel_bridge.formats import alf
from otel_bridge.inspector.api.live import MOST_READERS, MOST_ROWS
from tests.bridge import eventually
from tests.inspector.pages.inspector import Inspector
from tests.inspector.pages.program import ADMIN, VIEWER
from tests.inspector.pages.test_traffic import an_entry
from tests.loops import LIMIT


class Event(NamedTuple):
    kind: str
    id: str
    data: Any


class Stream:
    """What one reader hears."""

    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self._lines = answer.iter_lines()

    def next(self) -> Event:
        """The next event; comments that keep the connection alive are left out."""
        told: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(":")
            if name:
                told[name] = value.removeprefix(" ")
            elif not line and "data" in told:
                return Event(told["event"], told.get("id", ""), json.loads(told["data"]))
        raise EOFError


@contextmanager
def looking_on(inspector: Inspector, q: str = "", **headers: str) -> Iterator[Stream]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    own = {"authorization": f"Bearer {VIEWER}", **named}
    with httpx.stream(
        "GET", f"{inspector.url}/api/live", params={"q": q}, headers=own, timeout=LIMIT
    ) as answer:
        yield Stream(answer)


def post(inspector: Inspector, service: str, *paths: str) -> None:
    entries = [orjson.dumps(an_entry(path, service=service)) for path in paths]
    inspector.post_alf(alf.document(entries, service_token="t", environment=None))


def numbered(count: int) -> list[str]:
    return [f"/{number}" for number in range(count)]


def test_what_matches_is_told_as_it_arrives(inspector: Inspector) -> None:
    with looking_on(inspector, "service:live-rows path:/wanted*") as stream:
        post(inspector, "live-rows", "/wanted/1", "/unwanted", "/wanted/2")
        event = stream.next()

    found = inspector.get("/api/search", q="service:live-rows path:/wanted*")["rows"]
    assert ("rows", ["/wanted/1", "/wanted/2"]) == (event.kind, [row["path"] for row in event.data])
    assert {row["id"] for row in found} == {row["id"] for row in event.data}
    assert str(max(row["started"] for row in event.data)) == event.id


def test_what_is_sent_again_is_told_once(inspector: Inspector) -> None:
    twice = an_entry("/twice", service="live-twice", traceId="ab" * 16, spanId="cd" * 8)
    with looking_on(inspector, "service:live-twice") as stream:
        for path in ("/twice", "/twice", "/last"):
            inspector.post_entry(twice if path == "/twice" else an_entry(path, service="live-twice"))
        heard: list[str] = []
        while "/last" not in heard:
            heard += [row["path"] for row in stream.next().data]

    assert ["/twice", "/last"] == heard


def test_who_can_not_follow_is_told_how_much_was_left_out(inspector: Inspector) -> None:
    paths = numbered(MOST_ROWS + 300)
    with looking_on(inspector, "service:live-gap") as stream:
        post(inspector, "live-gap", *paths)
        gap, rows = stream.next(), stream.next()

    assert ("gap", {"left_out": 300}) == (gap.kind, gap.data)
    assert paths[300:] == [row["path"] for row in rows.data]


def test_who_comes_back_hears_what_came_meanwhile(inspector: Inspector) -> None:
    with looking_on(inspector, "service:live-back") as stream:
        post(inspector, "live-back", "/before")
        last = stream.next().id
    post(inspector, "live-back", "/meanwhile")
    with looking_on(inspector, "service:live-back", last_event_id=last) as stream:
        missed = stream.next()
        post(inspector, "live-back", "/after")
        after = stream.next()

    # A little of what was heard already comes again: pages know it by its id.
    assert ["/before", "/meanwhile"] == [row["path"] for row in missed.data]
    assert ["/after"] == [row["path"] for row in after.data]


def test_who_comes_back_late_is_told_how_much_is_not_shown(inspector: Inspector) -> None:
    post(inspector, "live-late", *numbered(MOST_ROWS + 50))
    since = str((time.time_ns() // 1000) - 60_000_000)
    with looking_on(inspector, "service:live-late", last_event_id=since) as stream:
        gap, rows = stream.next(), stream.next()

    assert {"left_out": 50} == gap.data
    assert MOST_ROWS == len(rows.data)


@pytest.mark.parametrize(
    ("q", "last_event_id", "status"),
    [("status:", "", 400), ("", "-1", 400), ("", "9" * 40, 400), ("", "x", 400)],
)
def test_what_can_not_be_followed_is_refused_at_once(
    inspector: Inspector, q: str, last_event_id: str, status: int
) -> None:
    headers = {"last_event_id": last_event_id} if last_event_id else {}
    with looking_on(inspector, q, **headers) as stream:
        assert status == stream.status


def test_so_many_may_look_on_and_no_more(empty_inspector: Inspector) -> None:
    with ExitStack() as readers:
        for _ in range(MOST_READERS):
            reader = readers.enter_context(looking_on(empty_inspector))
            assert reader.status == 200
        with looking_on(empty_inspector) as one_more:
            assert 503 == one_more.status

    def admitted() -> bool:
        with looking_on(empty_inspector) as stream:
            return stream.status == 200

    eventually(admitted, "there is room again once they have left")


def test_the_end_of_the_inspector_ends_the_stream_well(empty_inspector: Inspector) -> None:
    with looking_on(empty_inspector) as stream:
        post(empty_inspector, "last", "/last")

        assert ["/last"] == [row["path"] for row in stream.next().data]
        assert 0 == empty_inspector.stop()
        with pytest.raises(EOFError):  # not the error of an answer that is cut off
            stream.next()
    assert "Traceback" not in empty_inspector.log()
    assert ADMIN not in empty_inspector.log()
