from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.mapping import HelperSpan, HttpExchange, LooseHelper, attach, awaits_balancer, belongs, spot
from tests.mapping.spans import MS, START, TRACE, SpanOf, kong, request


def root(**more: object) -> HttpExchange:
    span = SpanOf({"http.method": "GET"}, name="kong", span_id=b"root-one")
    (found,) = spot(request(kong(span))).exchanges
    return found.exchange._replace(**more)  # type: ignore[arg-type]


def helper(name: str = "kong.balancer", **more: object) -> HelperSpan:
    span = HelperSpan(
        b"helper-1", b"root-one", name, 3, START + MS, START + 9 * MS, error=False, attributes={}
    )
    return span._replace(**more)  # type: ignore[arg-type]


def loose(span: HelperSpan, trace_id: bytes = TRACE, key: str = "node-1") -> LooseHelper:
    return LooseHelper(span, trace_id, key)


helpers = st.builds(
    helper,
    name=st.sampled_from(["kong.balancer", "kong.router"]),
    span_id=st.binary(min_size=8, max_size=8),
    start_ns=st.integers(START, START + 10 * MS),
)


@given(st.lists(helpers), st.lists(helpers))
def test_attaching_is_idempotent_sorted_and_order_does_not_matter(
    first: list[HelperSpan], second: list[HelperSpan]
) -> None:
    both = list({span.span_id: span for span in [*second, *first]}.values())
    once = attach(root(), both)

    assert once == attach(once, both)
    assert once == attach(root(), reversed(both))
    assert once == attach(attach(root(), both[:2]), both)
    assert len({span.span_id for span in both}) == len(once.helpers)
    assert sorted(span.start_ns for span in both) == [span.start_ns for span in once.helpers]


def test_attaching_nothing_new_gives_the_same_exchange() -> None:
    exchange = attach(root(), [helper()])

    assert exchange is attach(exchange, [helper()])
    assert exchange is attach(exchange, [])


@pytest.mark.parametrize(
    ("span", "yes"),
    [
        (helper(), True),
        (helper("kong.router"), True),
        # By the parent's id even far outside: clocks may be off, ids are not.
        (helper(start_ns=0, end_ns=0), True),
        (helper(parent_span_id=b"the-call"), True),
        (helper("balancer try #1", parent_span_id=b"the-call"), True),
        (helper("kong.dns", parent_span_id=b"a plugin"), True),
        (helper("kong.router", parent_span_id=b"root-two"), False),
        (helper("kong.access.plugin.key-auth", parent_span_id=b"root-two"), False),
        (helper(parent_span_id=b"the-call", start_ns=START - 2 * MS), False),
        (helper(parent_span_id=b"the-call", end_ns=START + 12 * MS), False),
        (helper(parent_span_id=b"the-call", start_ns=START - MS // 2), True),
    ],
)
def test_whose_helper_it_is(span: HelperSpan, yes: bool) -> None:
    assert yes is belongs(loose(span), root())


def test_a_balancer_below_another_span_is_not_ours_where_roots_keep_their_callers() -> None:
    stray = helper(parent_span_id=b"root-two")

    assert not belongs(loose(stray), root(parent_span_id=b"the-call"))


def test_a_helper_of_a_known_helper_is_ours() -> None:
    exchange = attach(root(), [helper("kong.access.plugin.oidc", span_id=b"plugin-1")])
    nested = helper("kong.internal.request", parent_span_id=b"plugin-1", start_ns=0, end_ns=0)

    assert belongs(loose(nested), exchange)


def test_other_traces_nodes_and_senders_are_not_ours() -> None:
    by_time = helper(parent_span_id=b"the-call")

    assert not belongs(loose(helper(), trace_id=b"another trace id"), root())
    assert not belongs(loose(by_time, key="node-2"), root())
    assert not belongs(loose(helper()), root(gateway_root=False))


@pytest.mark.parametrize(
    ("exchange", "waits"),
    [
        (root(), True),
        (root(gateway_root=False), False),
        (root(response_source="exit"), False),
        (root(response_source="service"), True),
        (root(helpers=(helper("kong.router"),)), True),
        (root(helpers=(helper(error=True),)), True),
        (root(helpers=(helper(error=True), helper())), False),
        (root(helpers=(helper("balancer try #2"),)), False),
    ],
)
def test_a_root_waits_for_the_try_that_succeeded(exchange: HttpExchange, waits: bool) -> None:
    assert waits is awaits_balancer(exchange)
