"""The recorded batches that everything is measured on."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Iterator
from typing import NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_bridge.demo.replay import IdMap, Recording
from otel_bridge.mapping import spot
from tests.recordings import payloads

NAMES = ("default", "recommended", "capture", "bodies", "large-bodies")
# A stage works on about as many exchanges or bytes at a time, whichever are fewer: caches that live on
# recordings being few must not look good here.
_EXCHANGES = 2500
_BYTES = 20_000_000
_ROUTES = ("kong.route.name", "http.route")


class Load(NamedTuple):
    name: str
    requests: list[bytes]
    exchanges: int
    """In all of the requests."""
    spans_each: int
    """For each exchange."""

    @property
    def exchanges_each(self) -> int:
        """In one request."""
        return self.exchanges // len(self.requests)

    @property
    def bytes_each(self) -> int:
        """OTLP bytes for each exchange."""
        return sum(map(len, self.requests)) // self.exchanges


def load(name: str, exchanges: int | None = None, *, apis: int = 1, seed: int = 0) -> Load:
    """One of `NAMES`: full batches of a real Kong under load, again and again with fresh ids.

    Of *exchanges*, rounded to whole recordings; by default some thousand. They take turns to belong to
    *apis* APIs for each recorded one. Loads of different *seed* have no ids in common.
    """
    recorded = payloads(f"kong-3.9-load/{name}")
    recorded_exchanges = sum(len(spot(request).exchanges) for request in recorded)
    if exchanges is None:
        exchanges = min(_EXCHANGES, _BYTES * recorded_exchanges // sum(map(len, recorded)))
    count = max(1, round(exchanges / recorded_exchanges))
    requests = list(_replays(recorded, count, seed))
    if apis > 1:
        turns = itertools.cycle(range(apis))
        requests = [_spread(request, turns) for request in requests]
    return Load(name, requests, count * recorded_exchanges, _spans(recorded) // recorded_exchanges)


def _replays(requests: list[bytes], count: int, seed: int) -> Iterator[bytes]:
    recordings = [Recording(request) for request in requests]
    shift_ns = time.time_ns() - max(recording.end_ns for recording in recordings)
    for number in range(count):
        ids = IdMap(random.Random(f"{seed} {number}").randbytes)
        for recording in recordings:
            yield recording.replay(shift_ns=shift_ns, ids=ids)


def _spans(requests: list[bytes]) -> int:
    parsed = map(ExportTraceServiceRequest.FromString, requests)
    return sum(
        len(scope.spans) for each in parsed for part in each.resource_spans for scope in part.scope_spans
    )


def _spread(request: bytes, turns: Iterator[int]) -> bytes:
    """*request* with a number of *turns* behind the name of each exchange's route."""
    message = ExportTraceServiceRequest.FromString(request)
    for resource in message.resource_spans:
        for scope in resource.scope_spans:
            for span in scope.spans:
                if span.kind == Span.SPAN_KIND_SERVER:
                    _rename_route(span, next(turns))
    return message.SerializeToString()


def _rename_route(span: Span, number: int) -> None:
    for attribute in span.attributes:
        if attribute.key in _ROUTES:
            attribute.value.string_value += f"-{number}"
