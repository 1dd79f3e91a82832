"""OTLP spans and access logs to HttpExchange. Pure: no sockets, clocks or randomness.

record ──spot──▶ exchanges, with the helper spans of the same record
            └──▶ loose helper spans ──belongs, attach──▶ an exchange of another record
access logs ──as_traces──▶ a record to spot ──joined──▶ with the exchange of their span
"""

from otel_bridge.mapping.access_logs import as_traces
from otel_bridge.mapping.api import Api, api
from otel_bridge.mapping.exchange import (
    NO_BODY,
    Body,
    Headers,
    HelperSpan,
    HttpExchange,
    Latencies,
)
from otel_bridge.mapping.joining import combined, joined
from otel_bridge.mapping.late import LooseHelper, attach, awaits_balancer, belongs
from otel_bridge.mapping.single import single
from otel_bridge.mapping.spot import Found, SpanAddress, Spotted, spot
from otel_bridge.mapping.timings import Timings, timings

__all__ = [
    "NO_BODY",
    "Api",
    "Body",
    "Found",
    "Headers",
    "HelperSpan",
    "HttpExchange",
    "Latencies",
    "LooseHelper",
    "SpanAddress",
    "Spotted",
    "Timings",
    "api",
    "as_traces",
    "attach",
    "awaits_balancer",
    "belongs",
    "combined",
    "joined",
    "single",
    "spot",
    "timings",
]
