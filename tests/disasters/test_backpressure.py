"""A bridge that refuses or is away, and Kong before it, whose patience is 60 s and 10,000 spans."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import grpc
import httpx
import pytest
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from tests.bridge import PROTOBUF, Bridge, eventually
from tests.disasters.kong import KongWorker, Queue, SimulatedTime
from tests.disasters.ports import fixed_ports
from tests.end_to_end.collector import Collector, always, well
from tests.end_to_end.conftest import galileo_section
from tests.end_to_end.traffic import EXPORT, Call, request
from tests.loops import LIMIT
from tests.vendor_server import Reply

DOWN = always(Reply(503))
LARGE = {"http.request.body.content": "x" * 50_000}
RATE = 20
"""Requests a second, each with one span: `tracing_instrumentations = request`."""
OUTAGE = 80.0
BEFORE = 5.0
AFTER = 90.0
"""Seconds from the end of an outage until Kong's longest wait is over for certain."""


# The simulation against what was observed of Kong.


def refused(_: bytes) -> int:
    return 503


def encoded(batch: object) -> bytes:
    return repr(batch).encode()


def test_kong_tries_fourteen_times_in_82_seconds_and_gives_up() -> None:
    time = SimulatedTime()
    kong = KongWorker[str](time, post=refused, encode=encoded)
    kong.offer("span")
    time.sleep(83)

    assert ["span"] == kong.given_up
    assert [0.0, 0.01, 0.03, 0.07, 0.15, 0.31, 0.63, 1.27, 2.55, 5.11, 10.23, 20.47, 40.95, 81.91] == [
        pytest.approx(attempt - 1.0) for attempt in kong.attempts
    ]


def test_kong_sends_the_same_bytes_again() -> None:
    bodies: list[bytes] = []
    time = SimulatedTime()

    def post(body: bytes) -> int:
        bodies.append(body)
        return 200 if len(bodies) == 5 else 202

    kong = KongWorker[str](time, post=post, encode=lambda batch: b"%d" % id(object()) + encoded(batch))
    kong.offer("span")
    time.sleep(60)

    assert 5 == len(bodies)
    assert 1 == len(set(bodies))


def test_kong_drops_the_oldest_when_too_many_wait() -> None:
    time = SimulatedTime()
    kong = KongWorker[int](time, post=refused, encode=encoded, queue=Queue(max_entries=3))
    for number in range(5):
        kong.offer(number)

    assert [0, 1] == kong.dropped
    assert 3 == kong.waiting


def test_a_busy_kong_posts_full_batches_back_to_back() -> None:
    sizes: list[int] = []
    time = SimulatedTime()

    def encode(batch: Any) -> bytes:
        sizes.append(len(batch))
        return b""

    kong = KongWorker[int](time, post=lambda _: 200, encode=encode)
    for number in range(500):
        kong.offer(number)
    time.sleep(1.0)
    soon = list(sizes)
    time.sleep(1.0)

    assert [200, 200] == soon
    assert [200, 200, 100] == sizes


# Kong before the real bridge.


class Site(NamedTuple):
    """The bridge, before its destination, and with the sections of its configuration."""

    bridge: Bridge
    galileo: Collector
    sections: dict[str, Any]
    client: httpx.Client

    def accepts(self, call: Call) -> bool:
        return self.bridge.post(request(call)).status_code == 200

    def limit(self, **bounds: Any) -> None:
        """Reload with other bounds of the journal."""
        self.bridge.reload(**self.sections | {"journal": self.sections["journal"] | bounds})


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    ports = fixed_ports()
    del ports["inspector"]
    journal = {"directory": str(tmp_path / "state"), "max_size": "2MiB", "min_free": 0}
    with Collector() as galileo:
        sections = {**ports, "journal": journal, "exporters": {"galileo": galileo_section(galileo)}}
        with Bridge(tmp_path, **sections) as bridge, httpx.Client(timeout=5, headers=PROTOBUF) as client:
            yield Site(bridge, galileo, sections, client)


class Gateway:
    """A Kong worker with steady traffic to the bridge of a site."""

    def __init__(self, site: Site, name: str = "kong", *, queue: Queue | None = None) -> None:
        self._name = name
        self.time = SimulatedTime()
        self.offered: list[str] = []
        self.statuses: list[int | None] = []
        """What the bridge answered."""
        self._client = site.client
        self._url = site.bridge.address("OTLP/HTTP")
        self.kong = KongWorker[Call](
            self.time, post=self.post, encode=lambda calls: request(*calls), queue=queue
        )

    def post(self, body: bytes) -> int | None:
        try:
            status: int | None = self._client.post(self._url, content=body).status_code
        except httpx.TransportError:
            status = None
        self.statuses.append(status)
        return status

    def expect(self, seconds: float) -> None:
        """Its clients will send for so many *seconds*."""
        for number in range(int(seconds * RATE)):
            self.time.at(number / RATE, self._offer)

    def _offer(self) -> None:
        self.offered.append(f"/{self._name}-{len(self.offered):06d}")
        self.kong.offer(Call(self.offered[-1]))


