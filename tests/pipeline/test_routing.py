from __future__ import annotations

import pytest

from otel_bridge.mapping import HttpExchange
from otel_bridge.pipeline.routing import Router, Selector
from tests.formats.exchanges import an_exchange


def exchange(**parts: object) -> HttpExchange:
    return an_exchange(**{"scope": "", "host": "127.0.0.1", **parts})


def selector(**parts: str) -> Selector:
    return Selector({name: frozenset([value]) for name, value in parts.items()})


@pytest.mark.parametrize(
    ("seen", "expected"),
    [
        (exchange(), "all"),
        (exchange(service="orders"), "service"),
        (exchange(service="orders", route="list"), "route"),
        (exchange(service="orders", route="list", consumer="alice"), "consumer"),
        (exchange(service="billing", route="list", consumer="bob"), "both"),
        (exchange(host="api.example.com"), "host"),
        (exchange(host="api.example.com", service="orders"), "service"),
        (exchange(scope="kong-internal"), "scope"),
        (exchange(resource={"service.name": "edge"}), "service_name"),
        (exchange(scope="kong-internal", resource={"service.name": "edge"}), "scope"),
    ],
)
def test_the_most_specific_exporter_takes_an_exchange(seen: HttpExchange, expected: str) -> None:
    router = Router(
        {
            "all": Selector({}),
            "service_name": selector(service_name="edge"),
            "scope": selector(scope="kong-internal"),
            "host": selector(host="api.example.com"),
            "service": selector(service="orders"),
            "route": selector(route="list"),
            "consumer": selector(consumer="alice"),
            "both": selector(consumer="bob", service="billing"),
        }
    )

    assert expected == router.choose(seen)
    assert {expected} == {name for name in ("all", "host", expected) if router.takes(name)(seen)}


def test_an_exchange_may_match_nobody() -> None:
    router = Router({"orders": selector(service="orders")})

    assert router.choose(exchange(service="billing")) is None
    assert not router.takes("orders")(exchange(service="billing"))


def test_a_part_with_several_names_takes_any_of_them() -> None:
    router = Router({"two": Selector({"service": frozenset(["orders", "billing"])})})

    assert router.choose(exchange(service="billing")) == "two"
