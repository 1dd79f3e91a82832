from __future__ import annotations

import pytest

from otel_bridge.formats.extension import members
from otel_bridge.mapping import HttpExchange, Latencies, api, as_traces, single, spot, timings
from otel_bridge.otlp.values import Value
from tests.access_logs import MS, Access, logs


def exchange_of(**attributes: Value) -> HttpExchange:
    given = {name.replace("__", "."): value for name, value in attributes.items()}
    (found,) = spot(as_traces(logs(Access(7, given)))).exchanges
    return found.exchange


def test_an_access_log_is_an_exchange_with_headers_sizes_latencies_and_entities() -> None:
    exchange = exchange_of()

    assert ("POST", 201) == (exchange.method, exchange.status)
    assert "http://api.example.com:8000/orders/7?page=2" == exchange.url
    assert ("orders", "orders-route", "alice") == (exchange.service, exchange.route, exchange.consumer)
    assert ("content-type", "application/json") in exchange.response_headers
    assert ("host", "api.example.com:8000") in exchange.request_headers
    assert (312, 480) == (exchange.request_size, exchange.response_size)
    assert Latencies(0.005, 0.03, 0.005) == exchange.latencies
    assert (5, 30, 5) == timings(exchange)[:3]
    assert ("service", 201) == (exchange.response_source, exchange.upstream_status)
    assert (Access(7).start_ns, Access(7).end_ns) == (exchange.start_ns, exchange.end_ns)
    assert (Access(7).trace_id, Access(7).span_id) == (exchange.trace_id, exchange.span_id)
    assert "198.51.100.7" == exchange.client_address
    assert exchange.captured
    assert ("service", "orders/orders-route") == api(exchange)


def test_its_source_is_said_in_otel() -> None:
    assert "access log" == members(exchange_of())["source"]


def test_a_request_that_was_not_traced_gets_ids_of_its_request_id() -> None:
    first, again, other = (
        spot(as_traces(logs(Access(number, traced=False)))).exchanges[0].exchange for number in (1, 1, 2)
    )

    assert (16, 8) == (len(first.trace_id), len(first.span_id))
    assert (first.trace_id, first.span_id) == (again.trace_id, again.span_id)
    assert first.trace_id != other.trace_id


@pytest.mark.parametrize("unit", [1, 1000], ids=["milliseconds", "seconds"])
@pytest.mark.parametrize("timed", [True, False], ids=["start and end", "end alone"])
def test_latencies_are_read_in_seconds_or_milliseconds(unit: int, timed: bool) -> None:
    figures: dict[str, Value] = {
        f"kong__latency__{name}": ms if unit == 1 else ms / unit
        for name, ms in (("total", 40), ("internal", 5), ("upstream", 30), ("receive", 5))
    }
    started = {} if timed else {"kong__request__started_at": None}

    exchange = exchange_of(**figures, **started)

    assert Latencies(0.005, 0.03, 0.005) == exchange.latencies
    assert (Access(7).start_ns, Access(7).end_ns) == (exchange.start_ns, exchange.end_ns)


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000, 1_000_000_000])
def test_the_start_is_read_in_any_unit(unit: int) -> None:
    start = Access(7).start_ns // 1_000_000_000 * 1_000_000_000

    assert start == exchange_of(kong__request__started_at=start // unit).start_ns


def test_without_any_latency_it_lasts_until_it_was_logged() -> None:
    names = ("total", "internal", "upstream", "receive")
    exchange = exchange_of(**{f"kong__latency__{name}": None for name in names})

    assert 40 * MS == exchange.end_ns - exchange.start_ns


def test_a_query_that_the_url_has_already_is_not_added() -> None:
    exchange = exchange_of(url__full="http://h.example.com/x?page=2", http__request__header__host=None)

    assert "http://h.example.com/x?page=2" == exchange.url


def test_an_access_log_has_the_address_of_its_log_record() -> None:
    record = logs(Access(1)) + logs(Access(2), Access(3))
    traces = as_traces(record)
    found = spot(traces).exchanges

    assert [(0, 0, 0), (1, 0, 0), (1, 0, 1)] == [each.span for each in found]
    for each in found:
        assert [each.exchange] == [one.exchange for one in spot(single(traces, each.span)).exchanges]
