from __future__ import annotations

import pytest

from otel_bridge.mapping import SpanAddress, single, spot
from otel_bridge.otlp.messages import TraceRequest
from tests.mapping.spans import Batch, SpanOf, kong, request
from tests.recordings import payload, payloads


@pytest.mark.parametrize(
    "record", [*payloads("kong-3.9-split-traces")[:2], payload("kong-3.9-capture", "091.pb")]
)
def test_an_exchange_cut_out_is_the_same_exchange(record: bytes) -> None:
    for found in spot(record).exchanges:
        (alone,) = spot(single(record, found.span)).exchanges

        assert found.exchange == alone.exchange


def test_nothing_else_is_cut_out_with_it() -> None:
    record = payloads("kong-3.9-split-traces")[1]
    found = spot(record).exchanges[3]

    cut = TraceRequest.FromString(single(record, found.span))

    spans = [span for rs in cut.resource_spans for ss in rs.scope_spans for span in ss.spans]
    assert {found.exchange.trace_id} == {span.trace_id for span in spans}
    assert 1 + len(found.exchange.helpers) == len(spans)


def test_helpers_of_other_batches_come_along_with_their_resource_and_scope() -> None:
    record = request(
        Batch([SpanOf({"http.method": "GET"}, span_id=b"not mine")]),
        kong(SpanOf({"http.method": "GET"}, name="kong", span_id=b"root-one")),
        kong(SpanOf({}, name="kong.balancer", kind=3, span_id=b"helper-1", parent=b"root-one")),
    )

    cut = TraceRequest.FromString(single(record, SpanAddress(1, 0, 0)))

    assert 2 == len(cut.resource_spans)
    assert ["kong", "kong.balancer"] == [rs.scope_spans[0].spans[0].name for rs in cut.resource_spans]
    assert {"kong-internal"} == {rs.scope_spans[0].scope.name for rs in cut.resource_spans}
    assert {2} == {len(rs.resource.attributes) for rs in cut.resource_spans}


@pytest.mark.parametrize("address", [(0, 0, 1), (7, 0, 0)])
def test_where_no_exchange_is_nothing_can_be_cut_out(address: tuple[int, int, int]) -> None:
    record = request(Batch([SpanOf({"http.method": "GET"}), SpanOf({}, kind=3)]))

    with pytest.raises(LookupError):
        single(record, SpanAddress(*address))
