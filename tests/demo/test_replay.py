"""Replayed recordings: everything new that must be, everything else as it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.demo.replay import IdMap, Recording, freshen, freshen_all
from otel_bridge.otlp.messages import LenientRequest, TraceRequest
from tests.recordings import HERE, payload, payloads

NOW = 1_900_000_000_000_000_000
ONE_OF_EACH = {path.parent.name: path for path in sorted(HERE.rglob("*.pb"), reverse=True)}

TRACE_IDS = st.one_of(st.binary(min_size=16, max_size=16), st.just(bytes(16)))
SPAN_IDS = st.sampled_from([bytes(8), b"\1" * 8, b"\2" * 8, b"\3" * 8, b""])
NAMES = st.sampled_from(["", "kong", "\0"])
TIMES = st.integers(min_value=0, max_value=2**64 - 1)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    """Requests as unlike Kong's as OTLP allows: links, events, missing times, repeated and empty ids."""
    request = TraceRequest()
    for _ in range(draw(st.integers(0, 3))):
        resource_spans = request.resource_spans.add(schema_url=draw(NAMES))
        spans = resource_spans.scope_spans.add().spans
        for _ in range(draw(st.integers(0, 3))):
            span = spans.add(
                trace_id=draw(TRACE_IDS),
                span_id=draw(SPAN_IDS),
                parent_span_id=draw(SPAN_IDS),
                name=draw(NAMES),
                kind=draw(st.sampled_from([0, 1, 2, 3])),
                start_time_unix_nano=draw(TIMES),
                end_time_unix_nano=draw(TIMES),
                flags=draw(st.integers(0, 300)),
            )
            span.events.add(name="e", time_unix_nano=draw(TIMES))
            span.links.add(trace_id=draw(TRACE_IDS), span_id=draw(SPAN_IDS))
            span.attributes.add(key="k").value.double_value = draw(st.floats(allow_nan=False))
    return request.SerializeToString()


@pytest.mark.parametrize("folder", ONE_OF_EACH)
def test_a_recording_of_every_kind_can_be_replayed(folder: str) -> None:
    body = ONE_OF_EACH[folder].read_bytes()

    _assert_same_but_renewed(body, freshen(body, now_ns=NOW, ids=random.Random(1).randbytes))


@given(requests(), st.integers(min_value=0, max_value=2**63), st.integers())
def test_a_replay_keeps_counts_parents_and_durations(body: bytes, now_ns: int, seed: int) -> None:
    fresh = freshen(body, now_ns=now_ns, ids=random.Random(seed).randbytes)

    _assert_same_but_renewed(body, fresh)


def test_the_latest_time_becomes_now() -> None:
    body = payload("kong-3.9-otel-capture", "003.pb")

    fresh = freshen(body, now_ns=NOW, ids=random.Random(1).randbytes)

    assert max(span.end_time_unix_nano for span in _spans(fresh)) == NOW


def test_two_replays_share_no_id() -> None:
    body = payload("kong-3.9-split-traces", "001.pb")
    ids = random.Random(1).randbytes
    recording = Recording(body)

    replays = [recording.replay(shift_ns=0, ids=IdMap(ids)) for _ in range(3)]

    for one, other in pairwise([body, *replays]):
        assert not _ids(one) & _ids(other)
        assert not set(_texts(one, b"kong.request.id")) & set(_texts(other, b"kong.request.id"))


def test_traces_split_over_two_requests_stay_joined_and_in_order() -> None:
    bodies = payloads("kong-3.9-split-traces")

    fresh = freshen_all(bodies, now_ns=NOW, ids=random.Random(1).randbytes)

    old_spans = [span for body in bodies for span in _spans(body)]
    new_spans = [span for body in fresh for span in _spans(body)]
    _assert_renewed_alike(old_spans, new_spans)
    shift = new_spans[0].start_time_unix_nano - old_spans[0].start_time_unix_nano

    assert {shift} == {
        new.end_time_unix_nano - old.end_time_unix_nano for old, new in zip(old_spans, new_spans, strict=True)
    }


def test_request_ids_in_headers_follow_the_attribute() -> None:
    fresh = freshen(payload("kong-3.9-otel-capture", "003.pb"), now_ns=NOW, ids=random.Random(1).randbytes)

    [request_id] = _texts(fresh, b"kong.request.id")

    assert [request_id] == _texts(fresh, b"http.response.header.x-kong-request-id")


