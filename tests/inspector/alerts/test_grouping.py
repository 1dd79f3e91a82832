"""What rules count by, and that no stranger's text gets through as it came."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from otel_bridge.inspector.alerts.grouping import NAMED, PLAIN, GroupingError, cleaned, grouping, is_clean
from otel_bridge.inspector.alerts.rule import MOST_CHARACTERS
from otel_bridge.inspector.exchange import Side
from otel_bridge.inspector.query import FIELDS, Subject
from tests.inspector.strategies import an_exchange, exchanges

EXCHANGE = an_exchange(
    service="orders",
    route="orders-v1",
    consumer="acme",
    status=503,
    method="POST",
    route_template="/v1/orders/{id}",
    environment="production",
    bucket="b1",
    query="page=2&page=3&odd%20name=x",
    url="https://example.com/v1/orders?page=2",
    request=Side(headers=(("X-Tenant", "blue"), ("x-tenant", "red"), ("x.y", "1")), body=b"[1, 2]"),
    response=Side(
        body=b'{"error": {"code": "E_TIMEOUT"}, "n": 1.50, "t": true, "z": null, "l": [{"a": 1}, {"a": 2}],'
        b' "odd name": {"x": 123456789012345678901234567890}}'
    ),
)


@pytest.mark.parametrize(
    ("per", "expected"),
    [
        ("", ""),
        ("service", "orders"),
        ("route", "orders-v1"),
        ("consumer", "acme"),
        ("host", "example.com"),
        ("path", "/v1/orders"),
        ("endpoint", "/v1/orders/{id}"),
        ("status", "503"),
        ("method", "POST"),
        ("api", "orders/orders-v1"),
        ("ip", "10.1.2.3"),
        ("environment", "production"),
        ("bucket", "b1"),
        ("gateway", "kong-1"),
        ("source", "service"),
        ("upstream.address", "10.9.9.9"),
        ("req.header.X-TENANT", "blue"),
        ('req.header["x.y"]', "1"),
        ("req.header.x-missing", ""),
        ("resp.header.x-tenant", ""),
        ("req.query.page", "2"),
        ('req.query["odd name"]', "x"),
        ("req.json[1]", "2"),
        ("req.json[7]", ""),
        ("resp.json.error.code", "E_TIMEOUT"),
        ("resp.json.error", ""),
        ("resp.json.l", ""),
        ("resp.json.l.a", "1"),
        ("resp.json.n", "1.5"),
        ("resp.json.t", "true"),
        ("resp.json.z", "null"),
        ('resp.json["odd name"].x', "123456789012345678901234567890"),
    ],
)
def test_the_group_is_the_value(per: str, expected: str) -> None:
    assert expected == grouping(per)(Subject(EXCHANGE))


@pytest.mark.parametrize(
    ("per", "hint"),
    [
        ("servise", "did you mean `service`?"),
        ("consumer ", "did you mean `consumer`?"),
        ("duration", "known are api, bucket, "),
        ("trace", "known are "),
        ("is", "known are "),
        ("resp.xml./a/b", "known are "),
        ("service:orders", "did you mean `service`?"),
        ("service OR route", "did you mean `service`?"),
        ("-service", "did you mean `service`?"),
        ('"', "known are "),
        ("req.header", 'write req.header.NAME, odd names as req.header["odd name"]'),
        ("req.json.a..b", 'write req.json.PATH, odd names as req.json["odd name"]'),
        ("x" * 5000, "known are "),
    ],
)
def test_what_is_no_group_says_what_is(per: str, hint: str) -> None:
    with pytest.raises(GroupingError, match=re.escape(hint)):
        grouping(per)


def test_every_field_it_knows_is_one_of_the_language() -> None:
    assert {*PLAIN, *NAMED} <= {field.name for field in FIELDS}


PERS = st.sampled_from(
    ["", *PLAIN, "req.header.a", "resp.header.content-type", "req.query.a", "req.json.a", "resp.json[0]"]
)


@settings(max_examples=300, deadline=None)
@given(exchange=exchanges(), per=PERS)
def test_any_exchange_has_a_group_that_can_be_stored_and_shown(exchange: object, per: str) -> None:
    group = grouping(per)(Subject(exchange))  # type: ignore[arg-type]

    assert len(group) <= MOST_CHARACTERS
    assert is_clean(group)
    group.encode()


@given(st.text())
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert is_clean(cleaned(text))
    assert not is_clean(text) or cleaned(text) == text[:MOST_CHARACTERS]


@pytest.mark.parametrize("bad", ["\n", "\x00", "\x1b[2J", "\u202e", "\u2028", "\ud800", "\x9b"])
def test_what_a_terminal_or_a_log_would_obey_is_replaced(bad: str) -> None:
    assert cleaned(f"a{bad}b").startswith("a\N{REPLACEMENT CHARACTER}")
    assert not is_clean(bad)
