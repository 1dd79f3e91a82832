"""Spans, or log records, taken out of a record."""

from __future__ import annotations

from collections.abc import Collection
from typing import cast

from google.protobuf.message import Message

from otel_bridge.mapping.spot import SpanAddress
from otel_bridge.otlp.levels import LogsRequest, ResourceLogs, ScopeLogs
from otel_bridge.otlp.messages import PackedRequest


def without(record: bytes, gone: Collection[SpanAddress]) -> bytes:
    """*record* with an empty span in the place of each at *gone*, so that the others keep their addresses.

    What is left with no span at all loses its scope and resource too.
    """
    request = PackedRequest.FromString(record)
    for i, resource_spans in enumerate(request.resource_spans):
        used = False
        for j, scope_spans in enumerate(resource_spans.scope_spans):
            for k, span in enumerate(scope_spans.spans):
                if SpanAddress(i, j, k) in gone:
                    cast(Message, span).Clear()
            if any(cast(Message, span).ByteSize() for span in scope_spans.spans):
                used = True
            else:
                cast(Message, scope_spans).ClearField("scope")
        if not used:
            cast(Message, resource_spans).ClearField("resource")
    return request.SerializeToString()


def logs_without(record: bytes, gone: Collection[SpanAddress]) -> bytes:
    """Likewise of *record*, an ExportLogsServiceRequest: an empty log record in the place of each."""
    request = LogsRequest.FromString(record)
    for i, raw in enumerate(request.resource_logs):
        resource_logs = ResourceLogs.FromString(raw)
        used = False
        for j, part in enumerate(resource_logs.scope_logs):
            scope_logs = ScopeLogs.FromString(part)
            for k in range(len(scope_logs.log_records)):
                if SpanAddress(i, j, k) in gone:
                    scope_logs.log_records[k] = b""
            if any(scope_logs.log_records):
                used = True
            else:
                scope_logs.scope = b""
            resource_logs.scope_logs[j] = scope_logs.SerializeToString()
        if not used:
            resource_logs.resource = b""
        request.resource_logs[i] = resource_logs.SerializeToString()
    return request.SerializeToString()
