"""What old agents send is masked as if it had come through the bridge."""

from __future__ import annotations

import gzip

import pytest
from hypothesis import given

from otel_bridge.inspector.exchange import Exchange, Side
from otel_bridge.inspector.masking import Masking
from otel_bridge.redaction import DEFAULTS
from tests.inspector.strategies import an_exchange, exchanges

MASKING = Masking(DEFAULTS)
SECRET = "kR8vQ2mZ7pL4xW9t"


def masked(**changes: object) -> Exchange:
    return MASKING.apply(an_exchange(**changes))


def test_an_exchange_without_secrets_stays_itself() -> None:
    exchange = an_exchange(request=Side(headers=(("Accept", "*/*"),), body=b'{"order": 7}'))

    assert exchange is MASKING.apply(exchange)


def test_secret_headers_are_masked_in_their_place_and_order() -> None:
    headers = (
        ("Accept", "a"),
        ("Authorization", f"Bearer {SECRET}"),
        ("X-A", "1"),
        ("Cookie", f"s={SECRET}"),
        ("X-A", "2"),
    )

    found = masked(request=Side(headers=headers))

    assert [name for name, _ in headers] == [name for name, _ in found.request.headers]
    assert ["a", "1", "2"] == [value for name, value in found.request.headers if name in ("Accept", "X-A")]
    assert SECRET not in str(found)
    assert found.masked


def test_secrets_in_the_url_are_masked_and_its_parts_agree() -> None:
    found = masked(url=f"http://shop.example.com/pay?token={SECRET}&n=1")

    assert "http://shop.example.com/pay?token=REDACTED&n=1" == found.url
    assert "token=REDACTED&n=1" == found.query


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (f'{{"user": "ada", "password": "{SECRET}"}}'.encode(), ()),
        (f"user=ada&password={SECRET}".encode(), (("Content-Type", "application/x-www-form-urlencoded"),)),
        (
            gzip.compress(f'{{"user": "ada", "password": "{SECRET}"}}'.encode()),
            (("Content-Encoding", "gzip"),),
        ),
    ],
    ids=["json", "form", "gzip"],
)
def test_secrets_in_bodies_are_masked_and_the_rest_stays(
    body: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    found = masked(response=Side(headers=headers, body=body)).response

    assert found.body
    assert b"ada" in found.body
    assert SECRET.encode() not in found.body
    assert found.masked
    assert found.decoded == ("Content-Encoding" in dict(headers))


@given(exchanges())
def test_masking_again_changes_nothing(exchange: Exchange) -> None:
    once = MASKING.apply(exchange)

    assert once == MASKING.apply(once)
