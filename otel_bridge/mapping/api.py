"""What an exchange belongs to: the unit that is buffered, batched and delivered together."""

from __future__ import annotations

from typing import NamedTuple

from otel_bridge.mapping.exchange import HttpExchange


class Api(NamedTuple):
    kind: str
    """`service`, `route` or `host`; the names of the last come from clients and have no end."""
    name: str


def api(exchange: HttpExchange) -> Api:
    """Kong's service and route where known, else the route's template, else the host."""
    if exchange.service:
        route = f"/{exchange.route}" if exchange.route else ""
        return Api("service", exchange.service + route)
    template = exchange.route or exchange.route_template
    return Api("route", template) if template else Api("host", exchange.host.lower())
