"""What a vendor is to the bridge. A vendor's folder: `settings`, `destination`, `exporter`."""

from __future__ import annotations

from typing import Protocol

from otel_bridge.delivery.target import Target
from otel_bridge.mapping.exchange import Body, HttpExchange

# The collector's plugin never sent a larger payload, and destinations are sized for it.
MAX_PAYLOAD = 20 * 1024 * 1024


class TooLargeError(ValueError):
    """An exchange that no payload can hold, even without its bodies; says how large it is."""


class Destination(Target, Protocol):
    """A vendor's encoding and wire, for one configured exporter."""

    def entry(self, exchange: HttpExchange) -> bytes:
        """*exchange* encoded; without its bodies where it is too large with them.

        Raises TooLargeError where it still is.
        """
        ...


def without_bodies(exchange: HttpExchange) -> HttpExchange:
    """*exchange* with its bodies' sizes instead of their content."""
    return exchange._replace(
        request_body=_emptied(exchange.request_body), response_body=_emptied(exchange.response_body)
    )


def _emptied(body: Body) -> Body:
    if body.content is None:
        return body
    size = body.size
    if size is None and not (body.truncated or body.redacted or body.decoded):
        size = len(body.content)
    return body._replace(content=None, size=size, omitted="too large")
