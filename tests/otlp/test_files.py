from __future__ import annotations

import base64
import json

import pytest
from google.protobuf.json_format import MessageToDict

from otel_bridge.otlp import files
from otel_bridge.otlp.messages import TraceRequest
from tests.recordings import payload

REQUEST = payload("kong-3.9-default", "001.pb")


def as_json(*, indent: int | None = None) -> bytes:
    """REQUEST in OTLP's JSON, whose ids are hex."""
    document = MessageToDict(TraceRequest.FromString(REQUEST), use_integers_for_enums=True)
    for span in document["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        for name in {"traceId", "spanId", "parentSpanId"} & span.keys():
            span[name] = _hex(span[name])
    return json.dumps(document, indent=indent).encode()


def _hex(value: str) -> str:
    return base64.b64decode(value).hex()


def spans(contents: files.Contents) -> list[int]:
    """How many spans each request has."""
    found = [TraceRequest.FromString(request) for request in contents.requests]
    return [len(r.resource_spans[0].scope_spans[0].spans) if r.resource_spans else 0 for r in found]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (REQUEST, [5]),
        (as_json(), [5]),
        (as_json(indent=2), [5]),
        (b"\n" + as_json(indent=2) + b"\n", [5]),
        (b"\xef\xbb\xbf" + as_json(), [5]),
        (as_json() + b"\n" + as_json() + b"\n", [5, 5]),
        (as_json() + b'\r\n\r\n{"resourceLogs":[]}\r\n', [5, 0]),
        (b"", [0]),
    ],
    ids=["protobuf", "json", "indented", "line feed first", "byte order mark", "lines", "mixed", "empty"],
)
def test_a_file_is_what_its_bytes_say(data: bytes, expected: list[int]) -> None:
    contents = files.read(data)

    assert [] == contents.faults
    assert expected == spans(contents)


def test_json_and_protobuf_are_the_same_request() -> None:
    (request,) = files.read(as_json()).requests

    assert TraceRequest.FromString(REQUEST) == TraceRequest.FromString(request)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"hello", "neither OTLP protobuf nor OTLP JSON"),
        (b"[1]", "neither OTLP protobuf nor OTLP JSON"),
        (b"\n\xff\xff", "neither OTLP protobuf nor OTLP JSON"),
        (REQUEST[:-3], "neither OTLP protobuf nor OTLP JSON"),
        (b'{"swagger": "2.0"}', "JSON without resourceSpans"),
        (as_json(indent=2)[:-9], "broken JSON"),
        (b'{"resourceSpans": [7]}', ""),
    ],
)
def test_what_is_no_request_says_so(data: bytes, reason: str) -> None:
    contents = files.read(data)

    assert [] == contents.requests
    ((line, said),) = contents.faults
    assert (None, True) == (line, said.startswith(reason))


def test_a_torn_last_line_costs_no_other() -> None:
    contents = files.read(as_json() + b"\n" + as_json()[:-40])

    assert [5] == spans(contents)
    assert [2] == [fault.line for fault in contents.faults]
