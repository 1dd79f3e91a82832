from __future__ import annotations

import pytest

from otel_bridge.mapping import Api, api
from tests.mapping.spans import Attributes, exchange_of

SHOP: Attributes = {"http.url": "http://Shop.example.com:8080/cart"}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        (
            {"kong.service.name": "orders", "kong.route.name": "list", "http.route": "/o"},
            ("service", "orders/list"),
        ),
        ({"kong.service.name": "orders", "http.route": "/orders"}, ("service", "orders")),
        ({"kong.route.name": "serviceless", "http.route": "/blocked"}, ("route", "serviceless")),
        ({"http.route": "~/users/(?<id>\\d+)$"}, ("route", "~/users/(?<id>\\d+)$")),
        ({"http.route": ""}, ("host", "shop.example.com")),
        ({}, ("host", "shop.example.com")),
    ],
)
def test_what_an_exchange_belongs_to(attributes: Attributes, expected: tuple[str, str]) -> None:
    assert Api(*expected) == api(exchange_of({**SHOP, **attributes}))
