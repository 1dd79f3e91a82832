"""Where in what a span says each part of its exchange stands.

Gateways write the same attributes in the same order, span after span. So which of them feeds which field,
and in what order the headers go, is worked out once for each order of attributes; after that the parts of
an exchange are picked by their places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from otel_bridge.mapping.attributes import MASKED, SEVERAL, Said, field_of
from otel_bridge.mapping.exchange import Headers
from otel_bridge.mapping.memory import Memory

# Nothing that gateways send comes near; the memory holds at most some 5 MB.
REMEMBERED = 512
LONGEST_REMEMBERED = 8192


class Fields(NamedTuple):
    """What attributes say, by the rows of `names.FIELDS`, or stands for it where they don't."""

    method: str = ""
    url: str = ""
    scheme: str = ""
    host: str = ""
    port: int | None = None
    path: str = "/"
    query: str = ""
    target: str = ""
    http_version: str = ""
    status: int = 0
    user_agent: str = ""
    request_size: int | None = None
    response_size: int | None = None
    client_address: str = ""
    peer_address: str = ""
    client_port: int | None = None
    server_address: str = ""
    route_template: str = ""
    service: str = ""
    route: str = ""
    consumer: str = ""
    service_id: str = ""
    route_id: str = ""
    consumer_id: str = ""
    request_id: str = ""
    response_source: str = ""
    upstream_status: int | None = None
    latency_internal: float | None = None
    latency_upstream: float | None = None
    latency_receive: float | None = None
    capture_version: str = ""
    source: str = ""
    masked: bool = False
    request_headers: Headers = ()
    """Of one attribute with all headers; so is the next one."""
    response_headers: Headers = ()


class BodyParts(NamedTuple):
    """Likewise of one side's body, by the rows of `names.BODY`."""

    content: bytes | bool | None = None
    """False: there was some, and nobody can read it."""
    encoding: str = ""
    size: int | None = None
    truncated: bool = False
    incomplete: bool = False
    omitted: str = ""
    redacted: bool = False
    decoded: bool = False


Values = tuple[Any, ...]

_DEFAULTS: Values = (*Fields(), *BodyParts())


def values_of(said: Said) -> Values:
    """What a layout picks from: the values of *said*, and behind them the defaults."""
    return (*said.values(), *_DEFAULTS)


class Layout:
    """The places of what is said by attributes with certain keys in a certain order.

    Each member picks out of `values_of` them.
    """

    def __init__(self, keys: tuple[str, ...]) -> None:
        places = _places(keys)
        headers = sorted(field for field in places if ":" in field)
        self.is_exchange = "method" in places
        self.fields: Callable[[Values], Values] = itemgetter(
            *(places.get(name, len(keys) + i) for i, name in enumerate(Fields._fields))
        )
        """The values of `Fields`."""
        self.request_body = _body(places, "request", len(keys))
        """Those of `BodyParts`; None where nothing is said of that body."""
        self.response_body = _body(places, "response", len(keys))
        self.requested = _headers(keys, [places[name] for name in headers if name.startswith("request:")])
        """The `Headers` that have attributes of their own, in the order of their names."""
        self.answered = _headers(keys, [places[name] for name in headers if name.startswith("response:")])
        self.host = _host(keys, places)
        """The Host header, "" without one."""
        self.masked = any(MASKED in keys[places[name]] for name in headers)
        """Whether redaction replaced a value of theirs."""


LAYOUTS: Memory[tuple[str, ...], Layout] = Memory(
    Layout, entries=REMEMBERED, longest=LONGEST_REMEMBERED, size=lambda keys: sum(map(len, keys))
)
"""By all keys, in their order, of what was read."""


def _places(keys: Sequence[str]) -> dict[str, int]:
    """Which of *keys* each field or header comes from: the lowest of its row, and of equals the last."""
    found: dict[str, int] = {}
    for place, key in enumerate(keys):
        field = field_of(key)
        if field not in found or key[0] <= keys[found[field]][0]:
            found[field] = place
    return found


def _body(places: Mapping[str, int], side: str, end: int) -> Callable[[Values], Values] | None:
    names = [f"{side}_body_{part}" for part in BodyParts._fields]
    if places.keys().isdisjoint(names):
        return None
    first = end + len(Fields._fields)
    return itemgetter(*(places.get(name, first + i) for i, name in enumerate(names)))


def _headers(keys: Sequence[str], places: Sequence[int]) -> Callable[[Values], Headers]:
    if len(places) > 1 and not any(SEVERAL in keys[place] for place in places):
        return itemgetter(*places)
    several = {place for place in places if SEVERAL in keys[place]}

    def pick(values: Values) -> Headers:
        return tuple(
            [pair for place in places for pair in (values[place] if place in several else (values[place],))]
        )

    return pick


def _host(keys: Sequence[str], places: Mapping[str, int]) -> Callable[[Values], str]:
    place = places.get("request:host")
    if place is None or MASKED in keys[place]:
        return lambda _: ""
    if SEVERAL in keys[place]:
        return lambda values: str(values[place][0][1])
    return lambda values: str(values[place][1])
