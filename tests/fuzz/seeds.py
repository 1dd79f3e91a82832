"""What fuzzing begins with: recorded payloads, and what the bridge makes of them."""

from __future__ import annotations

from base64 import b64decode
from functools import cache
from pathlib import Path
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict

from otel_bridge.formats import alf as alf_format
from otel_bridge.formats import runscope as runscope_format
from otel_bridge.mapping import spot
from otel_bridge.mapping.exchange import HttpExchange
from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.otlp.normalise import normalise
from tests import recordings
from tests.fuzz.mutations import WORDS

_LARGEST = 1 << 14
_FOLDERS = (
    "kong-3.9-otel-capture",
    "kong-3.9-invalid-utf8",
    "kong-3.4-otel-capture",
    "kong-3.0-default",
    "kong-3.9-default",
)
_EACH = 12
_IDS = ("traceId", "spanId", "parentSpanId")
_CONFIGURATIONS = Path(__file__).parents[1] / "config"


@cache
def protobuf() -> list[bytes]:
    """Of each recording, payloads of all sizes up to 16 KiB."""
    found = []
    for folder in _FOLDERS:
        small = sorted((data for data in recordings.payloads(folder) if len(data) <= _LARGEST), key=len)
        found += small[:: max(1, len(small) // _EACH)]
    return found


@cache
def otlp_json() -> list[bytes]:
    requests = [TraceRequest.FromString(normalise(data).record) for data in protobuf()]
    return [orjson.dumps(_with_hex(MessageToDict(request))) for request in requests]


@cache
def texts() -> list[bytes]:
    """Bodies, URLs and headers out of the recordings, and the words that redaction looks for."""
    urls = [each.url.encode() for each in _exchanges()]
    bodies = [body.content for each in _exchanges() for body in (each.request_body, each.response_body)]
    return [*urls, *(content[:_LARGEST] for content in bodies if content), *WORDS]


@cache
def alf() -> list[bytes]:
    entries = [alf_format.entry(each, bodies=True, extension=True) for each in _exchanges()]
    documents = [
        alf_format.document(entries[at : at + 2], service_token="t", environment="e")
        for at in range(0, len(entries), 2)
    ]
    older = orjson.loads(documents[0]) | {"version": "1.0.0"}
    return [*documents, orjson.dumps([older, older])]


@cache
def runscope() -> list[bytes]:
    messages = [runscope_format.message(each, bodies=True, extension=True) for each in _exchanges()]
    return [*messages, runscope_format.document(messages[:3])]


@cache
def configuration() -> list[bytes]:
    return [path.read_bytes() for path in sorted(_CONFIGURATIONS.rglob("*.yaml"))]


@cache
def _exchanges() -> list[HttpExchange]:
    found = [each.exchange for data in protobuf() for each in spot(normalise(data).record).exchanges]
    return found[::3]


def _with_hex(value: Any) -> Any:
    """Proto3's JSON as OTLP's: ids in hex."""
    if isinstance(value, list):
        return [_with_hex(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _hex(item) if key in _IDS and isinstance(item, str) else _with_hex(item)
        for key, item in value.items()
    }


def _hex(text: str) -> str:
    return b64decode(text).hex()
