"""What is kept of what arrives."""

from __future__ import annotations

import pytest

from otel_bridge.inspector.exchange import Side
from otel_bridge.inspector.policy import NOT_KEPT, Policy
from otel_bridge.inspector.query import QuerySyntaxError
from otel_bridge.inspector.settings import LogBodies
from tests.inspector.exchanges import an_exchange

BODIES = {"request": Side(body=b"abc", body_size=3), "response": Side(body_size=7, omitted="content type")}


@pytest.mark.parametrize(
    ("log_bodies", "status", "kept"),
    [
        (LogBodies.ALL, 200, True),
        (LogBodies.ERRORS, 200, False),
        (LogBodies.ERRORS, 399, False),
        (LogBodies.ERRORS, 400, True),
        (LogBodies.ERRORS, 0, True),
        (LogBodies.NONE, 500, False),
    ],
)
def test_bodies_are_kept_as_configured(log_bodies: LogBodies, status: int, kept: bool) -> None:
    [found] = Policy(log_bodies=log_bodies, exclude=()).apply([an_exchange(status=status, **BODIES)])

    assert (b"abc" if kept else None, 3) == (found.request.body, found.request.body_size)
    assert ("" if kept else NOT_KEPT, "content type") == (found.request.omitted, found.response.omitted)


def test_what_a_query_excludes_is_not_kept() -> None:
    policy = Policy(log_bodies=LogBodies.NONE, exclude=["path:/health*", "status:204 method:OPTIONS"])
    exchanges = [
        an_exchange(path="/healthz"),
        an_exchange(path="/orders"),
        an_exchange(status=204, method="OPTIONS"),
        an_exchange(status=204, method="DELETE", path="/orders/1"),
    ]

    assert ["/orders", "/orders/1"] == [exchange.path for exchange in policy.apply(exchanges)]


def test_a_query_that_is_none_stops_the_start() -> None:
    with pytest.raises(QuerySyntaxError):
        Policy(log_bodies=LogBodies.ALL, exclude=["status:"])
