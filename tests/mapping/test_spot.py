from __future__ import annotations

import pytest

from otel_bridge.mapping import SpanAddress, spot
from tests.mapping.spans import TRACE, Attributes, Batch, SpanOf, kong, request

GET: Attributes = {"http.method": "GET"}
ROOT = SpanOf(GET, name="kong", span_id=b"root-one")


def helper(
    name: str,
    span_id: bytes,
    parent: bytes = b"root-one",
    *,
    kind: int = 1,
    start: float = 0,
    end: float = 10,
    trace_id: bytes = TRACE,
) -> SpanOf:
    return SpanOf(
        {}, name=name, kind=kind, span_id=span_id, parent=parent, trace_id=trace_id, start=start, end=end
    )


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (0, "unspecified"),
        (1, "internal"),
        (2, "not_http"),
        (3, "client"),
        (4, "producer"),
        (5, "consumer"),
        (77, "unspecified"),
    ],
)
def test_spans_that_are_no_exchange_are_counted_by_reason(kind: int, reason: str) -> None:
    attributes: Attributes = {"rpc.system": "grpc"} if kind == 2 else GET

    spotted = spot(request(Batch([SpanOf(attributes, kind=kind)])))

    assert ([], [], {reason: 1}, {}) == spotted


def test_of_kongs_spans_only_the_root_is_an_exchange() -> None:
    spans = [
        ROOT,
        helper("kong.router", b"helper-1"),
        helper("kong.access.plugin.oidc", b"helper-2"),
        SpanOf(
            {"http.method": "POST", "http.url": "http://idp/token", "http.status_code": 200},
            name="kong.internal.request",
            kind=3,
            span_id=b"helper-3",
            parent=b"helper-2",
        ),
        helper("kong.balancer", b"helper-4", kind=3),
        SpanOf(GET, name="my.own.server.span", span_id=b"helper-5", parent=b"root-one"),
    ]

    spotted = spot(request(kong(*spans)))

    (found,) = spotted.exchanges
    assert found.exchange.gateway_root
    assert {"internal": 2, "client": 1, "gateway_internal_request": 1, "not_http": 1} == spotted.skipped
    assert {f"helper-{n}".encode() for n in range(1, 6)} == {h.span_id for h in found.exchange.helpers}
    assert [] == spotted.helpers


def test_roots_of_kong_before_3_3_are_named_after_the_request() -> None:
    spans = [
        SpanOf({"http.method": "GET", "http.flavor": 1.1}, name="GET /orders", span_id=b"root-one"),
        helper("router", b"helper-1"),
        helper("balancer try #1", b"helper-2", kind=3),
        SpanOf(GET, name="HTTP GET http://idp/token", kind=3, span_id=b"helper-3", parent=b"root-one"),
    ]

    spotted = spot(request(kong(*spans)))

    (found,) = spotted.exchanges
    assert ("HTTP/1.1", 0) == (found.exchange.http_version, found.exchange.status)
    assert 3 == len(found.exchange.helpers)
    assert {"internal": 1, "client": 1, "gateway_internal_request": 1} == spotted.skipped


def test_what_kong_leaves_of_a_refused_request_is_an_orphan() -> None:
    orphan = helper("kong.header_filter.plugin.opentelemetry", b"helper-1", parent=b"")
    captured = orphan._replace(attributes={"http.status_code": 400, "kong.capture.version": "1.0.0"})

    assert ([], [], {"orphan": 2}, {}) == spot(request(kong(orphan, captured)))


def test_a_root_without_a_method_is_not_http() -> None:
    assert ([], [], {"not_http": 1}, {}) == spot(request(kong(SpanOf({}, name="kong"))))


def test_helpers_come_in_the_order_in_which_they_began() -> None:
    spans = [
        helper("kong.balancer", b"helper-2", kind=3, start=2),
        ROOT,
        helper("kong.router", b"helper-1", start=1),
    ]

    (found,) = spot(request(kong(*spans))).exchanges

    assert ["kong.router", "kong.balancer"] == [h.name for h in found.exchange.helpers]


def test_helpers_tell_their_attributes_and_errors() -> None:
    balancer = SpanOf(
        {"try_count": 1.0, "net.peer.ip": "10.0.0.9", "http.status_code": 502},
        name="kong.balancer",
        kind=3,
        span_id=b"helper-1",
        parent=b"root-one",
        error=True,
    )

    (found,) = spot(request(kong(ROOT, balancer))).exchanges

    (told,) = found.exchange.helpers
    assert told.error
    assert {"try_count": 1.0, "net.peer.ip": "10.0.0.9", "http.status_code": 502} == told.attributes


def test_helpers_without_their_root_are_loose() -> None:
    spotted = spot(request(kong(helper("kong.balancer", b"helper-1", kind=3), node="node-7")))

    (loose,) = spotted.helpers
    assert b"helper-1" == loose.helper.span_id
    assert "node-7" == loose.resource_key
    assert {"client": 1} == spotted.skipped


