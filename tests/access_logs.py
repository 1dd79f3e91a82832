"""Access logs of Kong Gateway Enterprise, in the shape its documentation gives them.

`logs(Access("7f"))` is one ExportLogsServiceRequest; `spans(Access("7f"))` are the spans of the same
request, as Kong's opentelemetry plugin sends them without any capture.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_bridge.otlp.values import Value, encode

EXPORT = "/opentelemetry.proto.collector.logs.v1.LogsService/Export"

MS = 1_000_000
NONE: Mapping[str, Value] = MappingProxyType({})


class Access(NamedTuple):
    """One request through Kong, which took 40 ms."""

    number: int
    """Names it: path, trace and request id are made of it."""
    attributes: Mapping[str, Value] = NONE
    """Instead of, or besides, what is usual; None leaves one out."""
    traced: bool = True
    """The log has the ids of the root span."""
    end_ns: int = time.time_ns() // MS * MS
    node: str = "node-1"

    @property
    def path(self) -> str:
        return f"/orders/{self.number}"

    @property
    def request_id(self) -> str:
        return f"{self.number:032x}"

    @property
    def trace_id(self) -> bytes:
        return b"\xaa" * 8 + self.number.to_bytes(8, "big")

    @property
    def span_id(self) -> bytes:
        return b"\xbb" * 4 + self.number.to_bytes(4, "big")

    @property
    def start_ns(self) -> int:
        return self.end_ns - 40 * MS


def logs(*requests: Access) -> bytes:
    """The access logs of *requests*, of one node."""
    message = ExportLogsServiceRequest()
    resource_logs = message.resource_logs.add(resource=_resource(requests[0].node))
    scope_logs = resource_logs.scope_logs.add()
    scope_logs.scope.name = "kong-internal"
    for each in requests:
        record = scope_logs.log_records.add(
            time_unix_nano=each.end_ns,
            observed_time_unix_nano=each.end_ns,
            attributes=_key_values({**_usual(each), **each.attributes}),
        )
        if each.traced:
            record.trace_id, record.span_id = each.trace_id, each.span_id
    return message.SerializeToString()


def log_line(text: str, attributes: Mapping[str, Value] = NONE) -> bytes:
    """A line of Kong's own log, as `logs_endpoint` sends it."""
    message = ExportLogsServiceRequest()
    resource_logs = message.resource_logs.add(resource=_resource("node-1"))
    record = resource_logs.scope_logs.add().log_records.add(severity_number=9, severity_text="INFO")
    record.body.string_value = text
    record.attributes.extend(_key_values({"request.id": "00ff", **attributes}))
    return message.SerializeToString()


def spans(*requests: Access) -> bytes:
    """Root and balancer of *requests*, of one node."""
    message = ExportTraceServiceRequest()
    resource_spans = message.resource_spans.add(resource=_resource(requests[0].node))
    scope_spans = resource_spans.scope_spans.add()
    scope_spans.scope.name = "kong-internal"
    for each in requests:
        scope_spans.spans.add(
            trace_id=each.trace_id,
            span_id=each.span_id,
            name="kong",
            kind=Span.SPAN_KIND_SERVER,
            start_time_unix_nano=each.start_ns,
            end_time_unix_nano=each.end_ns,
            attributes=_key_values(
                {
                    "http.method": "POST",
                    "http.url": f"http://api.example.com{each.path}?page=2",
                    "http.host": "api.example.com",
                    "http.scheme": "http",
                    "http.flavor": "1.1",
                    "http.client_ip": "198.51.100.7",
                    "net.peer.ip": "198.51.100.7",
                    "http.status_code": 201,
                    "http.route": "/orders",
                    "kong.request.id": each.request_id,
                }
            ),
        )
        scope_spans.spans.add(
            trace_id=each.trace_id,
            span_id=b"\xcc" + each.span_id[1:],
            parent_span_id=each.span_id,
            name="kong.balancer",
            kind=Span.SPAN_KIND_CLIENT,
            start_time_unix_nano=each.start_ns + 5 * MS,
            end_time_unix_nano=each.end_ns - 5 * MS,
            attributes=_key_values({"net.peer.ip": "10.0.0.9", "net.peer.port": 8080.0, "try_count": 1.0}),
        )
    return message.SerializeToString()


def _usual(each: Access) -> dict[str, Value]:
    return {
        "client.address": "198.51.100.7",
        "url.full": f"http://api.example.com:8000{each.path}",
        "url.path": each.path,
        "url.query": "page=2",
        "user_agent.original": "curl/8.5.0",
        "http.request.method": "POST",
        "http.request.size": 312,
        "http.response.size": 480,
        "http.request.header.host": "api.example.com:8000",
        "http.request.header.user-agent": "curl/8.5.0",
        "http.request.header.content-length": "17",
        "http.response.header.content-type": ["application/json"],
        "http.response.status_code": 201,
        "kong.request.id": each.request_id,
        "kong.request.started_at": each.start_ns // MS,
        "kong.response.source": "upstream",
        "kong.workspace.name": "default",
        "kong.latency.internal": 5,
        "kong.latency.upstream": 30,
        "kong.latency.receive": 5,
        "kong.latency.total": 40,
        "kong.route.id": "r-1",
        "kong.route.name": "orders-route",
        "kong.service.id": "s-1",
        "kong.service.name": "orders",
        "kong.upstream.status_code": "502, 201",
        "kong.upstream.uri": each.path,
        "kong.auth.type": "key-auth",
        "kong.auth.consumer.username": "alice",
    }


def _resource(node: str) -> Resource:
    told = {"service.name": "kong", "service.version": "3.13.0.0", "service.instance.id": node}
    return Resource(attributes=_key_values(dict(told)))


def _key_values(attributes: Mapping[str, Value]) -> list[KeyValue]:
    return [
        KeyValue(key=name, value=AnyValue.FromString(encode(value)))
        for name, value in attributes.items()
        if value is not None
    ]
