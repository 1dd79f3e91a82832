"""The demo's traffic: what is in it, its pace, and how it reaches a receiver."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files

import pytest

from otel_bridge.demo.player import VISITS, Played, cues, play, traffic
from otel_bridge.mapping import spot
from otel_bridge.otlp.messages import TraceRequest

NOW = 1_900_000_000.0


class Receiver(ThreadingHTTPServer):
    """Takes what is posted and answers with the next of `statuses`, then with 200."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.posted: list[tuple[str, Message, bytes]] = []
        self.statuses: list[int] = []
        self.url = f"http://127.0.0.1:{self.server_port}/v1/traces"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, self.headers, body))
        self.send_response(self.server.statuses.pop(0) if self.server.statuses else 200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _play(receiver: Receiver) -> Played:
    return asyncio.run(play(receiver.url, duration=1.5, rate=60, rng=random.Random(1), clock=lambda: NOW))


def test_every_recording_is_visited_and_every_visit_recorded() -> None:
    visited = {name for _, names in VISITS for name in names}

    assert visited == set(traffic())


def test_every_recording_is_one_exchange_but_the_one_kong_had_no_span_for() -> None:
    folder = files("otel_bridge.demo") / "traffic"
    found = {file.name: spot(file.read_bytes()).exchanges for file in folder.iterdir()}

    assert {"bad-request-line.pb"} == {name for name, exchanges in found.items() if not exchanges}
    assert {0, 1} == {len(exchanges) for exchanges in found.values()}


def test_the_traffic_stays_small_enough_for_a_package() -> None:
    folder = files("otel_bridge.demo") / "traffic"

    assert sum(len(file.read_bytes()) for file in folder.iterdir()) < 300_000


def test_the_pace_is_the_rate_in_the_mean_and_never_goes_back() -> None:
    times = [cue.at for cue in cues(duration=1000, rate=20, rng=random.Random(7))]

    assert 0 == times[0]
    assert times == sorted(times)
    assert times[-1] < 1000
    assert 20_000 == pytest.approx(len(times), rel=0.05)


def test_the_same_chance_gives_the_same_play() -> None:
    one, other = ([*cues(duration=60, rate=10, rng=random.Random(3))] for _ in range(2))

    assert one == other
    assert len({cue.name for cue in one}) > 20


def test_a_receiver_gets_what_a_kong_sends(receiver: Receiver) -> None:
    played = _play(receiver)

    assert played.requests == len(receiver.posted) > 1
    assert 0 == played.refused
    for path, headers, body in receiver.posted:
        assert "/v1/traces" == path
        assert {
            "host": receiver.url.split("/")[2],
            "content-length": str(len(body)),
            "content-type": "application/x-protobuf",
            "user-agent": "lua-resty-http/0.17.2 (Lua) ngx_lua/10026",
        } == {name.lower(): value for name, value in headers.items()}


def test_no_two_requests_share_a_trace_and_all_end_now(receiver: Receiver) -> None:
    played = _play(receiver)
    traces, ends = [], set()
    for _, _, body in receiver.posted:
        spans = [
            span
            for resource_spans in TraceRequest.FromString(body).resource_spans
            for scope_spans in resource_spans.scope_spans
            for span in scope_spans.spans
        ]
        traces.append({span.trace_id for span in spans})
        ends.add(max(span.end_time_unix_nano for span in spans))

    assert len(traces) == len(set().union(*traces))
    assert {int(NOW * 1e9)} == ends
    assert played.exchanges == sum(len(spot(body).exchanges) for _, _, body in receiver.posted)


def test_a_refusal_is_counted_and_play_goes_on(receiver: Receiver) -> None:
    receiver.statuses = [503, 202]
    played = _play(receiver)

    assert 2 == played.refused
    assert len(receiver.posted) == played.requests + 2


def test_an_unreachable_receiver_is_counted_and_play_ends_in_time() -> None:
    seen: list[Played] = []
    played = asyncio.run(
        play(
            "http://127.0.0.1:1/v1/traces",
            duration=0.1,
            rate=100,
            rng=random.Random(1),
            progress=seen.append,
        )
    )

    assert (0, 0) == (played.requests, played.exchanges)
    assert seen[-1] == played
    assert list(range(1, played.refused + 1)) == [each.refused for each in seen]
