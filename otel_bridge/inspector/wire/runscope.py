"""Messages of the Runscope API, read as it did, and as Kong's plugin wrote them. Pure.

A message has a request, a response or both; a bad one costs nobody but itself. Numbers may be strings:
Kong's `size_bytes` is one.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from otel_bridge.inspector.wire import scalars
from otel_bridge.inspector.wire.sink import Arrived, Wire


class Message(NamedTuple):
    """What became of one message of a request."""

    unique_identifier: str | None
    arrived: Arrived | None
    """None if it was refused."""
    complaint: str
    """Why it was refused, or what is odd about it though it was taken; "" if nothing is."""


def read(messages: Sequence[Any], *, bucket: str, new_id: Callable[[], str]) -> list[Message]:
    """What became of *messages*, in their order."""
    return [_read_message(message, bucket, new_id) for message in messages]


def _read_message(message: Any, bucket: str, new_id: Callable[[], str]) -> Message:
    identifier = scalars.text(scalars.mapping(message).get("unique_identifier")) or None
    error = _error(message)
    if error:
        return Message(identifier, None, error)
    request, response = scalars.mapping(message.get("request")), scalars.mapping(message.get("response"))
    started, duration_ms = _times(request, response)
    request_body, odd_request = _decoded_size(request, "request")
    response_body, odd_response = _decoded_size(response, "response")
    told_size = scalars.size(response.get("size_bytes"))
    arrived = Arrived(
        id=new_id(),
        wire=Wire.RUNSCOPE,
        environment="",
        bucket=bucket,
        started=started,
        method=scalars.text(request.get("method")),
        url=scalars.text(request.get("url")),
        status=scalars.status(response.get("status")) or 0,
        duration_ms=duration_ms,
        client="",
        request_size=request_body,
        response_size=response_body if told_size is None else told_size,
        entry=message,
        otel=scalars.mapping(message.get("_otel")),
    )
    return Message(identifier, arrived, odd_request or odd_response)


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


def _times(request: dict[str, Any], response: dict[str, Any]) -> tuple[float | None, float | None]:
    """The start in Unix seconds and the duration in milliseconds, each from whatever tells it."""
    began, ended = scalars.number(request.get("timestamp")), scalars.number(response.get("timestamp"))
    took = scalars.number(response.get("response_time"))
    if took is None and began is not None and ended is not None:
        took = ended - began
    if began is None and ended is not None:
        began = ended - (took or 0)
    return began, took * 1000 if took is not None and took >= 0 else None


def _decoded_size(side: dict[str, Any], name: str) -> tuple[int | None, str]:
    """Bytes of the body that came along, and what is odd about it."""
    body = side.get("body")
    if not isinstance(body, str):
        return None, ""
    if side.get("body_encoding") != "base64":
        return len(body.encode()), ""
    try:
        return len(binascii.a2b_base64(body)), ""
    except (ValueError, binascii.Error):
        return None, f"{name}.body is not base64 though body_encoding says so"
