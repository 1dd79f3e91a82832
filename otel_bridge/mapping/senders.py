"""Who sent a batch: its resource attributes, read once for all spans of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from opentelemetry.proto.resource.v1.resource_pb2 import Resource

from otel_bridge.mapping.bounds import LONGEST_NAME, MOST_ATTRIBUTES, cut
from otel_bridge.mapping.memory import Memory
from otel_bridge.mapping.scalars import json_of, text
from otel_bridge.otlp.values import Value, decode


class Sender(NamedTuple):
    resource: Mapping[str, Value]
    key: str
    """The same for all batches of one gateway node."""


def _sender(resource: bytes) -> Sender:
    attributes = {
        item.key[:LONGEST_NAME]: cut(decode(item.value.SerializeToString()))
        for item in Resource.FromString(resource).attributes[:MOST_ATTRIBUTES]
    }
    return Sender(attributes, identity(attributes))


SENDERS = Memory(_sender, entries=256, longest=4096)
"""Who a serialised Resource names."""


def identity(resource: Mapping[str, Value]) -> str:
    """Which node a resource is: its `service.instance.id`, else all that it says."""
    instance = text(resource.get("service.instance.id"))
    return instance or json_of({name: resource[name] for name in sorted(resource)}).decode()
