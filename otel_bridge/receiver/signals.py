"""The three kinds of OTLP requests, by the names each transport has for them."""

from __future__ import annotations

from enum import StrEnum


class Signal(StrEnum):
    """What a request carries. Traces are journaled, and access logs among logs; the rest is counted."""

    TRACES = "traces"
    METRICS = "metrics"
    LOGS = "logs"


class Encoding(StrEnum):
    """How a request is written; the values are the media types of OTLP/HTTP."""

    PROTOBUF = "application/x-protobuf"
    JSON = "application/json"


class Transport(StrEnum):
    HTTP = "http"
    GRPC = "grpc"


PATHS = {f"/v1/{signal}": signal for signal in Signal}

METHODS = {
    f"/opentelemetry.proto.collector.{package}.v1.{service}/Export": signal
    for signal, package, service in (
        (Signal.TRACES, "trace", "TraceService"),
        (Signal.METRICS, "metrics", "MetricsService"),
        (Signal.LOGS, "logs", "LogsService"),
    )
}
