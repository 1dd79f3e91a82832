from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.documents.values import Endpoint, duration, endpoint, host, show_bytes, show_seconds, size


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (2, 2),
        (0.5, 0.5),
        ("2", 2),
        ("2s", 2),
        ("500ms", 0.5),
        ("1h30m", 5400),
        ("7d", 604800),
        ("1w", 604800),
    ],
)
def test_durations(value: object, seconds: float) -> None:
    assert seconds == duration(1.0)(value)


def test_plain_numbers_count_the_keys_own_unit() -> None:
    assert (10.0, 10.0, 2.0) == tuple(map(duration(0.001), (10000, "10000", "2s")))


@pytest.mark.parametrize("value", ["", "2 seconds", "s", "nan", "inf", -1, True, None, [2], "2S", "1.s"])
def test_what_is_no_duration(value: object) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration(1.0)(value)


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (0, 0),
        ("12", 12),
        ("64MiB", 64 * 1024**2),
        ("1.5 GiB", 1536 * 1024**2),
        ("64MB", 64_000_000),
        ("7B", 7),
    ],
)
def test_sizes(value: object, count: int) -> None:
    assert count == size(value)


@pytest.mark.parametrize("value", ["", "2G", "64k", "-1", -1, True, 1.5, None, "MiB", "1e3"])
def test_what_is_no_size(value: object) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        size(value)


@given(st.integers(min_value=0, max_value=2**53))
def test_shown_sizes_read_back(count: int) -> None:
    assert count == size(show_bytes(count))


@given(st.integers(min_value=0, max_value=10**9))
def test_shown_durations_read_back(milliseconds: int) -> None:
    seconds = milliseconds / 1000

    assert seconds == pytest.approx(duration(1.0)(show_seconds(seconds)), rel=1e-5)


@pytest.mark.parametrize(
    ("text", "expected", "loopback"),
    [
        ("127.0.0.1:4317", Endpoint("127.0.0.1", 4317), True),
        ("localhost:0", Endpoint("localhost", 0), True),
        ("[::1]:80", Endpoint("::1", 80), True),
        (":4317", Endpoint("0.0.0.0", 4317), False),
        ("[::]:4317", Endpoint("::", 4317), False),
        ("bridge.internal:4317", Endpoint("bridge.internal", 4317), False),
    ],
)
def test_endpoints(text: str, expected: Endpoint, loopback: bool) -> None:
    found = endpoint(text)

    assert expected == found
    assert loopback == found.is_loopback
    assert found == endpoint(str(found))


@pytest.mark.parametrize(
    "text",
    ["", "4317", "h:", "h:x", "h:65536", "::1:80", "http://h:1", "h:1/v1", "-h:1", "a b:1", "h:²", 4317],
)
def test_what_is_no_endpoint(text: object) -> None:
    with pytest.raises(ValueError, match="is not"):
        endpoint(text)


@pytest.mark.parametrize("text", ["[::1]", "::1"])
def test_hosts_come_without_brackets(text: str) -> None:
    assert "::1" == host(text)