def test_helpers_find_their_root_in_another_batch_of_the_record() -> None:
    spotted = spot(request(kong(helper("kong.balancer", b"helper-1", kind=3)), kong(ROOT)))

    (found,) = spotted.exchanges
    assert SpanAddress(1, 0, 0) == found.span
    assert 1 == len(found.exchange.helpers)
    assert [] == spotted.helpers


def test_helpers_of_helpers_find_their_root_in_any_order() -> None:
    spans = [
        helper("kong.dns", b"helper-3", b"helper-2"),
        helper("kong.internal.request", b"helper-2", b"helper-1"),
        helper("kong.access.plugin.oidc", b"helper-1"),
        ROOT,
    ]

    (found,) = spot(request(kong(*spans))).exchanges

    assert 3 == len(found.exchange.helpers)


def test_a_trace_that_passes_kong_twice_keeps_its_helpers_apart() -> None:
    other = ROOT._replace(span_id=b"root-two", parent=b"upstream")
    spans = [
        ROOT,
        helper("kong.router", b"helper-1"),
        helper("kong.balancer", b"helper-2", kind=3),
        other,
        helper("kong.router", b"helper-3", b"root-two"),
        helper("kong.balancer", b"helper-4", b"root-two", kind=3),
    ]

    first, second = (found.exchange for found in spot(request(kong(*spans))).exchanges)

    assert {b"helper-1", b"helper-2"} == {h.span_id for h in first.helpers}
    assert {b"helper-3", b"helper-4"} == {h.span_id for h in second.helpers}


def test_kong_3_4_hangs_the_balancer_below_the_caller() -> None:
    inside = helper("kong.balancer", b"helper-1", b"the-call", kind=3, start=2, end=9)
    spans = [ROOT, inside, helper("kong.router", b"helper-2")]

    (found,) = spot(request(kong(*spans))).exchanges

    assert {b"helper-1", b"helper-2"} == {h.span_id for h in found.exchange.helpers}


@pytest.mark.parametrize(
    "stray",
    [
        helper("kong.balancer", b"helper-1", b"the-call", start=2, end=20),
        helper("kong.balancer", b"helper-1", b"the-call", start=-5, end=5),
        helper("kong.router", b"helper-1", b"the-call", start=2, end=3),
        helper("kong.balancer", b"helper-1", b"the-call", start=2, end=3, trace_id=b"another trace id"),
    ],
)
def test_a_helper_that_does_not_fit_stays_loose(stray: SpanOf) -> None:
    spotted = spot(request(kong(ROOT, stray)))

    assert () == spotted.exchanges[0].exchange.helpers
    assert 1 == len(spotted.helpers)


def test_another_node_of_the_same_trace_is_another_matter() -> None:
    inside = helper("kong.balancer", b"helper-1", b"the-call", kind=3, start=2, end=9)

    spotted = spot(request(kong(ROOT), kong(inside, node="node-2")))

    assert () == spotted.exchanges[0].exchange.helpers
    assert 1 == len(spotted.helpers)


def test_exchanges_come_in_the_order_of_the_record_with_their_addresses() -> None:
    record = request(
        Batch([SpanOf(GET, kind=3), SpanOf(GET, span_id=b"exchange")]),
        kong(helper("kong.router", b"helper-1"), ROOT),
        Batch([SpanOf(GET, span_id=b"the last")]),
    )

    assert [(b"exchange", (0, 0, 1)), (b"root-one", (1, 0, 1)), (b"the last", (2, 0, 0))] == [
        (found.exchange.span_id, found.span) for found in spot(record).exchanges
    ]


def test_without_details_only_the_balancers_tries_are_kept() -> None:
    record = request(
        kong(
            ROOT,
            helper("kong.router", b"helper-1"),
            helper("kong.balancer", b"helper-2", kind=3),
            helper("kong.router", b"helper-3", b"root-two", trace_id=b"another trace id"),
            helper("kong.balancer", b"helper-4", b"root-two", kind=3, trace_id=b"another trace id"),
        )
    )

    whole, lean = spot(record), spot(record, details=False)

    assert [b"helper-2"] == [h.span_id for h in lean.exchanges[0].exchange.helpers]
    assert [b"helper-4"] == [loose.helper.span_id for loose in lean.helpers]
    assert whole.skipped == lean.skipped
    assert whole.exchanges[0].exchange._replace(helpers=()) == lean.exchanges[0].exchange._replace(helpers=())


def test_an_exchange_never_ends_before_it_starts() -> None:
    (found,) = spot(request(Batch([SpanOf(GET, start=5, end=1)]))).exchanges

    assert found.exchange.start_ns == found.exchange.end_ns


@pytest.mark.parametrize(
    ("attributes", "captured"),
    [
        ({}, False),
        ({"http.request.header.accept": ["*/*"]}, True),
        ({"http.response.header.age": "3"}, True),
        ({"user_agent.original": "curl"}, False),
        ({"kong.capture.version": "1.0.0"}, True),
    ],
)
def test_captured_means_that_headers_were_looked_at(attributes: Attributes, captured: bool) -> None:
    (found,) = spot(request(kong(SpanOf({**GET, **attributes}, name="kong")))).exchanges

    assert captured is found.exchange.captured


def test_nothing_is_found_in_nothing() -> None:
    assert ([], [], {}, {}) == spot(b"")
