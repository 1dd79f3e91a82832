from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.mapping import HelperSpan, HttpExchange, Latencies, Timings, timings
from tests.mapping.spans import MS, START, exchange_of

NONE = Latencies()


def exchange(
    length: float, latencies: Latencies = NONE, *helpers: tuple[str, float, float, bool]
) -> HttpExchange:
    """An exchange of *length* ms; *helpers* are name, start and end in ms, error."""
    return exchange_of({})._replace(
        start_ns=START,
        end_ns=START + round(length * MS),
        latencies=latencies,
        helpers=tuple(
            HelperSpan(b"", b"", name, 3, START + round(start * MS), START + round(end * MS), error, {})
            for name, start, end, error in helpers
        ),
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        # Nothing known: all of it is waiting.
        (exchange(12.3456), Timings(0, 12.346, 0)),
        (exchange(0), Timings(0, 0, 0)),
        (exchange(10, NONE, ("kong.router", 1, 2, False)), Timings(0, 10, 0)),
        # The last try of the balancer.
        (exchange(10, NONE, ("kong.balancer", 2, 9, False)), Timings(2, 7, 1)),
        (exchange(10, NONE, ("balancer try #1", 2, 9, False)), Timings(2, 7, 1)),
        (
            exchange(10, NONE, ("kong.balancer", 1, 1.5, True), ("kong.balancer", 4, 10, False)),
            Timings(4, 6, 0),
        ),
        # A failed try's span is only as long as its connection.
        (exchange(1606, NONE, ("kong.balancer", 802, 803, True)), Timings(802, 804, 0)),
        # Clocks that disagree.
        (exchange(10, NONE, ("kong.balancer", -1, 12, False)), Timings(0, 10, 0)),
        (exchange(10, NONE, ("kong.balancer", 11, 12, False)), Timings(10, 0, 0)),
        (exchange(10, NONE, ("kong.balancer", 5, 4, False)), Timings(5, 0, 5)),
        # Kong's own account, in whole milliseconds, wins.
        (exchange(3.99, Latencies(0.002, 0.001, 0.0), ("kong.balancer", 2, 3, False)), Timings(2, 1, 0)),
        (exchange(256.5, Latencies(0.0, 0.002, 0.254)), Timings(0, 2, 254)),
        # Cut off, without a body, or Kong's own answer: receiving took the rest.
        (exchange(103.8, Latencies(0.001, 0.001)), Timings(1, 1, 101.8)),
        (exchange(2.1, Latencies(0.001)), Timings(1, 0, 1.1)),
        (exchange(301.28, Latencies(None, 0.301)), Timings(0, 301, 0.28)),
        (exchange(500, Latencies(0.001, 0.001, 0.0)), Timings(1, 1, 498)),
        # Figures that can't be true are not believed.
        (exchange(10, Latencies(5.0, 0.001, 0.0)), Timings(0, 10, 0)),
        (exchange(10, Latencies(-0.001, 0.001, 0.0)), Timings(0, 10, 0)),
        (exchange(10, Latencies(5.0), ("kong.balancer", 2, 9, False)), Timings(2, 7, 1)),
        (exchange(10, Latencies(None, None, 0.004)), Timings(0, 10, 0)),
    ],
)
def test_where_the_time_went(given: HttpExchange, expected: Timings) -> None:
    spent = timings(given)

    assert expected == Timings(*(round(part, 3) for part in spent))
    assert pytest.approx(sum(expected), abs=0.001) == spent.total


milliseconds = st.floats(-100, 1e7, allow_nan=False)
seconds = st.none() | st.floats(-10, 1e5)
balancer = st.tuples(st.just("kong.balancer"), milliseconds, milliseconds, st.booleans())


@given(
    st.builds(
        exchange,
        st.floats(0, 1e7),
        st.builds(Latencies, seconds, seconds, seconds),
        balancer,
        balancer,
    )
)
def test_timings_are_never_negative_and_add_up(given: HttpExchange) -> None:
    spent = timings(given)
    length = (given.end_ns - given.start_ns) / MS

    assert min(spent) >= 0
    assert round(sum(spent), 3) == spent.total
    assert abs(spent.total - length) <= 5.01
    assert all(part == round(part, 3) for part in spent)
