"""Whatever senders write, the mapping answers with exchanges of the right types."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.formats import alf, har, runscope
from otel_bridge.mapping import HttpExchange, single, spot, timings
from otel_bridge.mapping.names import BODY, FIELDS, HEADER_OBJECTS, HEADERS, SIDES
from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.otlp.values import Value
from tests.mapping.spans import Batch, SpanOf, kong, request

NAMES = sorted(
    {name for names in FIELDS.values() for name in names}
    | {
        pattern.format(side=side, name="x-a")
        for side in SIDES
        for pattern in (*HEADERS, *HEADER_OBJECTS, *(p for row in BODY.values() for p in row))
    }
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=20),
    st.binary(max_size=20),
    st.sampled_from(["http://a:1/b?c", "HTTP/1.1", "200", "::1", "[::1]:8000", "REDACTED", '{"a": ["b"]}']),
)
values: st.SearchStrategy[Value] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)
attributes = st.dictionaries(st.sampled_from(NAMES) | st.text(max_size=10), values, max_size=12)
spans = st.tuples(
    attributes,
    st.sampled_from(["kong", "kong.balancer", "kong.dns", "GET /", "router", ""]),
    st.sampled_from([1, 2, 2, 2, 3]),
    st.sampled_from([b"span-one", b"span-two", b"spanfour"]),
    st.sampled_from([b"", b"span-one", b"span-two", b"a-caller"]),
    st.sampled_from([b"trace-trace-one-", b"trace-trace-two-"]),
    st.floats(0, 100),
    st.floats(0, 100),
    st.booleans(),
    st.lists(attributes, max_size=1),
).map(lambda drawn: SpanOf(*drawn))
groups = st.lists(spans, max_size=6)
batches = groups.map(Batch) | st.tuples(groups, st.sampled_from(["node-1", "node-2"])).map(
    lambda drawn: kong(*drawn[0], node=drawn[1])
)


@settings(max_examples=80, deadline=None)
@given(st.lists(batches, max_size=3))
def test_no_record_is_too_odd(told: list[Batch]) -> None:
    record = request(*told)
    message = TraceRequest.FromString(record)
    count = sum(len(ss.spans) for rs in message.resource_spans for ss in rs.scope_spans)

    spotted = spot(record)

    assert count == len(spotted.exchanges) + sum(spotted.skipped.values())
    for exchange, address in spotted.exchanges:
        check(exchange)
        span = message.resource_spans[address.resource].scope_spans[address.scope].spans[address.span]
        assert span.span_id == exchange.span_id
        assert exchange.span_id in {
            found.exchange.span_id for found in spot(single(record, address)).exchanges
        }


def check(exchange: HttpExchange) -> None:
    assert exchange.method
    assert "://" in exchange.url
    assert exchange.target.startswith("/") or exchange.target == "*"
    assert exchange.host
    assert 0 <= exchange.status < 1000
    assert exchange.http_version in ("", "HTTP/1.0", "HTTP/1.1", "HTTP/2", "HTTP/3")
    for port in (exchange.port, exchange.client_port):
        assert port is None or 0 < port < 65536
    for header in (*exchange.request_headers, *exchange.response_headers):
        assert [str, str] == [type(text) for text in header]
    for body in (exchange.request_body, exchange.response_body):
        assert body.content is None or type(body.content) is bytes
        assert body.size is None or body.size >= 0
        assert not (body.content and body.omitted)
    for flag in (exchange.masked, exchange.captured, exchange.gateway_root):
        assert type(flag) is bool
    assert min(timings(exchange)) >= 0
    assert alf.entry(exchange, bodies=True, extension=True)
    assert har.entry(exchange, bodies=True)
    assert runscope.message(exchange, bodies=True, extension=True)
