from __future__ import annotations

from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otel_bridge.otlp.messages import LenientRequest, TraceRequest
from otel_bridge.otlp.normalise import UndecodableError, decode_count, normalise
from tests.recordings import payloads

LATIN1 = b"caf\xe9s"


def request(*names: str) -> TraceRequest:
    """A request with a span for each name."""
    message = TraceRequest()
    scope = message.resource_spans.add().scope_spans.add()
    for name in names:
        scope.spans.add(name=name, trace_id=b"t" * 16, span_id=b"s" * 8)
    return message


def spoilt(message: TraceRequest, **places: str) -> bytes:
    """*message* with each word of *places* replaced by bytes of its length that are not UTF-8."""
    raw = message.SerializeToString()
    for word in places.values():
        raw = raw.replace(word.encode(), b"\xff" * len(word))
    return raw


def nested(depth: int) -> AnyValue:
    value = AnyValue(string_value="bottom")
    for _ in range(depth):
        outer = AnyValue()
        outer.array_value.values.append(value)
        value = outer
    return value


def test_a_fine_request_is_kept_byte_for_byte() -> None:
    body = request("one", "two").SerializeToString()

    assert (body, 2, 0) == normalise(body)


def test_an_empty_request_is_fine() -> None:
    assert (b"", 0, 0) == normalise(b"")


@pytest.mark.parametrize("number", range(9))
def test_every_recorded_payload_with_invalid_utf8_parses_strictly(number: int) -> None:
    body = payloads("kong-3.9-invalid-utf8")[number]
    before = LenientRequest.FromString(body)

    record, spans, _ = normalise(body)

    after = TraceRequest.FromString(record)
    assert spans == sum(len(scope.spans) for scope in after.resource_spans[0].scope_spans)
    for old, new in zip(
        before.resource_spans[0].scope_spans[0].spans,
        after.resource_spans[0].scope_spans[0].spans,
        strict=True,
    ):
        assert old.span_id == new.span_id
        assert len(old.attributes) == len(new.attributes)


def test_recorded_payloads_that_are_fine_are_not_touched() -> None:
    for body in payloads("kong-3.9-split-traces"):
        assert body is normalise(body).record


def test_a_string_value_that_is_not_utf8_becomes_bytes() -> None:
    message = request("root", "neighbour")
    message.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="body").value.string_value = "spoil"

    record, spans, repaired = normalise(spoilt(message, value="spoil"))

    root, neighbour = TraceRequest.FromString(record).resource_spans[0].scope_spans[0].spans
    assert b"\xff" * 5 == root.attributes[0].value.bytes_value
    assert "neighbour" == neighbour.name
    assert (2, 1) == (spans, repaired)


def test_other_strings_get_replacement_characters() -> None:
    message = request("spoil-name")
    span = message.resource_spans[0].scope_spans[0].spans[0]
    span.trace_state = "spoil-state"
    span.status.message = "spoil-message"
    span.events.add(name="spoil-event").attributes.add(key="spoil-key").value.int_value = 1
    span.links.add(trace_state="spoil-link")
    message.resource_spans[0].schema_url = "spoil-url"
    message.resource_spans[0].scope_spans[0].scope.name = "spoil-scope"
    message.resource_spans[0].resource.attributes.add(key="spoil-resource")

    record, _, repaired = normalise(message.SerializeToString().replace(b"spoil", LATIN1))

    text = str(TraceRequest.FromString(record))
    assert 9 == repaired
    assert "spoil" not in text
    assert 9 == text.count("caf�s")


def test_values_inside_lists_and_maps_are_repaired() -> None:
    message = request("root")
    value = message.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="k").value
    inner = value.array_value.values.add().kvlist_value.values.add(key="spoil")
    inner.value.string_value = "ruins"
    value.array_value.values.add(string_value="fine")

    record, _, repaired = normalise(spoilt(message, key="spoil", value="ruins"))

    array = TraceRequest.FromString(record).resource_spans[0].scope_spans[0].spans[0].attributes[0].value
    first, second = array.array_value.values
    assert "�" * 5 == first.kvlist_value.values[0].key
    assert b"\xff" * 5 == first.kvlist_value.values[0].value.bytes_value
    assert "fine" == second.string_value
    assert 2 == repaired


