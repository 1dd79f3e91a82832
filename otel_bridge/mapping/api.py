"""What an exchange belongs to: the unit that is buffered, batched and delivered together."""

from __future__ import annotations

from typing import NamedTuple

from otel_bridge.mapping.exchange import HttpExchange
from otel_bridge.mapping.memory import Memory


class Api(NamedTuple):
    kind: str
    """`service`, `route` or `host`; the names of the last come from clients and have no end."""
    name: str


def api(exchange: HttpExchange) -> Api:
    """Kong's service and route where known, else the route's template, else the host."""
    if exchange.service:
        return _SERVICES[exchange.service, exchange.route]
    template = exchange.route or exchange.route_template
    return Api("route", template) if template else Api("host", exchange.host.lower())


def _of_service(entities: tuple[str, str]) -> Api:
    service, route = entities
    return Api("service", f"{service}/{route}" if route else service)


_SERVICES = Memory(_of_service, entries=1024, longest=512, size=lambda entities: sum(map(len, entities)))
