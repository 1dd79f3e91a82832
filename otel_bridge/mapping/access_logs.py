"""Kong's access logs as spans, so that one mapping reads both.

A log record (see `otlp/access_logs.py`) has the attributes that a span of the same request would have,
under the same names. Made of it is what a span has and a log has not:

    start       `kong.request.started_at`, else the record's time less the length
    end         the start and the length, `kong.latency.total`; without it the record's time
    ids         the record's; where it has none, ids made of Kong's request id, the same each time

Kong documents the latencies in seconds for its metrics and does not say what they are in its logs, where
Kong has always counted milliseconds. So the unit is chosen by the record's own times; where those say
nothing, whole numbers are milliseconds.
"""

from __future__ import annotations

import hashlib
from collections.abc import MutableSequence
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import ScopeSpans, Span

from otel_bridge.mapping import kong, scalars
from otel_bridge.mapping.bounds import MOST_ATTRIBUTES, SPAN_ID, TRACE_ID
from otel_bridge.otlp.levels import LogRecord, LogsRequest, ResourceLogs, ScopeLogs
from otel_bridge.otlp.levels import Span as SpanLevel
from otel_bridge.otlp.values import Value, decode, encode, split

SOURCE = "access log"

_SOURCE = KeyValue(key="otel_bridge.source", value=AnyValue(string_value=SOURCE)).SerializeToString()
_LATENCY = b"kong.latency."
_TOTAL = b"kong.latency.total"
_STARTED = b"kong.request.started_at"
_REQUEST_ID = b"kong.request.id"
_URL, _QUERY = b"url.full", b"url.query"

_SECOND = 1_000_000_000
_MILLISECOND = 1_000_000
# A Unix time of these days in seconds, milliseconds, microseconds and nanoseconds is below these.
_UNITS = ((1e11, _SECOND), (1e14, _MILLISECOND), (1e17, 1_000), (2**63, 1))


class _Times(NamedTuple):
    """Nanoseconds."""

    start: int
    end: int
    latency_unit: int
    """What 1 of a latency is."""


def as_traces(record: bytes) -> bytes:
    """*record*, an ExportLogsServiceRequest of access logs, as ExportTraceServiceRequest.

    Each log record is a SERVER span at the same address.
    """
    request = ExportTraceServiceRequest()
    for raw in LogsRequest.FromString(record).resource_logs:
        resource_logs = ResourceLogs.FromString(raw)
        resource_spans = request.resource_spans.add()
        resource_spans.resource.ParseFromString(resource_logs.resource)
        for part in resource_logs.scope_logs:
            scope_logs = ScopeLogs.FromString(part)
            scope_spans = resource_spans.scope_spans.add()
            scope_spans.scope.ParseFromString(scope_logs.scope)
            _add_spans(scope_spans, scope_logs.log_records)
    return request.SerializeToString()


def _add_spans(scope_spans: ScopeSpans, log_records: MutableSequence[bytes]) -> None:
    for raw in log_records:
        scope_spans.spans.add().ParseFromString(_span(raw) if raw else b"")


def _span(raw: bytes) -> bytes:
    log = LogRecord.FromString(raw)
    items = list(log.attributes[:MOST_ATTRIBUTES])
    said = dict(map(split, items))
    times = _times(log.time_unix_nano or log.observed_time_unix_nano, said)
    trace_id, span_id = _ids(log.trace_id, log.span_id, said.get(_REQUEST_ID, b""))
    head = Span(
        trace_id=trace_id,
        span_id=span_id,
        name=kong.ROOT.decode(),
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=times.start,
        end_time_unix_nano=times.end,
    )
    span = SpanLevel.FromString(head.SerializeToString())
    span.attributes.extend(_rewritten(item, said, times.latency_unit) for item in items)
    span.attributes.append(_SOURCE)
    return span.SerializeToString()


def _rewritten(item: bytes, said: dict[bytes, bytes], latency_unit: int) -> bytes:
    """*item* as a span would have it: latencies in seconds, the whole URL with its query."""
    name, raw = split(item)
    value: Value = None
    if name.startswith(_LATENCY):
        figure = scalars.number(decode(raw))
        if figure is not None:
            value = figure * latency_unit / _SECOND
    elif name == _URL and _QUERY in said:
        url, query = scalars.url_text(decode(raw)), scalars.url_text(decode(said[_QUERY]))
        if url and query and "?" not in url:
            value = f"{url}?{query.removeprefix('?')}"
    if value is None:
        return item
    return KeyValue(key=name.decode(), value=AnyValue.FromString(encode(value))).SerializeToString()


def _times(logged: int, said: dict[bytes, bytes]) -> _Times:
    started = _unix_ns(_number(said, _STARTED))
    total = _number(said, _TOTAL)
    unit = _latency_unit(said, total, logged - started if logged and started else 0)
    length = round(max(0.0, total or 0.0) * unit)
    start = started or max(0, logged - length)
    return _Times(start, start + length if total is not None else max(start, logged), unit)


def _latency_unit(said: dict[bytes, bytes], total: float | None, elapsed: int) -> int:
    """Nanoseconds of 1 of a latency; *elapsed* is how long the record's times say it took, or 0."""
    if total and elapsed > 0:
        # A record is written after the end, so it says too much rather than too little.
        return min((_SECOND, _MILLISECOND), key=lambda unit: abs(total * unit - elapsed))
    figures = [_number(said, name) for name in said if name.startswith(_LATENCY)]
    return (
        _MILLISECOND if all(figure is None or float(figure).is_integer() for figure in figures) else _SECOND
    )


def _unix_ns(figure: float | None) -> int:
    """The Unix time *figure* in whatever unit makes it one; 0 where none does."""
    if figure is None or figure <= 0:
        return 0
    return next((round(figure * unit) for limit, unit in _UNITS if figure < limit), 0)


def _number(said: dict[bytes, bytes], name: bytes) -> float | None:
    return scalars.number(decode(said[name])) if name in said else None


def _ids(trace_id: bytes, span_id: bytes, request_id: bytes) -> tuple[bytes, bytes]:
    made = hashlib.sha256(request_id, usedforsecurity=False).digest()
    return trace_id or made[:TRACE_ID], span_id or made[TRACE_ID : TRACE_ID + SPAN_ID]
