"""Which log records tell of an HTTP exchange: the access logs of Kong Gateway Enterprise.

From 3.13 on Kong's opentelemetry plugin can send one log record for each request (`access_logs_endpoint`,
from 3.14 `access_logs.endpoint`). It has no severity and says everything in attributes named as those
of a span. Kong's own log lines come by the same way (`logs_endpoint`), and so does what applications
log: those are no exchanges. What tells them apart is Kong's request id beside a method: Kong's log lines
name the request by `request.id`, and have no method.
"""

from __future__ import annotations

from collections.abc import MutableSequence
from typing import NamedTuple

from otel_bridge.otlp.levels import LogRecord, LogsRequest, ResourceLogs, ScopeLogs
from otel_bridge.otlp.values import split

REQUEST_ID = b"kong.request.id"
METHODS = frozenset({b"http.request.method", b"http.method"})


class Sifted(NamedTuple):
    record: bytes
    """The ExportLogsServiceRequest with its access logs alone; the very bytes where it has no others."""
    kept: int
    others: int
    """Log records that were left out."""


def may_hold_some(body: bytes) -> bool:
    """Whether there may be access logs in *body*, protobuf or JSON; one look, and never a wrong no."""
    return REQUEST_ID in body


def sift(record: bytes) -> Sifted:
    """Only the access logs of *record*, a normalised ExportLogsServiceRequest."""
    request = LogsRequest.FromString(record)
    kept = others = 0
    groups = []
    for raw in request.resource_logs:
        resource_logs = ResourceLogs.FromString(raw)
        scopes = []
        for scope in resource_logs.scope_logs:
            scope_logs = ScopeLogs.FromString(scope)
            mine = [
                log for log in scope_logs.log_records if is_access_log(LogRecord.FromString(log).attributes)
            ]
            kept += len(mine)
            others += len(scope_logs.log_records) - len(mine)
            if mine:
                scope_logs.log_records[:] = mine
                scopes.append(scope_logs.SerializeToString())
        if scopes:
            resource_logs.scope_logs[:] = scopes
            groups.append(resource_logs.SerializeToString())
    if not others:
        return Sifted(record, kept, 0)
    request.resource_logs[:] = groups
    return Sifted(request.SerializeToString(), kept, others)


def is_access_log(attributes: MutableSequence[bytes]) -> bool:
    """Whether a log record with these serialised KeyValues is Kong's account of a request."""
    names = {split(item)[0] for item in attributes}
    return REQUEST_ID in names and not names.isdisjoint(METHODS)