def test_a_captured_traceparent_names_the_new_ids() -> None:
    bodies = payloads("kong-3.9-invalid-utf8")
    known = {span_id.hex() for body in bodies for span_id in _ids(body)}
    fresh = freshen_all(bodies, now_ns=NOW, ids=random.Random(1).randbytes)
    renewed = {span_id.hex() for body in fresh for span_id in _ids(body)}
    parents = [text.decode() for body in bodies for text in _texts(body, b"http.request.header.traceparent")]
    new_parents = [
        text.decode() for body in fresh for text in _texts(body, b"http.request.header.traceparent")
    ]

    assert parents
    for old, new in zip(parents, new_parents, strict=True):
        assert [part in known for part in old.split("-")] == [part in renewed for part in new.split("-")]
        assert old != new


def test_b3_headers_follow_a_64_bit_trace_id() -> None:
    request = TraceRequest()
    short = b"\x1f" * 8
    span = request.resource_spans.add().scope_spans.add().spans.add(trace_id=bytes(8) + short)
    for value in short.hex(), f"{short.hex()}-{'ab' * 8}-1":
        span.attributes.add(key="http.request.header.b3").value.string_value = value

    fresh = freshen(request.SerializeToString(), now_ns=NOW, ids=random.Random(1).randbytes)

    [new] = _spans(fresh)
    alone, with_span = _texts(fresh, b"http.request.header.b3")
    assert bytes(8) == new.trace_id[:8]
    assert new.trace_id[8:].hex().encode() == alone
    assert with_span.startswith(alone + b"-")
    assert with_span.endswith(b"-1")
    assert b"ab" * 8 not in with_span


def test_what_is_not_protobuf_is_refused() -> None:
    with pytest.raises(ValueError, match="ends at"):
        Recording(payload("kong-3.9-default", "001.pb")[:-7])


def _assert_same_but_renewed(body: bytes, fresh: bytes) -> None:
    old_spans, new_spans = list(_spans(body)), list(_spans(fresh))
    assert len(body) == len(fresh)
    _assert_renewed_alike(old_spans, new_spans)
    _assert_moved_alike(old_spans, new_spans)
    assert _without_ids_and_times(body) == _without_ids_and_times(fresh)


def _assert_renewed_alike(old_spans: list[Any], new_spans: list[Any]) -> None:
    """One old id, one new id, and the other way round: so every link still joins the same two."""
    pairs = {
        pair
        for old, new in zip(old_spans, new_spans, strict=True)
        for pair in zip(_span_ids(old), _span_ids(new), strict=True)
    }
    assert len(pairs) == len({old for old, _ in pairs}) == len({new for _, new in pairs})
    assert all((old == new) == (not any(old)) for old, new in pairs)


def _assert_moved_alike(old_spans: list[Any], new_spans: list[Any]) -> None:
    moves = {
        new - old
        for old_span, new_span in zip(old_spans, new_spans, strict=True)
        for old, new in zip(_times(old_span), _times(new_span), strict=True)
        # No time stays none; the ends of the range are where moving stops.
        if old and 0 < new < 2**64 - 1
    }
    assert len(moves) <= 1


def _without_ids_and_times(body: bytes) -> Any:
    request: Any = LenientRequest.FromString(body)
    for span in _spans_of(request):
        for part in (span, *span.links):
            part.ClearField("trace_id")
            part.ClearField("span_id")
        span.ClearField("parent_span_id")
        span.ClearField("start_time_unix_nano")
        span.ClearField("end_time_unix_nano")
        for event in span.events:
            event.ClearField("time_unix_nano")
        kept = [
            a for a in span.attributes if not a.key.endswith((b"request.id", b"-request-id", b"traceparent"))
        ]
        del span.attributes[:]
        span.attributes.extend(kept)
    return request


def _spans(body: bytes) -> Iterator[Any]:
    yield from _spans_of(LenientRequest.FromString(body))


def _spans_of(request: Any) -> Iterator[Any]:
    for resource_spans in request.resource_spans:
        for scope_spans in resource_spans.scope_spans:
            yield from scope_spans.spans


def _span_ids(span: Any) -> list[bytes]:
    linked = [span_id for link in span.links for span_id in (link.trace_id, link.span_id)]
    return [span.trace_id, span.span_id, span.parent_span_id, *linked]


def _ids(body: bytes) -> set[bytes]:
    return {span_id for span in _spans(body) for span_id in _span_ids(span) if any(span_id)}


def _times(span: Any) -> list[int]:
    return [span.start_time_unix_nano, span.end_time_unix_nano, *(e.time_unix_nano for e in span.events)]


def _texts(body: bytes, key: bytes) -> list[bytes]:
    values = [a.value for span in _spans(body) for a in span.attributes if a.key == key]
    return [
        text
        for value in values
        for text in (value.string_value, *(item.string_value for item in value.array_value.values))
        if text
    ]
