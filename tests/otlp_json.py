"""OTLP/JSON as senders that follow the specification write it."""

from __future__ import annotations

import base64
from typing import Any

import orjson
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

_IDS = frozenset({"traceId", "spanId", "parentSpanId"})


def otlp_json(message: Message) -> bytes:
    """*message*, a request of any signal; ids are hex and enums are numbers."""
    return orjson.dumps(_with_hex(MessageToDict(message, use_integers_for_enums=True)))


def _with_hex(value: Any) -> Any:
    match value:
        case dict():
            return {
                key: base64.b64decode(item).hex() if key in _IDS else _with_hex(item)
                for key, item in value.items()
            }
        case list():
            return [_with_hex(item) for item in value]
        case _:
            return value
