from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.otlp.normalise import normalise
from otel_bridge.otlp.values import Value
from otel_bridge.redaction import DEFAULTS, Redactor
from otel_bridge.redaction.keys import Keys
from otel_bridge.redaction.masked import Masked
from tests.recordings import payloads
from tests.redaction.records import attributes_of, put, record, span_of

REDACTOR = Redactor(DEFAULTS)

FOLDERS = [
    "kong-3.0-default",
    "kong-3.4-capture",
    "kong-3.9-capture",
    "kong-3.9-default",
    "kong-3.9-otel-capture",
]


@pytest.mark.parametrize("folder", [*FOLDERS, "kong-3.9-invalid-utf8", "kong-3.9-split-traces"])
def test_recorded_requests_keep_everything_but_their_secrets(folder: str) -> None:
    for body in payloads(folder):
        given = normalise(body).record

        redacted, masked = REDACTOR.redact(given)

        before, after = TraceRequest.FromString(given), TraceRequest.FromString(redacted)
        changed = 0
        for old, new in zip(_spans(before), _spans(after), strict=True):
            for index, attribute in enumerate(old.attributes):
                if attribute != new.attributes[index]:
                    changed += 1
                    assert attribute.key == new.attributes[index].key
                    assert "REDACTED" in str(new.attributes[index])
            del new.attributes[:], old.attributes[:]
        assert before == after
        assert (masked > 0) == (changed > 0) == (redacted is not given)


def _spans(request: TraceRequest) -> list[Any]:
    return [span for part in request.resource_spans for scope in part.scope_spans for span in scope.spans]


def test_a_dirty_span_does_not_touch_its_neighbours() -> None:
    request = TraceRequest()
    spans = request.resource_spans.add().scope_spans.add().spans
    for number in range(6):
        span = spans.add(span_id=bytes([number] * 8), name="same")
        put(span.attributes, {"http.url": f"/{number}?token=t" if number % 2 else "/clean", "n": number})
    request.resource_spans.append(request.resource_spans[0])

    redacted, masked = REDACTOR.redact(request.SerializeToString())

    after = _spans(TraceRequest.FromString(redacted))
    assert 6 == masked
    for number, (old, new) in enumerate(zip(_spans(request), after, strict=True)):
        assert (old == new) == (number % 2 == 0)


def test_attributes_keep_their_order_and_duplicates_are_all_masked() -> None:
    request = TraceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    for value in ("REDACTED", "first", "second"):
        put(span.attributes, {"http.request.header.cookie": value})
    put(span.attributes, {"z": 1, "a": 2})

    redacted, masked = REDACTOR.redact(request.SerializeToString())

    assert 2 == masked
    keys = [item.key for item in span_of(redacted).attributes]
    assert [*["http.request.header.cookie"] * 3, "z", "a", "otel_bridge.masked"] == keys
    assert b"first" not in redacted
    assert b"second" not in redacted


MASKED: list[dict[str, Value]] = [
    {"http.request.header.authorization": ["REDACTED"]},
    {"http.response.header.set-cookie": ["REDACTED", "REDACTED"]},
    {"http.request.header.cookie": "REDACTED"},
    {"http.request.header.cookie": "REDACTED\nREDACTED"},
]


@pytest.mark.parametrize("attributes", MASKED)
def test_headers_that_are_masked_already_change_nothing(attributes: dict[str, Value]) -> None:
    given = record({"a": 1, **attributes, "b": "x"})

    assert given is REDACTOR.redact(given).record


def test_masked_headers_are_taken_out_of_sight_in_either_order_of_key_and_value() -> None:
    masked = Masked(Keys(DEFAULTS))
    given = record(
        {"http.request.header.authorization": ["REDACTED"], "http.response.header.cookie": "REDACTED"}
    )

    veiled = masked.veil(given)

    assert len(given) == len(veiled)
    assert b"authorization" not in veiled
    assert b"cookie" not in veiled
    for body in payloads("kong-3.9-load/recommended"):
        assert b"authorization" in body
        assert b"authorization" not in masked.veil(body)


@pytest.mark.parametrize(
    "attributes",
    [
        {"http.request.header.accept": ["REDACTED"]},
        {"http.request.header.authorization": ["REDACTED", "x"]},
        {"http.request.header.authorization": ["REDACTEDx"]},
        {"authorization.REDACTED": "\x08REDACTED"},
        {"x": b"\x12\x0e\x2a\x0c\x0a\x0a\x0a\x08REDACTED"},
        {"x": b"\x12\x0a\x0a\x08REDACTED\x0a"},
    ],
)
def test_nothing_else_is_taken_out_of_sight(attributes: dict[str, Value]) -> None:
    given = record(attributes)

    assert given == Masked(Keys(DEFAULTS)).veil(given)


def test_one_redactor_serves_several_threads() -> None:
    given = [
        record({"http.url": f"/{n}?token=t{n}", f"http.request.header.x-{n}": [str(n)]}) for n in range(200)
    ]

    with ThreadPoolExecutor(4) as pool:
        redacted = list(pool.map(REDACTOR.redact, given))

    for n, (after, masked) in enumerate(redacted):
        assert 1 == masked
        assert f"/{n}?token=REDACTED" == attributes_of(after)["http.url"]


def test_secrets_are_in_no_repr() -> None:
    assert "geheim" not in repr(Redactor(DEFAULTS).redact(record({"http.url": "/?token=geheim"})))
