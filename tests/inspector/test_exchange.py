"""The id of an exchange: the same for the same one, sorted by time, whatever a sender writes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.exchange import RANDOM_BYTES, exchange_id

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
STARTED = 1_700_000_000_123_456
CHANCE = bytes(range(RANDOM_BYTES))
instants = st.integers(min_value=0, max_value=(1 << 48) * 1000 - 1)


def test_the_same_span_has_the_same_id_however_it_comes() -> None:
    by_alf = exchange_id(STARTED // 1000 * 1000, trace_id=TRACE, span_id=SPAN, random=CHANCE)
    by_runscope = exchange_id(STARTED, trace_id=TRACE.upper(), span_id=SPAN.upper(), random=bytes(10))

    assert by_alf == by_runscope
    assert by_alf != exchange_id(STARTED, trace_id=TRACE, span_id=SPAN[::-1], random=CHANCE)


def test_without_a_span_chance_tells_exchanges_apart() -> None:
    for trace, span in (("", ""), (TRACE, ""), ("", SPAN)):
        found = exchange_id(STARTED, trace_id=trace, span_id=span, random=CHANCE)

        assert f"{STARTED // 1000:012x}{CHANCE.hex()}" == found


@given(earlier=instants, later=instants, names=st.lists(st.text(), min_size=4, max_size=4))
def test_ids_sort_by_time(earlier: int, later: int, names: list[str]) -> None:
    earlier, later = sorted((earlier, later))
    first = exchange_id(earlier, trace_id=names[0], span_id=names[1], random=CHANCE)
    second = exchange_id(later, trace_id=names[2], span_id=names[3], random=CHANCE)

    assert 32 == len(first) == len(second)
    assert first < second or earlier // 1000 == later // 1000


@given(st.integers())
def test_any_instant_has_an_id(started: int) -> None:
    assert 32 == len(exchange_id(started, trace_id="", span_id="", random=CHANCE))
