import tracemalloc
from typing import Any

import orjson
import pytest

from otel_bridge.exporters.base import NotEncodableError, TooLargeError, fitting, without_bodies
from otel_bridge.formats import alf
from otel_bridge.mapping import Body, HttpExchange
from tests.formats.exchanges import an_exchange


def encode(exchange: HttpExchange) -> bytes:
    return alf.entry(exchange, bodies=True, extension=True)


def test_what_fits_keeps_its_bodies() -> None:
    exchange = an_exchange(response_body=Body(b"x" * 100))

    assert encode(exchange) == fitting(exchange, encode, 5000)


def test_what_is_too_large_goes_out_without_its_bodies_but_with_their_sizes() -> None:
    exchange = an_exchange(
        request_body=Body(b"x" * 4000), response_body=Body(b"y" * 6000, size=7000, truncated=True)
    )
    entry = orjson.loads(fitting(exchange, encode, 3000))

    assert "postData" not in entry["request"]
    assert "content" not in entry["response"]
    assert (4000, 7000) == (entry["request"]["bodySize"], entry["response"]["bodySize"])
    assert entry["request"]["bodyCaptured"]
    assert b"too large" in orjson.dumps(entry["_otel"])


@pytest.mark.parametrize(
    "body",
    [Body(b"xxxx", truncated=True), Body(b"xxxx", redacted=True), Body(b"xxxx", decoded=True)],
)
def test_the_length_of_a_changed_body_is_not_its_size(body: Body) -> None:
    exchange = an_exchange(request_body=body)

    assert without_bodies(exchange, why="too large").request_body.size is None


def test_what_is_too_large_even_so_is_refused() -> None:
    exchange = an_exchange(url="https://example.com/" + "x" * 4000)

    with pytest.raises(TooLargeError, match="at most 3000"):
        fitting(exchange, encode, 3000)


def test_entries_that_wait_take_the_memory_that_they_are_counted_with() -> None:
    exchange = an_exchange(response_body=Body(b"x" * 5000))
    tracemalloc.start()
    try:
        entries = [fitting(exchange, encode, 50_000) for _ in range(100)]
        taken, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert taken < 1.2 * sum(len(entry) for entry in entries)


@pytest.mark.parametrize(
    "odd", [{"request_body": Body(None, size=2**64)}, {"host": "\ud800", "url": "\ud800"}]
)
def test_what_json_can_not_say_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(NotEncodableError, match="can't be encoded"):
        fitting(an_exchange(**odd), encode, 3000)
