"""The answers of Galileo's collector and of the Runscope API, field by field.

Agents of both parse what they get, some crash on an empty body: so every answer has one, refusals too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any
from uuid import UUID

import orjson
from starlette.responses import Response

from otel_bridge.inspector.wire.runscope import Message

# What a sender of nothing but errors can make the answer hold.
_MAX_ERRORS = 10_000


def galileo_kept(saved: int, errors: Sequence[str]) -> Response:
    """200, or 207 where some were refused; entries are counted, one error stands for each refused one."""
    told = list(errors[:_MAX_ERRORS])
    if len(errors) > len(told):
        told.append(f"and {len(errors) - len(told)} more")
    return _json(207 if errors else 200, {"errors": told, "sent": saved + len(errors), "saved": saved})


def galileo_refused(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    return _json(status, {"errors": [why], "sent": 0, "saved": 0}, headers)


def runscope_kept(messages: Sequence[Message]) -> Response:
    """200 with an item for each message, in their order."""
    data = [_item(message) for message in messages]
    counts = {
        f"{status}_count": sum(item["status"] == status for item in data)
        for status in ("success", "warning", "error")
    }
    return _json(200, {"data": data, "meta": {"status": "success"} | counts, "error": None})


def runscope_found(data: Any) -> Response:
    """200 with what was asked for."""
    return _json(200, {"data": data, "meta": {"status": "success"}, "error": None})


def runscope_refused(status: int, why: str, headers: Mapping[str, str] | None = None) -> Response:
    error = {
        "status": status,
        "error": HTTPStatus(status).phrase,
        "message": why,
        "more_info": None,
    }
    return _json(status, {"data": None, "meta": {"status": "error"}, "error": error}, headers)


def _item(message: Message) -> dict[str, Any]:
    complaint = {"code": 400, "message": message.complaint, "more_info": None} if message.complaint else None
    kept = message.exchange is not None
    return {
        "status": "error" if not kept else "warning" if complaint else "success",
        "unique_identifier": message.unique_identifier,
        "uuid": str(UUID(message.exchange.id)) if message.exchange else None,
        "warning": complaint if kept else None,
        "error": None if kept else complaint,
    }


def _json(status: int, content: Any, headers: Mapping[str, str] | None = None) -> Response:
    return Response(orjson.dumps(content), status, headers, media_type="application/json")
