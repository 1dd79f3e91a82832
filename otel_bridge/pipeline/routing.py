"""Which exporter of a type takes an exchange.

Exporters of one type compete and the most specific match alone takes it, in Kong's own precedence of
entities: consumer, route and service; then host, scope and the resource's service.name; then none.
The inspector competes with nobody.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from otel_bridge.mapping import HttpExchange

# Most specific first. Kong ranks consumer+route+service over route+consumer, consumer+service,
# route+service, consumer, route, service: the order of these weights.
_WEIGHTS = {"consumer": 32, "route": 16, "service": 8, "host": 4, "scope": 2, "service_name": 1}

_READ: Mapping[str, Callable[[HttpExchange], object]] = {
    "consumer": lambda exchange: exchange.consumer,
    "route": lambda exchange: exchange.route,
    "service": lambda exchange: exchange.service,
    "host": lambda exchange: exchange.host,
    "scope": lambda exchange: exchange.scope,
    "service_name": lambda exchange: exchange.resource.get("service.name"),
}


@dataclass(frozen=True, slots=True)
class Selector:
    """`apply_to`: every named part must match one of its exact values; an empty one takes all."""

    parts: Mapping[str, frozenset[str]]

    def matches(self, exchange: HttpExchange) -> bool:
        return all(_READ[part](exchange) in names for part, names in self.parts.items())

    @property
    def rank(self) -> tuple[int, int]:
        """Greater is more specific: Kong's entities by how many and which, then the others."""
        kong = [part for part in self.parts if _WEIGHTS[part] >= _WEIGHTS["service"]]
        return (len(kong), sum(_WEIGHTS[part] for part in self.parts))


class Router:
    """Chooses among the exporters of one type."""

    def __init__(self, selectors: Mapping[str, Selector]) -> None:
        self._ranked: Sequence[tuple[str, Selector]] = sorted(
            selectors.items(), key=lambda item: item[1].rank, reverse=True
        )

    def choose(self, exchange: HttpExchange) -> str | None:
        """The name of the exporter that takes *exchange*; None where no selector matches."""
        for name, selector in self._ranked:
            if not selector.parts or selector.matches(exchange):
                return name
        return None

    def takes(self, name: str) -> Callable[[HttpExchange], bool]:
        """The question as the exporter *name* asks it."""
        if len(self._ranked) == 1 and not self._ranked[0][1].parts:
            return lambda _: True
        return lambda exchange: self.choose(exchange) == name
