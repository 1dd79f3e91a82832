"""Which helper span belongs to which Kong root, in the same request or in another.

By the parent span id, or through another helper span of the root. Where that fails (Kong 3.4 hangs the
balancer's span below the caller's span; a plugin's own span may have stayed behind) by trace, resource
and time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import attrgetter
from typing import NamedTuple, Protocol

from otel_bridge.mapping.exchange import HelperSpan, HttpExchange
from otel_bridge.mapping.kong import is_balancer, may_hang_elsewhere
from otel_bridge.mapping.senders import identity

# Kong stamps a root in whole milliseconds and its helpers in smaller steps.
SLACK_NS = 1_000_000

_ORDER = attrgetter("start_ns", "span_id")


class LooseHelper(NamedTuple):
    """A helper span whose root is not in its record."""

    helper: HelperSpan
    trace_id: bytes
    resource_key: str


class Root(Protocol):
    """What is asked of a root; an HttpExchange has it."""

    @property
    def span_id(self) -> bytes: ...
    @property
    def parent_span_id(self) -> bytes: ...
    @property
    def start_ns(self) -> int: ...
    @property
    def end_ns(self) -> int: ...
    @property
    def helpers(self) -> Sequence[HelperSpan]: ...


def attach(exchange: HttpExchange, helpers: Iterable[HelperSpan]) -> HttpExchange:
    """*exchange* with *helpers* among its own, each once."""
    known = {helper.span_id for helper in exchange.helpers}
    new = {helper.span_id: helper for helper in helpers if helper.span_id not in known}
    if not new:
        return exchange
    return exchange._replace(helpers=ordered([*exchange.helpers, *new.values()]))


def ordered(helpers: Sequence[HelperSpan]) -> tuple[HelperSpan, ...]:
    """Helper spans in the order in which they began."""
    return tuple(sorted(helpers, key=_ORDER)) if len(helpers) > 1 else tuple(helpers)


def belongs(helper: LooseHelper, exchange: HttpExchange) -> bool:
    """Whether *helper* tells about *exchange*."""
    if not exchange.gateway_root or helper.trace_id != exchange.trace_id:
        return False
    return is_below(helper.helper, exchange) or (
        helper.resource_key == identity(exchange.resource) and may_be_below(helper.helper, exchange)
    )


def is_below(helper: HelperSpan, root: Root) -> bool:
    """Whether the parent of *helper* is *root* or a helper span of it."""
    parent = helper.parent_span_id
    return parent == root.span_id or any(parent == other.span_id for other in root.helpers)


def may_be_below(helper: HelperSpan, root: Root) -> bool:
    """Whether *helper*, of the same trace and sender, fits into *root* though its parent is another."""
    return (
        root.start_ns - SLACK_NS <= helper.start_ns
        and helper.end_ns <= root.end_ns + SLACK_NS
        and may_hang_elsewhere(helper.name, root_has_parent=bool(root.parent_span_id))
    )


def awaits_balancer(exchange: HttpExchange) -> bool:
    """Whether the balancer's span that succeeded may still come.

    Kong's own answers never have one; only a capture says that an answer was Kong's own.
    """
    if not exchange.gateway_root or exchange.response_source == "exit":
        return False
    return not any(is_balancer(helper.name) and not helper.error for helper in exchange.helpers)
