from __future__ import annotations

import pytest

from otel_bridge.mapping import scalars
from otel_bridge.otlp.values import Value


@pytest.mark.parametrize(
    ("value", "version"),
    [
        ("1.1", "HTTP/1.1"),
        (1.1, "HTTP/1.1"),
        (1.0, "HTTP/1.0"),
        ("1.0", "HTTP/1.0"),
        ("2", "HTTP/2"),
        ("2.0", "HTTP/2"),
        (2.0, "HTTP/2"),
        (2, "HTTP/2"),
        ("3", "HTTP/3"),
        ("HTTP/1.1", "HTTP/1.1"),
        ("http/1.1", "HTTP/1.1"),
        ("HTTP/2", "HTTP/2"),
        ("h2", "HTTP/2"),
        ("h2c", "HTTP/2"),
        ("h3", "HTTP/3"),
        ("http", None),
        ("SPDY", None),
        ("QUIC", None),
        ("0.9", None),
        ("", None),
        (None, None),
    ],
)
def test_http_version(value: Value, version: str | None) -> None:
    assert version == scalars.http_version(value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (200, 200),
        (200.0, 200),
        ("200", 200),
        (" 200 ", 200),
        ("200.0", 200),
        (0, None),
        (-1, None),
        (1000, None),
        (True, None),
        ("abc", None),
        ("", None),
        (float("nan"), None),
        (float("inf"), None),
        ([200], None),
        (b"200", None),
    ],
)
def test_status(value: Value, found: int | None) -> None:
    assert found == scalars.status(value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("a", "a"),
        ("", None),
        (b"\xff", "\ufffd"),
        (b"ok", "ok"),
        (7, "7"),
        (7.0, "7"),
        (0.25, "0.25"),
        (True, "true"),
        (["first", "second"], "first"),
        ([], None),
        ({"a": b"\xff"}, '{"a":"\ufffd"}'),
        (1e30, "1000000000000000019884624838656"),
    ],
)
def test_text(value: Value, found: str | None) -> None:
    assert found == scalars.text(value)


@pytest.mark.parametrize(
    ("value", "found"),
    [
        (0, 0),
        (2**63 - 1, 2**63 - 1),
        (2.0**62, 2**62),
        (2.0**63, None),
        (1e300, None),
        (-1e300, None),
        ("123456789012345678", 123456789012345680),
    ],
)
def test_a_count_is_never_larger_than_what_can_be_written_as_json(value: Value, found: int | None) -> None:
    assert found == scalars.count(value)
