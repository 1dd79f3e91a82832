"""The readers, each with the laws that hold for whatever bytes it is given.

A target returns where all is well, and raises where a law is broken; what a reader is allowed to refuse
is part of the law. `CANARY` is a secret that stands beside what was given.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from opentelemetry.proto.common.v1.common_pb2 import AnyValue
from starlette.types import Message, Receive, Scope, Send

from otel_bridge.config import ConfigError, check, load
from otel_bridge.formats import alf, har, runscope
from otel_bridge.inspector.exchange import Exchange
from otel_bridge.inspector.terminal.line import line
from otel_bridge.inspector.wire.front_door import front_door
from otel_bridge.mapping import api, spot
from otel_bridge.mapping.exchange import HttpExchange
from otel_bridge.otlp.errors import UndecodableError
from otel_bridge.otlp.json import to_protobuf
from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.otlp.normalise import normalise
from otel_bridge.otlp.values import Value, encode
from otel_bridge.redaction import DEFAULTS, Redactor
from tests.fuzz import mutations, seeds
from tests.fuzz.mutations import Mutate

CANARY = "c4n4ry-S3CRET-9f27"
_HARMLESS = "harmless-2b61"
_LONGEST_COMPLAINT = 500

REDACTOR = Redactor(DEFAULTS)
WITHOUT_BODIES = Redactor(DEFAULTS, keep_bodies=False)


class Target(NamedTuple):
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    mutate: Mutate


def protobuf(data: bytes) -> None:
    """OTLP in protobuf: normalised, redacted, mapped, encoded."""
    try:
        normalised = normalise(data)
    except UndecodableError as error:
        _check_complaint(str(error), data)
        return
    _check_record(normalised.record)


def otlp_json(data: bytes) -> None:
    """OTLP in JSON, and then the same."""
    try:
        record = to_protobuf(data)
    except UndecodableError as error:
        _check_complaint(str(error), data)
        return
    # What JSON gave is repaired already.
    assert (record, 0) == normalise(record)[::2]

    _check_record(record)


def text(data: bytes) -> None:
    """Any bytes behind a secret, in every kind of attribute that is read as text or is decoded."""
    given = TraceRequest()
    span = given.resource_spans.add().scope_spans.add().spans.add(trace_id=b"t" * 16, span_id=b"s" * 8)
    before = b'{"password": "%s", "note": "%s", ' % (CANARY.encode(), _HARMLESS.encode())
    attributes: dict[str, Value] = {
        "http.request.body.content": before + data,
        "http.url": f"https://a.example/?token={CANARY}&note={_HARMLESS}&".encode() + data,
        "http.request.header.authorization": [data + CANARY.encode(), CANARY],
        "http.response.header.content-encoding": ["gzip"],
        "http.response.body.content": data,
        "note": before + data,
    }
    for key, value in attributes.items():
        span.attributes.add(key=key, value=AnyValue.FromString(encode(value)))
    record = given.SerializeToString()

    redacted = _redacted(record)

    # A canary is there again where the data itself brings one, and gone with all around it where too
    # much would have to be looked at.
    if CANARY.encode() not in data:
        assert CANARY.encode() not in redacted
    if len(data) < 1 << 10:
        assert _HARMLESS.encode() in redacted


def front_door_alf(data: bytes) -> None:
    """ALF, posted to the inspector."""
    _post("/1.1.0/single", data)


def front_door_runscope(data: bytes) -> None:
    """Runscope messages, posted to the inspector."""
    _post("/buckets/b/messages", data)


def configuration(data: bytes) -> None:
    """A configuration file, checked and loaded; the environment holds a secret."""
    environment = {"TOKEN": CANARY}
    with tempfile.NamedTemporaryFile(suffix=".yaml", dir=_MEMORY) as file:
        file.write(data)
        file.flush()
        path = Path(file.name)
        report = check(path, environment)
        said = "".join(map(str, (*report.faults, *report.warnings)))
        try:
            said += repr(load(path, environment))
            refused = False
        except ConfigError as error:
            said += str(error)
            refused = True

    assert refused == bool(report.faults)
    if b"redaction" not in data:  # whose names and patterns are no secrets, and are shown
        assert CANARY not in said or CANARY.encode() in data


TARGETS = {
    "protobuf": Target(protobuf, seeds.protobuf, mutations.protobuf),
    "json": Target(otlp_json, seeds.otlp_json, mutations.json_document),
    "text": Target(text, seeds.texts, mutations.bytewise),
    "alf": Target(front_door_alf, seeds.alf, mutations.json_document),
    "runscope": Target(front_door_runscope, seeds.runscope, mutations.json_document),
    "configuration": Target(configuration, seeds.configuration, mutations.yaml_text),
}

# Files in memory where there is such a place: a fuzzer writes thousands a second.
_MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def _check_record(record: bytes) -> None:
    TraceRequest.FromString(record)
    assert (record, 0) == normalise(record)[::2]

    # One more span, with a secret, at the end: messages are concatenated on the wire.
    redacted = _redacted(record + _SECRET_SPAN)
    assert CANARY.encode() not in redacted or CANARY.encode() in record

    without = WITHOUT_BODIES.redact(record).record
    for result in (redacted, without):
        _check_outputs(result)


def _redacted(record: bytes) -> bytes:
    redacted, masked = REDACTOR.redact(record)
    assert (masked == 0) or redacted != record

    parsed = TraceRequest.FromString(redacted)
    again = REDACTOR.redact(redacted)

    assert (redacted, 0) == again
    assert _spans(TraceRequest.FromString(record)) == _spans(parsed)
    return redacted


def _check_outputs(record: bytes) -> None:
    for details in (True, False):
        spotted = spot(record, details=details)
        exchanges = [found.exchange for found in spotted.exchanges]

        assert _spans(TraceRequest.FromString(record)) == len(exchanges) + sum(spotted.skipped.values())
        for document in _documents(exchanges, extension=details):
            orjson.loads(document)
        for exchange in exchanges:
            api(exchange)


def _documents(exchanges: Sequence[HttpExchange], *, extension: bool) -> Iterator[bytes]:
    entries = [alf.entry(each, bodies=True, extension=extension) for each in exchanges]
    yield alf.document(entries, service_token="t", environment=None)
    yield runscope.document(runscope.message(each, bodies=True, extension=extension) for each in exchanges)
    yield har.document(har.entry(each, bodies=extension) for each in exchanges)


def _spans(request: TraceRequest) -> int:
    return sum(len(scope.spans) for resource in request.resource_spans for scope in resource.scope_spans)


def _check_complaint(complaint: str, data: bytes) -> None:
    """A refusal is a short sentence that shows nothing of what was sent."""
    assert len(complaint) < _LONGEST_COMPLAINT + len(data) // 4
    assert CANARY not in complaint


def _secret_span() -> bytes:
    given = TraceRequest()
    span = given.resource_spans.add().scope_spans.add().spans.add(kind=2, name=f"GET /?token={CANARY}")
    attributes: dict[str, Value] = {
        "http.method": "GET",
        "http.url": f"https://u:{CANARY}@h.example/?api_key={CANARY}",
        "http.request.header.cookie": [CANARY],
        "http.response.body": f'{{"a": "{{\\"secret\\": \\"{CANARY}\\"}}"}}',
    }
    for key, value in attributes.items():
        span.attributes.add(key=key, value=AnyValue.FromString(encode(value)))
    return given.SerializeToString()


_SECRET_SPAN = _secret_span()


class _Shown:
    """A sink that renders what it keeps, as `tail` does."""

    async def keep(self, exchanges: Sequence[Exchange]) -> None:
        for exchange in exchanges:
            shown = line(exchange, zone=None, colour=False, width=120)
            assert "\n" not in shown
            shown.encode(errors="backslashreplace")


_LOOP = asyncio.new_event_loop()
_DOOR: Any = front_door(_Shown(), clock=lambda: 1_763_779_200_000_000_000)


def _post(path: str, body: bytes) -> None:
    status, answer = _LOOP.run_until_complete(_answered(path, body))

    assert status in (200, 201, 206, 207, 400), (status, answer)
    orjson.loads(answer)


async def _answered(path: str, body: bytes) -> tuple[int, bytes]:
    """Status and body of the answer to one POST, without a socket."""
    sent: list[Message] = []
    scope: Scope = {
        "type": "http", "method": "POST", "path": path, "raw_path": path.encode(), "query_string": b"",
        "headers": [(b"content-type", b"application/json")], "http_version": "1.1", "scheme": "http",
    }  # fmt: skip

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    receiving: Receive = receive
    sending: Send = send
    await _DOOR(scope, receiving, sending)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])
