"""Messages of the Runscope API, read as it did, and as Kong's plugin wrote them. Pure.

A message has a request, a response or both; a bad one costs nobody but itself. Numbers may be strings:
Kong's `size_bytes` is one.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from otel_bridge.inspector.exchange import Exchange, Side, Wire
from otel_bridge.inspector.wire import content, scalars
from otel_bridge.inspector.wire.assemble import Arrival, Told, assemble

# What the bridge gives its messages: trace id and span id.
_UNIQUE_IDENTIFIER = re.compile(r"([0-9a-f]{32})-([0-9a-f]{16})", re.ASCII)


class Message(NamedTuple):
    """What became of one message of a request."""

    unique_identifier: str | None
    exchange: Exchange | None
    """None if it was refused."""
    complaint: str
    """Why it was refused, or what is odd about it though it was taken; "" if nothing is."""


def read(messages: Sequence[Any], *, bucket: str, arrival: Arrival) -> list[Message]:
    """What became of *messages*, in their order."""
    return [_read_message(message, bucket, arrival) for message in messages]


def _read_message(message: Any, bucket: str, arrival: Arrival) -> Message:
    identifier = scalars.text(scalars.mapping(message).get("unique_identifier")) or None
    error = _error(message)
    if error:
        return Message(identifier, None, error)
    request, response = scalars.mapping(message.get("request")), scalars.mapping(message.get("response"))
    otel = scalars.mapping(message.get("_otel"))
    heads, sizes = scalars.mapping(otel.get("headersSize")), scalars.mapping(otel.get("bodySize"))
    asked = _side(request, heads.get("request"), sizes.get("request"))
    answered = _side(response, heads.get("response"), sizes.get("response", response.get("size_bytes")))
    started_us, duration_us = _times(request, response)
    timings = scalars.mapping(otel.get("timings"))
    if parts := [us for us in map(scalars.micros, timings.values()) if us is not None]:
        duration_us = sum(parts)
    named = _UNIQUE_IDENTIFIER.fullmatch(identifier or "")
    told = Told(
        wire=Wire.RUNSCOPE,
        request=asked,
        response=answered,
        method=scalars.text(request.get("method")),
        url=scalars.text(otel.get("url")) or scalars.text(request.get("url")),
        status=scalars.status(response.get("status")) or 0,
        reason=content.shown(response.get("reason")),
        started_us=started_us,
        duration_us=duration_us,
        timings=timings,
        bucket=bucket,
        trace_id=named[1] if named else "",
        span_id=named[2] if named else "",
    )
    odd = next((name for name, side in (("request", asked), ("response", answered)) if side.omitted), "")
    complaint = f"{odd}.body is not base64 though body_encoding says so" if odd else ""
    return Message(identifier, assemble(told, otel, arrival), complaint)


def _error(message: Any) -> str:
    """Why *message* can't be taken; "" if it can."""
    if not isinstance(message, dict):
        return "the message is not an object"
    request, response = message.get("request"), message.get("response")
    if request is None and response is None:
        return "request or response is required"
    return _request_error(request) or _response_error(response)


def _request_error(request: Any) -> str:
    if request is None:
        return ""
    if not isinstance(request, dict):
        return "request is not an object"
    for name in ("method", "url"):
        if not scalars.text(request.get(name)):
            return f"request.{name} is required"
    return ""


def _response_error(response: Any) -> str:
    if response is None:
        return ""
    if not isinstance(response, dict):
        return "response is not an object"
    if response.get("status") is None:
        return "response.status is required"
    return "" if scalars.status(response["status"]) is not None else "response.status is not an HTTP status"


def _times(request: dict[str, Any], response: dict[str, Any]) -> tuple[int | None, int | None]:
    """The start in Unix microseconds and the duration, each from whatever tells it."""
    began, ended = _seconds(request.get("timestamp")), _seconds(response.get("timestamp"))
    took = _seconds(response.get("response_time"))
    if took is None and began is not None and ended is not None:
        took = ended - began
    if began is None and ended is not None:
        began = ended - (took or 0)
    return began, took if took is None or took >= 0 else None


def _seconds(value: Any) -> int | None:
    """Microseconds of seconds."""
    found = scalars.number(value)
    return None if found is None else scalars.micros(found * 1000)


def _side(part: dict[str, Any], headers_size: Any, body_size: Any) -> Side:
    body, omitted = None, ""
    try:
        body = content.plain(part.get("body"), base64=part.get("body_encoding") == "base64")
    except ValueError:
        omitted = "sent as base64, which it is not"
    return Side(
        headers=content.headers(part.get("headers")),
        headers_size=scalars.size(headers_size),
        body=_of_form(part.get("form")) if body is None and not omitted else body,
        body_size=scalars.size(body_size),
        omitted=omitted,
    )


def _of_form(form: Any) -> bytes | None:
    """The body that a form stands for: the API takes one in place of a body."""
    pairs = content.headers(form) if isinstance(form, dict) else ()
    return urlencode(pairs).encode() or None
