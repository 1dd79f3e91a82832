"""Secrets in what did not come through a bridge: old agents and plugins send everything as it is.

An exchange is put into a span as the capture would tell it, the receiver's own `Redactor` goes over it, and
what it changed is taken back. So both ways in mask the same, by one set of rules, at a price that only those
senders pay.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from otel_bridge.inspector.exchange import Exchange, Headers, Side
from otel_bridge.inspector.wire.url import split
from otel_bridge.redaction import RedactionRules, Redactor

_URL = "url.full"
_SIDES = ("request", "response")

Attributes = dict[str, AnyValue]


class Masking:
    def __init__(self, rules: RedactionRules) -> None:
        self._redactor = Redactor(rules)

    def apply(self, exchange: Exchange) -> Exchange:
        """*exchange* without its secrets; itself where it has none."""
        record = _record(exchange)
        redacted = self._redactor.redact(record).record
        return exchange if redacted is record else _taken_back(exchange, redacted)


def _record(exchange: Exchange) -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add(kind=Span.SPAN_KIND_SERVER)
    span.attributes.append(KeyValue(key=_URL, value=_text(exchange.url)))
    for name, side in zip(_SIDES, (exchange.request, exchange.response), strict=True):
        span.attributes.extend(_attributes(name, side))
    return request.SerializeToString()


def _attributes(name: str, side: Side) -> Iterator[KeyValue]:
    grouped: dict[str, list[str]] = defaultdict(list)
    for header, value in side.headers:
        grouped[_header_key(name, header)].append(value)
    for key, values in grouped.items():
        found = AnyValue()
        found.array_value.values.extend(_text(value) for value in values)
        yield KeyValue(key=key, value=found)
    if side.body is None:
        return
    yield KeyValue(key=f"http.{name}.body.content", value=AnyValue(bytes_value=side.body))
    if side.truncated or side.incomplete:
        yield KeyValue(key=f"http.{name}.body.truncated", value=AnyValue(bool_value=True))


def _header_key(name: str, header: str) -> str:
    return f"http.{name}.header.{header.lower()}".encode(errors="replace").decode()


def _text(text: str) -> AnyValue:
    return AnyValue(string_value=text.encode(errors="replace").decode())


def _taken_back(exchange: Exchange, record: bytes) -> Exchange:
    [resource_spans] = ExportTraceServiceRequest.FromString(record).resource_spans
    [span] = resource_spans.scope_spans[0].spans
    told = {attribute.key: attribute.value for attribute in span.attributes}
    url = split(told[_URL].string_value)
    return exchange._replace(
        url=url.text,
        path=url.path,
        query=url.query,
        request=_side("request", exchange.request, told),
        response=_side("response", exchange.response, told),
        masked=True,
    )


def _side(name: str, side: Side, told: Attributes) -> Side:
    masked = side._replace(headers=_headers(name, side.headers, told))
    if side.body is None:
        return masked
    content = told.get(f"http.{name}.body.content")
    return masked._replace(
        body=None if content is None else content.bytes_value or content.string_value.encode(),
        masked=f"otel_bridge.{name}.body.redacted" in told,
        decoded=side.decoded or f"otel_bridge.{name}.body.decoded" in told,
        omitted=_omitted(name, told) or side.omitted,
    )


def _headers(name: str, headers: Headers, told: Attributes) -> Headers:
    """In their order; those of one name have their values one after the other."""
    left: dict[str, Iterator[str]] = {}
    found = []
    for header, _ in headers:
        key = _header_key(name, header)
        values = left.setdefault(key, (value.string_value for value in told[key].array_value.values))
        found.append((header, next(values)))
    return tuple(found)


def _omitted(name: str, told: Attributes) -> str:
    mark = told.get(f"otel_bridge.{name}.body.omitted")
    return mark.string_value if mark else ""
