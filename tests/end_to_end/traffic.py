"""What tests send: recordings of a real Kong, and exchanges made up for a test.

`request(Call("/1"), Call("/2"))` is one ExportTraceServiceRequest of an instrumented HTTP server, built
with the official classes. It is no Kong: nothing waits for a balancer span, and an exchange is known at
the destination by its path.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_bridge.demo.replay import IdMap, Recording
from tests.recordings import payloads

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"

Attributes = Mapping[str, str | int]
NONE: Attributes = MappingProxyType({})
_MS = 1_000_000


class Call(NamedTuple):
    path: str
    service: str = "orders"
    """Names the API, so calls of one service share a buffer and keep their order."""
    status: int = 200
    attributes: Attributes = NONE


def request(*calls: Call) -> bytes:
    """*calls* in one request, each in a trace of its own, just over."""
    message = ExportTraceServiceRequest()
    resource_spans = message.resource_spans.add()
    resource_spans.resource.attributes.append(_key_value("service.name", "shop"))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "test"
    scope_spans.spans.extend(_span(call) for call in calls)
    return message.SerializeToString()


def paths(count: int, prefix: str = "") -> list[str]:
    """So many different paths, which sort as they are counted."""
    return [f"/{prefix}{number:04d}" for number in range(count)]


def replayed(name: str) -> tuple[list[bytes], IdMap]:
    """The recording with fresh ids and times, and how its ids were renewed."""
    recordings = [Recording(request) for request in payloads(name)]
    ids = IdMap(os.urandom)
    shift = time.time_ns() - max(recording.end_ns for recording in recordings)
    return [recording.replay(shift_ns=shift, ids=ids) for recording in recordings], ids


def _span(call: Call) -> Span:
    end = time.time_ns()
    attributes = {
        "http.request.method": "GET",
        "url.scheme": "http",
        "url.path": call.path,
        "server.address": "shop.example.com",
        "http.response.status_code": call.status,
        "kong.service.name": call.service,
        **call.attributes,
    }
    return Span(
        trace_id=os.urandom(16),
        span_id=os.urandom(8),
        name=f"GET {call.path}",
        kind=Span.SPAN_KIND_SERVER,
        start_time_unix_nano=end - 25 * _MS,
        end_time_unix_nano=end,
        attributes=[_key_value(name, value) for name, value in attributes.items()],
    )


def _key_value(name: str, value: str | int) -> KeyValue:
    if isinstance(value, str):
        return KeyValue(key=name, value=AnyValue(string_value=value))
    return KeyValue(key=name, value=AnyValue(int_value=value))
