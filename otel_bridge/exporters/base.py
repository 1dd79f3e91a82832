"""What a vendor is to the bridge. A vendor's folder: `settings`, `destination`, `exporter`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from otel_bridge.delivery.target import Target
from otel_bridge.mapping.exchange import Body, HttpExchange

# The collector's plugin never sent a larger payload, and destinations are sized for it.
MAX_PAYLOAD = 20 * 1024 * 1024


class UnfitError(ValueError):
    """An exchange that can't be sent; says why."""


class NotEncodableError(UnfitError):
    """It holds a value that its format has no way to say."""


class TooLargeError(UnfitError):
    """An exchange that no payload can hold, even without its bodies; says how large it is."""


class Destination(Target, Protocol):
    """A vendor's encoding and wire, for one configured exporter."""

    @property
    def max_payload(self) -> int:
        """Most bytes that the entries of one payload may have together, separators included."""
        ...

    def entry(self, exchange: HttpExchange) -> bytes:
        """*exchange* encoded; without its bodies where it is too large with them.

        Raises TooLargeError where it still is, and NotEncodableError.
        """
        ...


def fitting(exchange: HttpExchange, encode: Callable[[HttpExchange], bytes], most: int) -> bytes:
    """*exchange* as *encode* gives it, in at most *most* bytes: with its bodies, else without them.

    Raises TooLargeError where it is larger even so, and NotEncodableError where *encode* fails.
    """
    try:
        data = encode(exchange)
        if len(data) > most:
            data = encode(without_bodies(exchange, why="too large"))
    except (TypeError, ValueError) as error:
        # One exchange must not stop all that come behind it.
        raise NotEncodableError(f"it can't be encoded: {error}") from error
    if len(data) > most:
        raise TooLargeError(f"{len(data)} bytes without its bodies; a payload holds at most {most}")
    # Entries wait, and are counted by their length; what orjson returns has eight times as much allocated.
    return bytes(memoryview(data))


def without_bodies(exchange: HttpExchange, *, why: str) -> HttpExchange:
    """*exchange* with its bodies' sizes instead of their content, which says *why*."""
    return exchange._replace(
        request_body=_emptied(exchange.request_body, why),
        response_body=_emptied(exchange.response_body, why),
    )


def _emptied(body: Body, why: str) -> Body:
    if body.content is None:
        return body
    size = body.size
    if size is None and not (body.truncated or body.redacted or body.decoded):
        size = len(body.content)
    return body._replace(content=None, size=size, omitted=why)
