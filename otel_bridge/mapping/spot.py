"""From a record to the exchanges in it.

Each span is an exchange, or helps one, or is counted under the reason why it is neither:

    internal, client, producer,     its kind; Kong's helper spans are counted so too
    consumer, unspecified
    gateway_internal_request        a call that a plugin of Kong's made
    orphan                          what Kong leaves of a request that nginx refused: no root, no parent
    not_http                        a server's span without a method

so that exchanges and skipped spans together are all spans of the record.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from operator import attrgetter
from typing import NamedTuple

from opentelemetry.proto.trace.v1.trace_pb2 import Status

from otel_bridge.mapping import kong
from otel_bridge.mapping.assemble import Draft, exchange
from otel_bridge.mapping.attributes import KONG, OTHERS, PLAIN, Said, with_bodies
from otel_bridge.mapping.bounds import LONGEST_NAME, MOST_ATTRIBUTES, MOST_EVENTS, SPAN_ID, TRACE_ID
from otel_bridge.mapping.exchange import HelperSpan, HttpExchange
from otel_bridge.mapping.family import join
from otel_bridge.mapping.late import LooseHelper
from otel_bridge.mapping.layout import LAYOUTS
from otel_bridge.mapping.senders import SENDERS, Sender
from otel_bridge.otlp.messages import KIND_SERVER, PackedRequest, PackedScopeSpans, PackedSpan

_KONG = kong.SCOPE.decode()
_OWN_CALL = "gateway_internal_request"
_KINDS = {0: "unspecified", 1: "internal", 2: "not_http", 3: "client", 4: "producer", 5: "consumer"}

# Makes a named tuple as its own constructor does, without the call of a Python function: half the price.
_new = tuple.__new__

# Several in one go, because each access to a message costs as much as a line of Python.
_exchange_parts = attrgetter(
    "trace_id", "span_id", "parent_span_id", "start_time_unix_nano", "end_time_unix_nano", "attributes"
)
_helper_parts = attrgetter("trace_id", "span_id", "start_time_unix_nano", "end_time_unix_nano", "status")


class SpanAddress(NamedTuple):
    """Where a span stands in its record."""

    resource: int
    scope: int
    span: int


class Found(NamedTuple):
    exchange: HttpExchange
    span: SpanAddress


class Spotted(NamedTuple):
    exchanges: list[Found]
    """In the order of the record; helper spans of the same record are in them."""
    helpers: list[LooseHelper]
    skipped: dict[str, int]
    cut: dict[str, int]
    """How often something was left out of an exchange, by reason; see `bounds.py`."""


def spot(record: bytes, *, details: bool = True) -> Spotted:
    """Find the exchanges of *record*, a normalised ExportTraceServiceRequest.

    Without *details* Kong's helper spans are left out, but for what timings need: the tries of its
    balancer, without their attributes. That saves a third of the work where no output shows more.
    """
    search = _Search(details=details)
    for i, resource_spans in enumerate(PackedRequest.FromString(record).resource_spans):
        by = SENDERS[resource_spans.resource]
        for j, scope_spans in enumerate(resource_spans.scope_spans):
            if scope_spans.scope.name == kong.SCOPE:
                search.kongs(scope_spans, (i, j), by)
            else:
                search.others(scope_spans, (i, j), by)
    helpers = join(search.roots, search.helpers)
    exchanges = [_new(Found, (exchange(draft), address)) for address, draft in search.drafts]
    return Spotted(exchanges, helpers, dict(Counter(search.skipped)), dict(Counter(search.cut)))


class _Search:
    """What was found in one record so far."""

    def __init__(self, *, details: bool) -> None:
        self.drafts: list[tuple[SpanAddress, Draft]] = []
        self.skipped: list[str] = []
        self.cut: list[str] = []
        self.roots: list[Draft] = []
        self.helpers: defaultdict[str, list[tuple[bytes, HelperSpan]]] = defaultdict(list)
        """By sender, each with its trace."""
        self._details = details

    def others(self, scope_spans: PackedScopeSpans, place: tuple[int, int], by: Sender) -> None:
        """Look through the spans of anything but Kong."""
        scope = scope_spans.scope.name[:LONGEST_NAME].decode(errors="replace")
        for number, span in enumerate(scope_spans.spans):
            kind = span.kind
            if kind != KIND_SERVER:
                self.skipped.append(_KINDS.get(kind, "unspecified"))
                continue
            trace_id, span_id, parent, start, end, attributes = _exchange_parts(span)
            said = OTHERS.read(attributes, self.cut)
            if span.events:
                said = self._with_events(said, span)
            layout = LAYOUTS[tuple(said)]
            if layout.is_exchange:
                ids = trace_id[:TRACE_ID], span_id[:SPAN_ID], parent[:SPAN_ID]
                draft = _new(Draft, (*ids, start, end, said, layout, scope, by, False, []))
                self.drafts.append((_new(SpanAddress, (*place, number)), draft))
            else:
                self.skipped.append("not_http")

    def kongs(self, scope_spans: PackedScopeSpans, place: tuple[int, int], by: Sender) -> None:
        """Look through the spans of Kong's own scope."""
        names, details = kong.HELPER_NAMES, self._details
        skipped, helpers = self.skipped, self.helpers[by.key]
        for number, span in enumerate(scope_spans.spans):
            kind, name = span.kind, span.name
            if kind == KIND_SERVER and kong.is_root(name):
                self._kong_root(span, _new(SpanAddress, (*place, number)), by)
                continue
            parent, about = span.parent_span_id, names.known(name) or names[name]
            if not parent:
                skipped.append("orphan")
                continue
            skipped.append(_OWN_CALL if about.own_call else _KINDS.get(kind, "unspecified"))
            if details or about.balancer:
                trace_id, span_id, start, end, status = _helper_parts(span)
                failed = bool(status) and Status.FromString(status).code == Status.STATUS_CODE_ERROR
                told = dict([PLAIN[item] for item in span.attributes[:MOST_ATTRIBUTES]]) if details else {}
                ids = span_id[:SPAN_ID], parent[:SPAN_ID]
                times = start, max(start, end)
                helper = _new(HelperSpan, (*ids, about.text, kind, *times, failed, told))
                helpers.append((trace_id[:TRACE_ID], helper))

    def _kong_root(self, span: PackedSpan, address: SpanAddress, by: Sender) -> None:
        trace_id, span_id, parent, start, end, attributes = _exchange_parts(span)
        said = KONG.read(attributes, self.cut)
        layout = LAYOUTS[tuple(said)]
        if layout.is_exchange:
            ids = trace_id[:TRACE_ID], span_id[:SPAN_ID], parent[:SPAN_ID]
            draft = _new(Draft, (*ids, start, end, said, layout, _KONG, by, True, []))
            self.drafts.append((address, draft))
            self.roots.append(draft)
        else:
            self.skipped.append("not_http")

    def _with_events(self, said: Said, span: PackedSpan) -> Said:
        events = span.events
        if len(events) > MOST_EVENTS:
            self.cut.append("events")
        for event in events[:MOST_EVENTS]:
            said = with_bodies(said, OTHERS.read(event.attributes, self.cut))
        return said
