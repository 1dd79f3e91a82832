r"""NDJSON: everything that is known of an exchange, one JSON object a line.

Members are those of the API's `/api/exchanges/ID` by the same names (times are Unix microseconds,
durations microseconds, sizes bytes), but for bodies, which are here as they were:

    {"id", "started", "duration", "arrived", "wire", "method", "url", "scheme", "host", "port", "path",
     "query", "http_version", "status", "reason", "environment", "bucket", "service", "route",
     "consumer", "route_template", "gateway", "source", "client", "client_port", "upstream_address",
     "upstream_port", "upstream_status", "request_id", "trace_id", "span_id", "kong", "upstream",
     "timings": {"send", "wait", "receive"}, "captured", "not_captured", "masked", "spans", "resource",
     "request", "response": {"headers": [[name, value]], "headers_size",
                             "body": {"text" or "base64", "size", "truncated", "incomplete", "masked",
                                      "decoded", "omitted"}}}

`text` is a body that is UTF-8, `base64` any other; where neither is there is no body. A Content-Encoding
still applies unless `decoded`.
"""

from __future__ import annotations

from binascii import b2a_base64
from typing import Any

import orjson

from otel_bridge.inspector.exchange import Exchange, Side

# Whose names in the API are others than in an exchange.
_RENAMED = {
    "started_us": "started",
    "duration_us": "duration",
    "arrived_us": "arrived",
    "client_address": "client",
    "gateway_us": "kong",
    "upstream_us": "upstream",
}
_TIMINGS = {"send_us": "send", "wait_us": "wait", "receive_us": "receive"}
_SIDES = ("request", "response")
_MARKS = ("truncated", "incomplete", "masked", "decoded", "omitted")


def line(exchange: Exchange) -> bytes:
    """With its line feed."""
    told: dict[str, Any] = {}
    timings: dict[str, Any] = {}
    for name, value in zip(exchange._fields, exchange, strict=True):
        if name in _TIMINGS:
            timings[_TIMINGS[name]] = value
        elif name not in _SIDES:
            told[_RENAMED.get(name, name)] = value
    told["timings"] = timings
    told["request"], told["response"] = _side(exchange.request), _side(exchange.response)
    return orjson.dumps(told, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_NON_STR_KEYS)


def _side(side: Side) -> dict[str, Any]:
    body: dict[str, Any] = {} if side.body is None else _content(side.body)
    body["size"] = side.body_size
    body |= {name: getattr(side, name) for name in _MARKS}
    return {"headers": side.headers, "headers_size": side.headers_size, "body": body}


def _content(body: bytes) -> dict[str, Any]:
    try:
        return {"text": body.decode()}
    except UnicodeDecodeError:
        return {"base64": orjson.Fragment(b'"%b"' % b2a_base64(body, newline=False))}
