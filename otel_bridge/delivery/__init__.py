"""Delivery: from encoded exchanges to a destination that has them, or to dead letters.

Pure: `answer` (what a status means), `backoff`, `bisection`, `grouping`, `hold`, `lanes` (what waits),
`measure`, `schedule` (what goes out next). Acting: `sender` (one request, over `connections`, by the `way`
that the `environment` allows), `burial` (dead letters), `dispatcher` (all of an exporter's).
"""

from otel_bridge.delivery.answer import Kind
from otel_bridge.delivery.backoff import Backoff
from otel_bridge.delivery.batch import API_MEMORY, ENTRY_MEMORY, Batch, Entry
from otel_bridge.delivery.dispatcher import Callbacks, DeliveryMeter, Dispatcher
from otel_bridge.delivery.hold import Hold
from otel_bridge.delivery.request import Answer, Request, Transport
from otel_bridge.delivery.sender import Sender, Unreachable
from otel_bridge.delivery.target import Failed, Remarks, Target

__all__ = [
    "API_MEMORY",
    "ENTRY_MEMORY",
    "Answer",
    "Backoff",
    "Batch",
    "Callbacks",
    "DeliveryMeter",
    "Dispatcher",
    "Entry",
    "Failed",
    "Hold",
    "Kind",
    "Remarks",
    "Request",
    "Sender",
    "Target",
    "Transport",
    "Unreachable",
]
