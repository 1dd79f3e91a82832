"""What of the traffic goes where, and what never gets into the journal."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.bridge import Bridge, eventually
from tests.end_to_end.collector import Collector, always
from tests.end_to_end.conftest import entries, exporters, galileo_section
from tests.end_to_end.traffic import Call, replayed, request
from tests.files import contents
from tests.vendor_server import Reply, VendorServer

SECRET = "c4nary-which-nobody-may-see"
SEEN = "plain-text-which-everybody-may-see"


def test_traces_that_kong_split_keep_their_timings_though_two_fill_a_batch(tmp_path: Path) -> None:
    requests, _ = replayed("kong-3.9-split-traces")
    roots, balanced, split = anatomy(requests)
    with (
        Collector() as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo, queue_size=2)}) as bridge,
    ):
        for each in requests:
            bridge.post(each)
        eventually(lambda: len(galileo.taken) >= len(roots), "all exchanges")
        arrived = entries(galileo)

        assert 600 == len(roots)
        assert Counter(roots) == Counter(entry["_otel"]["spanId"] for entry in arrived)
        assert split
        assert balanced == {
            entry["_otel"]["spanId"]
            for entry in arrived
            if any(span["name"] == "kong.balancer" for span in entry["_otel"].get("spans", ()))
        }
        waits = {entry["_otel"]["spanId"]: entry["timings"] for entry in arrived}
        assert all(waits[span]["send"] > 0 and waits[span]["wait"] < sum_of(waits[span]) for span in balanced)


def sum_of(timings: dict[str, float]) -> float:
    return timings["send"] + timings["wait"] + timings["receive"]


def anatomy(requests: Sequence[bytes]) -> tuple[list[str], set[str], set[str]]:
    """Span ids of Kong's roots, of those with a balancer span, and of those that have it elsewhere."""
    roots: dict[str, int] = {}
    balancers: dict[str, set[int]] = defaultdict(set)
    for number, each in enumerate(requests):
        for resource in ExportTraceServiceRequest.FromString(each).resource_spans:
            for span in (span for scope in resource.scope_spans for span in scope.spans):
                if span.name == "kong":
                    roots[span.span_id.hex()] = number
                elif span.name == "kong.balancer":
                    balancers[span.parent_span_id.hex()].add(number)
    split = {root for root, number in roots.items() if balancers[root] - {number}}
    return list(roots), {root for root in roots if balancers[root]}, split


def test_exporters_of_one_type_share_the_exchanges_by_service(tmp_path: Path) -> None:
    with Collector() as orders, Collector() as users:
        sections = {
            "galileo/orders": galileo_section(orders, apply_to={"service": "orders"}),
            "galileo/users": galileo_section(users, apply_to={"service": ["users", "people"]}),
        }
        with Bridge(tmp_path, exporters=sections) as bridge:
            calls = [Call(f"/{name}", service=name) for name in ("orders", "users", "people", "else")]
            bridge.post(request(*calls))
            eventually(lambda: len(orders.taken) + len(users.taken) >= 3, "what somebody takes")
            eventually(lambda: bridge.metric("journal_backlog_records") == 0, "the record is settled")

            assert ["/orders"] == orders.taken
            assert ["/people", "/users"] == sorted(users.taken)
            assert 1 == bridge.metric("exchanges_untaken_total")
            assert 4 == bridge.metric("exchanges_mapped_total")


def test_bodies_that_nobody_wants_never_enter_the_journal(tmp_path: Path) -> None:
    with (
        Collector(always(Reply(503))) as galileo,
        Bridge(tmp_path, exporters={"galileo": galileo_section(galileo, log_bodies=False)}) as bridge,
    ):
        bridge.post(request(Call(f"/{SEEN}", attributes={"http.request.body.content": SECRET})))

        assert journaled(bridge, SEEN)
        assert not journaled(bridge, SECRET)


def test_a_secret_is_on_no_disk_at_no_destination_and_in_no_output(tmp_path: Path) -> None:
    secrets = {
        "http.request.header.authorization": f"Bearer {SECRET}",
        "http.response.header.set-cookie": f"session={SECRET}",
        "http.request.body.content": f'{{"user": "{SEEN}", "password": "{SECRET}"}}',
        "http.response.body.content": f"<token>{SECRET}</token>",
        "url.query": f"access_token={SECRET}&page={SEEN}",
    }
    with VendorServer() as galileo, VendorServer() as runscope:
        with Bridge(tmp_path, exporters=exporters(galileo, runscope)) as bridge:
            bridge.post(request(Call("/", attributes=secrets)))
            sent = [*galileo.wait_for(1), *runscope.wait_for(1)]
            on_disk = journaled(bridge, SECRET)
            bridge.stop()

        assert not on_disk
        assert not journaled(bridge, SECRET)
        assert not journaled(bridge, "galileo-token")
        assert journaled(bridge, SEEN)
        assert [] == [each for each in sent if SECRET.encode() in each.body]
        assert SECRET not in "".join(bridge.output)
        assert "galileo-token" not in "".join(bridge.output)


def journaled(bridge: Bridge, text: str) -> bool:
    """Whether *text* is in any file of the journal."""
    return any(text.encode() in content for _, content in contents(bridge.directory / "state"))