class Outage(NamedTuple):
    begin: Callable[[Site], None]
    end: Callable[[Site], None]
    status: int | None
    """What Kong sees meanwhile."""
    repeats: bool = False
    """Whether something may be delivered twice: what was, a moment before a kill."""


def fill(site: Site) -> None:
    """Let the destination go, and send until the journal takes nothing any more."""
    site.galileo.trouble = DOWN
    while site.accepts(Call("/large", attributes=LARGE)):
        pass


def make_room(site: Site) -> None:
    site.galileo.trouble = well
    eventually(lambda: site.bridge.metric("journal_backlog_records") == 0, "what filled it is delivered")
    eventually(lambda: site.accepts(Call("/large", attributes=LARGE)), "there is room again")


def start(site: Site) -> None:
    site.bridge.start()


def stop(site: Site) -> None:
    site.bridge.stop()


OUTAGES = {
    "stopped": Outage(stop, start, None),
    "killed": Outage(lambda site: site.bridge.kill(), start, None, repeats=True),
    "journal full": Outage(fill, make_room, 503),
    "min_free reached": Outage(lambda site: site.limit(min_free="1000TiB"), lambda site: site.limit(), 503),
}

IN_THE_FIELD = {"killed", "stopped"}


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=pytest.mark.field) if name in IN_THE_FIELD else name for name in OUTAGES],
)
def test_an_outage_shorter_than_kong_s_patience_loses_and_repeats_nothing(site: Site, name: str) -> None:
    outage = OUTAGES[name]
    gateway = Gateway(site)
    gateway.expect(BEFORE + OUTAGE + 10)
    gateway.time.at(BEFORE, lambda: outage.begin(site))
    gateway.time.at(BEFORE + OUTAGE, lambda: outage.end(site))
    gateway.time.sleep(BEFORE + OUTAGE + AFTER)
    eventually(lambda: set(gateway.offered) <= set(site.galileo.taken), "all that Kong's clients did")
    delivered = Counter(site.galileo.taken)

    assert outage.status in gateway.statuses
    assert ([], [], 0) == (gateway.kong.dropped, gateway.kong.given_up, gateway.kong.waiting)
    assert outage.repeats or 1 == max(delivered[path] for path in gateway.offered)


@pytest.mark.field
def test_an_outage_of_five_minutes_needs_the_bounds_that_the_docs_name(site: Site) -> None:
    outage = 300.0
    patient = Queue(max_retry_time=300, max_entries=330 * RATE)
    gateways = {"default": Gateway(site, "default"), "patient": Gateway(site, "patient", queue=patient)}
    for gateway in gateways.values():
        gateway.expect(BEFORE + outage + 30)
    gateways["default"].time.at(BEFORE, site.bridge.kill)
    gateways["default"].time.sleep(BEFORE + outage)
    site.bridge.start()
    gateways["patient"].time.sleep(BEFORE)
    site.bridge.kill()
    gateways["patient"].time.sleep(outage)
    site.bridge.start()
    for gateway in gateways.values():
        gateway.time.sleep(AFTER)
    eventually(lambda: set(gateways["patient"].offered) <= set(site.galileo.taken), "all of the patient one")

    assert gateways["default"].kong.given_up
    assert ([], []) == (gateways["patient"].kong.dropped, gateways["patient"].kong.given_up)


def test_answers_that_never_reach_kong_do_not_make_exchanges_count_twice(site: Site) -> None:
    class Deaf(Gateway):
        """Four of five answers come later than Kong waits."""

        def post(self, body: bytes) -> int | None:
            status = super().post(body)
            return status if len(self.statuses) % 5 == 0 else None

    gateway = Deaf(site)
    gateway.expect(20)
    gateway.time.sleep(60)
    eventually(lambda: len(site.galileo.taken) >= len(gateway.offered), "all of it")

    assert Counter(gateway.offered) == Counter(site.galileo.taken)
    assert {200} == set(gateway.statuses)
    assert len(gateway.statuses) * 4 / 5 == site.bridge.metric("receiver_duplicate_requests_total")
    assert [] == gateway.kong.given_up


def test_a_dead_destination_refuses_nobody_until_a_bound_is_reached(site: Site) -> None:
    site.galileo.trouble = DOWN
    with grpc.insecure_channel(site.bridge.address("OTLP/gRPC")) as channel:
        export = channel.unary_unary(EXPORT)
        for number in range(10):
            assert site.accepts(Call(f"/http-{number}"))
            export(request(Call(f"/grpc-{number}")), timeout=LIMIT)
        refusals = site.bridge.metric("receiver_refused_requests_total")
        fill(site)
        with pytest.raises(grpc.RpcError) as caught:
            export(request(Call("/refused", attributes=LARGE)), timeout=LIMIT)
        answer = site.bridge.post(request(Call("/refused", attributes=LARGE)))
    status = Status.FromString(dict(caught.value.trailing_metadata())["grpc-status-details-bin"])
    info = RetryInfo()

    assert 0 == refusals
    assert grpc.StatusCode.UNAVAILABLE == caught.value.code()
    assert status.details[0].Unpack(info)
    assert 5 == info.retry_delay.seconds
    assert (503, "5") == (answer.status_code, answer.headers["retry-after"])
