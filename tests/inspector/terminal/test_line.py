"""The line for the terminal."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.exchange import Side
from otel_bridge.inspector.terminal.line import line
from tests.inspector.exchanges import an_exchange

ORDER = an_exchange(
    started_us=1_519_907_696_789_000,
    method="POST",
    url="https://shop.example.com/orders?x=1",
    status=201,
    duration_us=2_130,
    client_address="192.0.2.7",
    request=Side(body_size=13),
    response=Side(body_size=30),
    service="orders",
    consumer="alice",
)


def _line(colour: bool = False, width: int | None = None, **changes: Any) -> str:
    return line(ORDER._replace(**changes), zone=UTC, colour=colour, width=width)


def test_shows_an_exchange_at_a_glance() -> None:
    expected = (
        "12:34:56.789  POST    201  shop.example.com/orders?x=1                     2.1 ms"
        "      13 B in      30 B out  192.0.2.7  service orders  consumer alice"
    )

    assert expected == _line()


def test_shows_what_nobody_told_as_unknown() -> None:
    unknown = _line(
        method="",
        url="",
        status=0,
        duration_us=None,
        client_address="",
        request=Side(),
        response=Side(),
        service="",
        consumer="",
    )

    assert ["12:34:56.789", "-", "-", "-", "-", "-", "in", "-", "out"] == unknown.split()


def test_says_that_an_exchange_was_not_captured() -> None:
    assert _line(captured=False).endswith("consumer alice  (headers and bodies not captured)")


def test_names_environment_and_bucket() -> None:
    assert _line(environment="production").endswith("consumer alice  environment production")
    assert _line(bucket="abc").endswith("consumer alice  bucket abc")


@pytest.mark.parametrize(
    ("status", "code"),
    [(101, "35"), (200, "32"), (302, "36"), (404, "33"), (503, "31"), (0, "35"), (9, "35")],
)
def test_colours_only_the_status(status: int, code: str) -> None:
    coloured = _line(status=status, colour=True)

    assert f"\x1b[{code}m" in coloured
    assert _line(status=status) == coloured.replace(f"\x1b[{code}m", "").replace("\x1b[0m", "")


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]0;owned\x07", "\\x1b]0;owned\\x07"),
        ("a\nb\r\tc", "a\\x0ab\\x0d\\x09c"),
        ("\x7f\x9b31m", "\\x7f\\x9b31m"),
        ("\u202egpj", "\\u202egpj"),
        ("\U000e0001", "\\U000e0001"),
        ("日本 é", "日本 é"),
    ],
)
def test_hostile_text_is_shown_and_not_obeyed(hostile: str, shown: str) -> None:
    assert shown in _line(url=hostile)
    assert shown in _line(client_address=hostile)
    assert shown in _line(environment=hostile)
    assert shown in _line(service=hostile)


@pytest.mark.parametrize(
    ("ms", "shown"),
    [
        (0, "0.0 ms"),
        (999.9, "999.9 ms"),
        (1500, "1.50 s"),
        (90_000, "1.5 min"),
        (7.2e6, "2.0 h"),
        (1e300, "9999.0 h"),
    ],
)
def test_words_durations(ms: float, shown: str) -> None:
    assert f" {shown} " in _line(duration_us=round(ms * 1000))


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1536, "1.5 KiB"),
        (5 << 20, "5.0 MiB"),
        (3 << 30, "3.0 GiB"),
        (10**40, "9999.0 GiB"),
    ],
)
def test_words_sizes(size: int, shown: str) -> None:
    assert f" {shown} out" in _line(response=Side(body_size=size))


def test_cuts_the_url_so_that_the_line_fits() -> None:
    long = _line(url="http://example.com/" + "x" * 10_000, width=150)

    assert 150 >= len(long)
    assert "xxx..." in long


@pytest.mark.parametrize("width", [0, 1, 40, 80, 10_000])
def test_prints_at_any_width(width: int) -> None:
    assert "shop.example.com" in _line(width=width)


@given(
    st.fixed_dictionaries(
        {
            "environment": st.text(),
            "bucket": st.text(),
            "started_us": st.integers(0, 2**50),
            "method": st.text(),
            "url": st.text(),
            "status": st.integers(0, 999),
            "duration_us": st.none() | st.integers(min_value=0),
            "client_address": st.text(),
            "request": st.builds(Side, body_size=st.none() | st.integers(min_value=0)),
            "service": st.text(),
            "consumer": st.text(),
            "captured": st.booleans(),
        }
    ),
    st.none() | st.integers(0, 300),
)
def test_whatever_arrives_is_one_printable_line(changes: dict[str, Any], width: int | None) -> None:
    shown = line(ORDER._replace(**changes), zone=UTC, width=width)

    assert shown.isprintable()
    assert 1000 > len(shown)
