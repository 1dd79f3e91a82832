"""One exchange cut out of its record, as OTLP: what a dead letter keeps."""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import TypeVar

from otel_bridge.mapping.spot import SpanAddress, spot
from otel_bridge.otlp.messages import PackedRequest

Group = TypeVar("Group")


def single(record: bytes, address: SpanAddress) -> bytes:
    """A trace request with the exchange at *address* of *record* and its helper spans there.

    Raises LookupError where no exchange is at *address*.
    """
    exchange = next((found.exchange for found in spot(record).exchanges if found.span == address), None)
    if exchange is None:
        raise LookupError(f"no exchange at {address} of the record")
    helpers = {helper.span_id for helper in exchange.helpers}
    request = PackedRequest.FromString(record)
    for i, resource_spans in enumerate(request.resource_spans):
        for j, scope_spans in enumerate(resource_spans.scope_spans):
            kept = [
                span
                for k, span in enumerate(scope_spans.spans)
                if (i, j, k) == address or (span.trace_id == exchange.trace_id and span.span_id in helpers)
            ]
            del scope_spans.spans[:]
            scope_spans.spans.extend(kept)
        _drop_empty(resource_spans.scope_spans, "spans")
    _drop_empty(request.resource_spans, "scope_spans")
    return request.SerializeToString()


def _drop_empty(groups: MutableSequence[Group], members: str) -> None:
    kept = [group for group in groups if getattr(group, members)]
    del groups[:]
    groups.extend(kept)
