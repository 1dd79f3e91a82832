from __future__ import annotations

import base64
from typing import Any

import orjson
import pytest
from google.protobuf import json_format
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.otlp.json import to_protobuf
from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.otlp.normalise import UndecodableError, decode_count, normalise
from tests.recordings import payloads

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"


def with_span(**members: Any) -> bytes:
    return orjson.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [members]}]}]})


def span_of(body: bytes) -> Any:
    return TraceRequest.FromString(to_protobuf(body)).resource_spans[0].scope_spans[0].spans[0]


def with_value(value: Any) -> bytes:
    return with_span(attributes=[{"key": "k", "value": value}])


def value_of(body: bytes) -> Any:
    return span_of(body).attributes[0].value


def hexed(request: TraceRequest) -> bytes:
    """OTLP/JSON of *request* by protobuf's own printer, its base64 ids turned to hex."""
    document = json_format.MessageToDict(request, use_integers_for_enums=True)
    for resource in document.get("resourceSpans", ()):
        for scope in resource.get("scopeSpans", ()):
            for span in scope.get("spans", ()):
                for name in ("traceId", "spanId", "parentSpanId"):
                    if name in span:
                        span[name] = base64.b64decode(span[name]).hex()
    return orjson.dumps(document)


def test_recorded_requests_come_through_json_unchanged() -> None:
    for folder in ("kong-3.9-default", "kong-3.9-capture", "kong-3.0-default"):
        for body in payloads(folder):
            request = TraceRequest.FromString(normalise(body).record)

            assert request == TraceRequest.FromString(to_protobuf(hexed(request)))


@pytest.mark.parametrize(
    ("trace_id", "span_id"),
    [
        (TRACE_ID, SPAN_ID),
        (TRACE_ID.upper(), SPAN_ID.upper()),
        (
            base64.b64encode(bytes.fromhex(TRACE_ID)).decode(),
            base64.b64encode(bytes.fromhex(SPAN_ID)).decode(),
        ),
    ],
)
def test_ids_are_hex_in_any_case_or_base64_of_their_length(trace_id: str, span_id: str) -> None:
    link = {"traceId": trace_id, "spanId": span_id}

    span = span_of(with_span(traceId=trace_id, spanId=span_id, parentSpanId=span_id, links=[link]))

    assert TRACE_ID == span.trace_id.hex() == span.links[0].trace_id.hex()
    assert SPAN_ID == span.span_id.hex() == span.parent_span_id.hex() == span.links[0].span_id.hex()


def test_an_empty_parent_id_is_no_parent() -> None:
    assert b"" == span_of(with_span(parentSpanId="")).parent_span_id


@pytest.mark.parametrize(
    ("kind", "number"), [(2, 2), ("SPAN_KIND_SERVER", 2), ("2", 2), ("SPAN_KIND_NEW", 0), (None, 0)]
)
def test_enums_are_numbers_or_names(kind: object, number: int) -> None:
    assert number == span_of(with_span(kind=kind)).kind


@pytest.mark.parametrize("time", [1732228760123456789, "1732228760123456789"])
def test_64_bit_integers_are_text_or_numbers(time: object) -> None:
    assert 1732228760123456789 == span_of(with_span(startTimeUnixNano=time)).start_time_unix_nano


def test_snake_case_unknown_fields_and_null_are_read_over() -> None:
    body = orjson.dumps(
        {
            "future": {"a": [1]},
            "resource_spans": [
                {
                    "resource": None,
                    "scope_spans": [
                        {"scope": {"name": "s", "new": 1}, "spans": [{"start_time_unix_nano": "5"}]}
                    ],
                }
            ],
        }
    )

    assert 5 == span_of(body).start_time_unix_nano


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        ({"stringValue": "text"}, "string_value", "text"),
        ({"boolValue": True}, "bool_value", True),
        ({"intValue": "-5"}, "int_value", -5),
        ({"intValue": 5}, "int_value", 5),
        ({"doubleValue": 1}, "double_value", 1.0),
        ({"doubleValue": "Infinity"}, "double_value", float("inf")),
        ({"bytesValue": "/+8="}, "bytes_value", b"\xff\xef"),
        ({"bytesValue": "_-8"}, "bytes_value", b"\xff\xef"),
        ({}, None, None),
        (None, None, None),
    ],
)
def test_every_kind_of_value_is_read(value: object, kind: str | None, expected: object) -> None:
    found = value_of(with_value(value))

    assert kind == found.WhichOneof("value")
    assert kind is None or expected == getattr(found, kind)