@pytest.mark.parametrize("depth", [30, 49, 60, 5000])
def test_a_value_nested_too_deep_costs_nothing_but_itself(depth: int) -> None:
    message = request("root", "neighbour")
    message.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="deep").value.string_value = "fine"
    good = message.resource_spans[0].scope_spans[0].spans[1].attributes.add(key="good")
    good.value.string_value = "kept"
    raw = b""
    for _ in range(depth):
        raw = _field(5, _field(1, raw))
    key_value = _field(1, b"deep") + _field(2, raw)
    body = message.SerializeToString() + _field(1, _field(2, _field(2, _field(9, key_value))))

    record, spans, _ = normalise(body)

    parsed = TraceRequest.FromString(record)
    assert 3 == spans
    assert "kept" == parsed.resource_spans[0].scope_spans[0].spans[1].attributes[0].value.string_value


@pytest.mark.parametrize("depth", range(43, 49))
def test_a_deep_value_beside_a_broken_string_costs_nothing_else(depth: int) -> None:
    message = request("spoil")
    message.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="deep").value.CopyFrom(nested(depth))

    record, _, repaired = normalise(spoilt(message, name="spoil"))

    assert repaired in (1, 2)
    assert "�" * 5 == TraceRequest.FromString(record).resource_spans[0].scope_spans[0].spans[0].name


def test_duplicated_attribute_keys_are_left() -> None:
    message = request("spoil")
    for value in "ab":
        message.resource_spans[0].scope_spans[0].spans[0].attributes.add(key="k").value.string_value = value

    record = normalise(spoilt(message, name="spoil")).record

    assert 2 == len(TraceRequest.FromString(record).resource_spans[0].scope_spans[0].spans[0].attributes)


@pytest.mark.parametrize(
    ("body", "hint"),
    [
        (b'{"resourceSpans": []}', "Content-Type: application/json"),
        (b"\x1f\x8b\x08\x00", "Content-Encoding: gzip"),
        (b"\xff\xff\xff", "cut off"),
        (request("one").SerializeToString()[:-3], "cut off"),
    ],
)
def test_what_is_no_request_is_refused_with_a_hint(body: bytes, hint: str) -> None:
    with pytest.raises(UndecodableError, match=hint):
        normalise(body)


@given(st.binary(max_size=200))
def test_any_bytes_are_normalised_or_refused(body: bytes) -> None:
    try:
        record, spans, _ = normalise(body)
    except UndecodableError:
        return

    parsed = TraceRequest.FromString(record)
    assert spans == sum(len(scope.spans) for part in parsed.resource_spans for scope in part.scope_spans)
    assert (record, spans, 0) == normalise(record)


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_bytes_in_strings_are_accepted(name: bytes, value: bytes) -> None:
    lenient = LenientRequest()
    span = cast(Any, lenient).resource_spans.add().scope_spans.add().spans.add(name=name)
    span.attributes.add(key=name).value.string_value = value

    record, spans, _ = normalise(lenient.SerializeToString())

    attribute = TraceRequest.FromString(record).resource_spans[0].scope_spans[0].spans[0].attributes[0]
    assert 1 == spans
    assert value in (attribute.value.string_value.encode(), attribute.value.bytes_value)
    assert name.decode(errors="replace") == attribute.key


def test_log_records_and_data_points_are_counted() -> None:
    logs = ExportLogsServiceRequest()
    logs.resource_logs.add().scope_logs.add().log_records.add().body.string_value = "spoil"
    metrics = ExportMetricsServiceRequest()
    found = metrics.resource_metrics.add().scope_metrics.add().metrics
    found.add(name="a").gauge.data_points.add()
    found.add(name="b").sum.data_points.extend([found[0].gauge.data_points[0]] * 2)
    found.add(name="empty")
    broken = logs.SerializeToString().replace(b"spoil", LATIN1)

    assert 1 == decode_count(broken, "logs", json=False)
    assert 3 == decode_count(metrics.SerializeToString(), "metrics", json=False)
    assert 2 == decode_count(request("a", "b").SerializeToString(), "traces", json=False)


def test_logs_and_metrics_that_are_none_are_refused() -> None:
    with pytest.raises(UndecodableError, match="ExportLogsServiceRequest"):
        decode_count(b"\xff", "logs", json=False)
    with pytest.raises(UndecodableError, match="ExportMetricsServiceRequest"):
        decode_count(b"{}", "metrics", json=False)


def _field(number: int, content: bytes) -> bytes:
    length, out = len(content), bytearray([number << 3 | 2])
    while length > 0x7F:
        out.append(length & 0x7F | 0x80)
        length >>= 7
    return bytes(out) + bytes([length]) + content
