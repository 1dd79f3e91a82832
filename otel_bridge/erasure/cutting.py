"""What goes out of a record with an exchange: its span, and what else its trace left there.

A span that stays keeps its address: pipelines have it in memory. Spans of an erased exchange's trace that
are no exchange themselves go with it: nobody else is told by them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from otel_bridge.mapping import SpanAddress, spot
from otel_bridge.mapping.removal import logs_without, without
from otel_bridge.otlp.messages import PackedRequest


def cut(record: bytes, gone: Collection[SpanAddress], traces: Collection[bytes]) -> bytes | None:
    """*record* without the exchanges at *gone*, and what is left of *traces*; None: it has neither."""
    spans = {*gone, *_of_traces(record, traces, gone)}
    return without(record, spans) if spans else None


def cut_logs(record: bytes, gone: Collection[SpanAddress]) -> bytes | None:
    """Likewise of *record*, an ExportLogsServiceRequest of access logs, each of which is an exchange."""
    return logs_without(record, gone) if gone else None


def _of_traces(
    record: bytes, traces: Collection[bytes], gone: Collection[SpanAddress]
) -> Iterator[SpanAddress]:
    """Spans of *traces* that are no exchanges, nor helper spans of one that stays: of one not in *gone*."""
    members = list(_members(record, traces))
    if not members:
        return
    exchanges = spot(record).exchanges
    others = {found.span for found in exchanges}
    helping = {
        helper.span_id for found in exchanges if found.span not in gone for helper in found.exchange.helpers
    }
    for address, span_id in members:
        if address not in others and span_id not in helping:
            yield address


def _members(record: bytes, traces: Collection[bytes]) -> Iterator[tuple[SpanAddress, bytes]]:
    for i, resource_spans in enumerate(PackedRequest.FromString(record).resource_spans):
        for j, scope_spans in enumerate(resource_spans.scope_spans):
            for k, span in enumerate(scope_spans.spans):
                if span.trace_id and span.trace_id in traces:
                    yield SpanAddress(i, j, k), span.span_id
