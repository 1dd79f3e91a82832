"""Recorded Kong traffic through the bridge's payloads to the inspector: nothing on the way is lost."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from otel_bridge.config.models import Redaction
from otel_bridge.config.redaction import redaction_rules
from otel_bridge.formats import alf, runscope
from otel_bridge.formats.extension import members
from otel_bridge.formats.offline import gather
from otel_bridge.inspector.exchange import Exchange, Side, Wire
from otel_bridge.mapping import timings
from otel_bridge.mapping.exchange import Body, Headers, HttpExchange
from otel_bridge.otlp.normalise import normalise
from otel_bridge.redaction import Redactor
from tests.inspector.wire.conftest import Door
from tests.recordings import WITH_TRUTH, payloads

Post = Callable[[Door, list[HttpExchange]], dict[str, Any]]


def _as_alf(door: Door, exchanges: list[HttpExchange]) -> dict[str, Any]:
    entries = [alf.entry(exchange, bodies=True, extension=True) for exchange in exchanges]
    return _posted(door, "/1.1.0/single", alf.document(entries, service_token="t", environment=None))


def _as_messages(door: Door, exchanges: list[HttpExchange]) -> dict[str, Any]:
    messages = [runscope.message(exchange, bodies=True, extension=True) for exchange in exchanges]
    return _posted(door, "/buckets/b/messages", runscope.document(messages))


def _posted(door: Door, path: str, document: bytes) -> dict[str, Any]:
    answer: dict[str, Any] = door.post(path, document).json()
    return answer


@pytest.mark.parametrize("post", [_as_alf, _as_messages])
@pytest.mark.parametrize("name", WITH_TRUTH)
def test_recorded_traffic_arrives_as_it_was(door: Door, name: str, post: Post) -> None:
    sent = _recorded(name)
    post(door, sent)

    for exchange, kept in zip(sent, door.shelf.kept, strict=True):
        assert _expected(exchange) == _seen(kept)


@pytest.mark.parametrize("name", WITH_TRUTH)
def test_both_protocols_make_the_same_exchange_of_it(door: Door, name: str) -> None:
    sent = _recorded(name)
    _as_alf(door, sent)
    _as_messages(door, sent)
    by_alf, by_message = door.shelf.kept[: len(sent)], door.shelf.kept[len(sent) :]

    assert len(sent) == len({exchange.id for exchange in by_alf})
    for one, other in zip(by_alf, by_message, strict=True):
        assert _comparable(one) == _comparable(other)


@cache
def _recorded(name: str) -> list[HttpExchange]:
    """As the bridge has it: normalised, and with its secrets masked."""
    redactor = Redactor(redaction_rules(Redaction()))
    return gather(redactor.redact(normalise(body).record).record for body in payloads(name)).exchanges


def _comparable(exchange: Exchange) -> Exchange:
    """Without what differs from one protocol to the other by their nature."""
    request, response = _lower(exchange.request), _lower(exchange.response)
    return exchange._replace(wire=Wire.GALILEO, arrived_us=0, bucket="", request=request, response=response)


def _lower(side: Side) -> Side:
    # Runscope's are an object of lower-case names.
    return side._replace(headers=tuple((name.lower(), value) for name, value in side.headers))


def _expected(exchange: HttpExchange) -> dict[str, Any]:
    spent = timings(exchange)
    added = members(exchange)
    upstream, latency = added.get("upstream", {}), added.get("latency", {})
    return {
        "started": (exchange.start_ns + 500) // 1000,
        "duration": _us(spent.total),
        "timings": (_us(spent.send), _us(spent.wait), _us(spent.receive)),
        "latency": (_us(latency.get("gateway")), _us(latency.get("upstream"))),
        "method": exchange.method,
        "url": exchange.url,
        "target": exchange.target,
        "version": exchange.http_version,
        "status": exchange.status,
        "request": _carried(exchange.request_headers, exchange.request_body),
        "response": _carried(exchange.response_headers, exchange.response_body),
        "names": (exchange.service, exchange.route, exchange.consumer, exchange.route_template),
        "client": (exchange.client_address, exchange.client_port),
        "upstream": (upstream.get("address", ""), upstream.get("port"), exchange.upstream_status),
        "source": exchange.response_source,
        "ids": (exchange.trace_id.hex(), exchange.span_id.hex(), exchange.request_id),
        "captured": (exchange.captured, added.get("notCaptured", ""), exchange.masked),
        "spans": [helper.span_id.hex() for helper in exchange.helpers],
        "resource": dict(exchange.resource),
    }


def _seen(exchange: Exchange) -> dict[str, Any]:
    target = exchange.path + (f"?{exchange.query}" if "?" in exchange.url else "")
    return {
        "started": exchange.started_us,
        "duration": exchange.duration_us,
        "timings": (exchange.send_us, exchange.wait_us, exchange.receive_us),
        "latency": (exchange.gateway_us, exchange.upstream_us),
        "method": exchange.method,
        "url": exchange.url,
        "target": target,
        "version": exchange.http_version,
        "status": exchange.status,
        "request": _kept(exchange.request),
        "response": _kept(exchange.response),
        "names": (exchange.service, exchange.route, exchange.consumer, exchange.route_template),
        "client": (exchange.client_address, exchange.client_port),
        "upstream": (exchange.upstream_address, exchange.upstream_port, exchange.upstream_status),
        "source": exchange.source,
        "ids": (exchange.trace_id, exchange.span_id, exchange.request_id),
        "captured": (exchange.captured, exchange.not_captured, exchange.masked),
        "spans": [span["spanId"] for span in exchange.spans],
        "resource": dict(exchange.resource),
    }


def _carried(headers: Headers, body: Body) -> dict[str, Any]:
    return {
        "headers": tuple((name.lower(), value) for name, value in headers),
        "body": body.content or None,
        "marks": (body.truncated, body.incomplete, body.redacted, body.decoded),
    }


def _kept(side: Side) -> dict[str, Any]:
    return {
        "headers": _lower(side).headers,
        "body": side.body,
        "marks": (side.truncated, side.incomplete, side.masked, side.decoded),
    }


def _us(ms: float | None) -> int | None:
    return None if ms is None else round(ms * 1000)
