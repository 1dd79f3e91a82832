"""Every recording of a real Kong, through the Collector to the bridge and on to both destinations."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import chain
from typing import NamedTuple

import pytest

from tests.bridge import Bridge, eventually
from tests.collector.conftest import TRANSPORTS, before
from tests.collector.gateway import Gateway
from tests.end_to_end.conftest import Wired, entries, exporters, messages
from tests.end_to_end.test_recordings import UNCHECKED, expected, has_balancer
from tests.end_to_end.traffic import Call, paths, replayed, request
from tests.end_to_end.truth import differences
from tests.recordings import WITH_TRUTH
from tests.vendor_server import VendorServer

pytestmark = pytest.mark.field

MIB = 1 << 20


class Pipeline(NamedTuple):
    gateway: Gateway
    wired: Wired


@pytest.fixture(scope="module", params=TRANSPORTS)
def pipeline(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pipeline]:
    """One for all tests; the bridge masks nothing, so what is masked was masked by the Collector."""
    directory = tmp_path_factory.mktemp("pipeline")
    with ExitStack() as stack:
        galileo, runscope = stack.enter_context(VendorServer()), stack.enter_context(VendorServer())
        sections = {"exporters": exporters(galileo, runscope), "redaction": {"defaults": False}}
        bridge = stack.enter_context(Bridge(directory, **sections))
        gateway = stack.enter_context(before(bridge, request.param, directory, KEEP_ENCODED_BODIES="yes"))
        yield Pipeline(gateway, Wired(bridge, galileo, runscope))


@pytest.mark.parametrize("name", WITH_TRUTH)
def test_each_exchange_arrives_once_and_true(pipeline: Pipeline, name: str) -> None:
    gateway, wired = pipeline
    wired.galileo.forget()
    wired.runscope.forget()
    requests, ids = replayed(name)
    statuses = {gateway.post(body).status_code for body in requests}
    wanted = expected(name)
    count = len(wanted) + 6 * (name == "kong-3.9-invalid-utf8")  # its batches say no trace ids
    eventually(
        lambda: len(entries(wired.galileo)) >= count and len(messages(wired.runscope)) >= count,
        f"{count} exchanges at both destinations",
    )

    assert {200} == statuses
    assert (count, count) == (len(entries(wired.galileo)), len(messages(wired.runscope)))
    by_trace = {entry["_otel"]["traceId"]: entry for entry in entries(wired.galileo)}
    for scenario in wanted:
        entry = by_trace[ids[bytes.fromhex(scenario["trace_id"])].hex()]
        if scenario["name"] not in UNCHECKED:
            assert [] == list(differences(name, scenario, entry)), scenario["name"]


def test_helper_spans_that_come_before_their_root_find_it(pipeline: Pipeline) -> None:
    gateway, wired = pipeline
    wired.galileo.forget()
    requests, _ = replayed("kong-3.9-split-traces")
    swapped = chain.from_iterable(zip(requests[1::2], requests[::2], strict=False))
    rest = requests[-1:] if len(requests) % 2 else []
    for body in (*swapped, *rest):
        assert gateway.post(body).status_code == 200
    eventually(lambda: len(entries(wired.galileo)) >= 600, "600 exchanges")

    arrived = entries(wired.galileo)
    assert 600 == len(arrived) == len({entry["_otel"]["spanId"] for entry in arrived})
    assert all(has_balancer(entry) for entry in arrived if entry["response"]["status"] < 400)


def test_a_batch_just_below_the_limit_arrives_whole(pipeline: Pipeline) -> None:
    gateway, wired = pipeline
    wired.galileo.forget()
    names = paths(31, "large-")
    body = {"http.response.body.content": "x" * (2 * MIB)}
    batch = request(*(Call(path, attributes=body) for path in names))
    gateway.call(batch)
    eventually(lambda: len(entries(wired.galileo)) >= len(names), "all of them", 60)

    assert 62 * MIB < len(batch) < 64 * MIB
    assert {2 * MIB} == {entry["response"]["bodySize"] for entry in entries(wired.galileo)}
    assert 0 == gateway.logged("not retryable")


def test_a_batch_above_the_limit_is_not_acknowledged(pipeline: Pipeline) -> None:
    body = {"http.response.body.content": "x" * (33 * MIB)}
    answer = pipeline.gateway.post(request(*(Call(path, attributes=body) for path in paths(2))))

    assert answer.status_code in {400, 413}