def test_lists_may_hold_null_and_anything_else() -> None:
    values = [
        {"stringValue": "a"},
        None,
        {"kvlistValue": {"values": [{"key": "k", "value": {"intValue": 1}}]}},
    ]

    text, empty, table = value_of(with_value({"arrayValue": {"values": values}})).array_value.values

    assert "a" == text.string_value
    assert empty.WhichOneof("value") is None
    assert 1 == table.kvlist_value.values[0].value.int_value


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"\\ud800", "�"),
        (b"a\\udc00b", "a�b"),
        (b"caf\xe9", "caf�"),
        (b"\\ud83d\\ude00", "\U0001f600"),
    ],
)
def test_broken_text_never_fails_a_request(raw: bytes, expected: str) -> None:
    body = with_value({"stringValue": "TEXT"}).replace(b"TEXT", raw)

    assert expected == value_of(body).string_value


def test_a_byte_order_mark_is_read_over() -> None:
    assert "x" == span_of(b"\xef\xbb\xbf" + with_span(name="x")).name


@pytest.mark.parametrize("body", [b"{}", b'{"resourceSpans": []}', b'{"resourceSpans": null}', b"null"])
def test_an_empty_request_is_fine(body: bytes) -> None:
    assert b"" == to_protobuf(body)


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (
            with_span(traceId="xyz"),
            "resourceSpans[0].scopeSpans[0].spans[0].traceId: expected 32 hex digits.",
        ),
        (
            with_span(spanId=7),
            "resourceSpans[0].scopeSpans[0].spans[0].spanId: expected a string, got a number.",
        ),
        (with_span(links=[{"spanId": "!"}]), "spans[0].links[0].spanId: expected 16 hex digits."),
        (
            with_value({"intValue": 1.5}),
            "attributes[0].value.intValue: expected a whole number, got a number.",
        ),
        (with_value({"intValue": "9223372036854775808"}), "value.intValue: the number is out of range."),
        (with_value({"bytesValue": "&"}), "value.bytesValue: expected base64."),
        (with_value({"boolValue": 1}), "value.boolValue: expected true or false, got a number."),
        (with_value({"doubleValue": []}), "value.doubleValue: expected a number, got an array."),
        (b'{"resourceSpans": {}}', "resourceSpans: expected an array, got an object."),
        (b"[]", "The body: expected an object, got an array."),
        (b"{", "The body is not JSON: "),
        (b"\x1f\x8b", "The body is not JSON: "),
    ],
)
def test_a_fault_is_named_with_its_place(body: bytes, sentence: str) -> None:
    with pytest.raises(UndecodableError) as raised:
        to_protobuf(body)

    assert sentence in str(raised.value)


@pytest.mark.parametrize("depth", [150, 10_000])
def test_a_value_nested_too_deep_costs_nothing_but_itself(depth: int) -> None:
    deep = b'{"arrayValue":{"values":[{"stringValue":"]\\"}"},' * depth + b"null" + b"]}}" * depth
    body = with_span(name="kept", attributes=[{"key": "deep", "value": "DEEP"}]).replace(b'"DEEP"', deep)

    assert "kept" == span_of(body).name


def test_a_document_nested_beyond_reason_is_refused() -> None:
    with pytest.raises(UndecodableError, match="The body is not JSON: depth limit"):
        to_protobuf(b"[" * 100_000)


@given(st.text(max_size=60))
def test_any_text_is_refused_or_read(text: str) -> None:
    body = text.encode("utf-8", "surrogatepass")
    try:
        protobuf = to_protobuf(body)
    except UndecodableError:
        return

    TraceRequest.FromString(protobuf)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["resourceSpans", "scopeSpans", "spans", "attributes", "value", "key", "kind", "name"]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=15,
    )
)
def test_any_document_is_refused_or_read(document: Any) -> None:
    try:
        protobuf = to_protobuf(orjson.dumps(document, default=str))
    except (UndecodableError, TypeError):
        return

    TraceRequest.FromString(protobuf)


def test_logs_and_metrics_are_counted_and_checked() -> None:
    logs = b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}},{}]}]}]}'
    metrics = b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"sum":{"dataPoints":[{"asInt":"1"}]}}]}]}]}'

    assert 2 == decode_count(logs, "logs", json=True)
    assert 1 == decode_count(metrics, "metrics", json=True)
    with pytest.raises(UndecodableError, match=r"resourceLogs\[0\]"):
        decode_count(b'{"resourceLogs":[1]}', "logs", json=True)
