"""HTTP Archive 1.2, for the tools that read it.

HAR's own rules, which are not ALF's: -1 where a size is not known, cookies taken apart, a comment where
something is cut, masked or was not captured. `_otel` is always there, as HAR allows fields of one's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import orjson

from otel_bridge import __version__
from otel_bridge.formats import wire
from otel_bridge.formats.extension import members, not_captured, start, text_of
from otel_bridge.mapping import Timings, timings
from otel_bridge.mapping.exchange import Body, Headers, HttpExchange

Cookie = dict[str, Any]


def entry(exchange: HttpExchange, *, bodies: bool, spent: Timings | None = None) -> bytes:
    """One entry as compact JSON; *bodies* adds `postData` and the text of `content`.

    *spent* is where its time went, if that is known better than the exchange tells.
    """
    spent = spent or timings(exchange)
    found: dict[str, Any] = {
        "startedDateTime": wire.instant(exchange.start_ns),
        "time": spent.total,
        "request": _request(exchange, bodies=bodies),
        "response": _response(exchange, bodies=bodies),
        "cache": {},
        "timings": {"send": spent.send, "wait": spent.wait, "receive": spent.receive},
    }
    if wire.is_ip_address(exchange.server_address):
        found["serverIPAddress"] = exchange.server_address
    if exchange.client_port is not None:
        found["connection"] = str(exchange.client_port)
    if reason := not_captured(exchange):
        found["comment"] = reason
    elif exchange.masked:
        found["comment"] = "secrets were replaced by REDACTED"
    found["_otel"] = members(exchange, start=start(exchange), clientAddress=exchange.client_address)
    return orjson.dumps(found, default=text_of)


def document(entries: Iterable[bytes]) -> bytes:
    """One HAR over *entries*."""
    creator = {"name": "otel-bridge", "version": __version__}
    return b'{"log":{"version":"1.2","creator":%b,"entries":[%b]}}' % (
        orjson.dumps(creator),
        b",".join(entries),
    )


def _request(exchange: HttpExchange, *, bodies: bool) -> dict[str, Any]:
    headers, body = exchange.request_headers, exchange.request_body
    named, lines, items = wire.survey(headers)
    size = wire.body_size(body, named)
    if size is None and exchange.captured and not wire.body_was_there(body, named):
        size = 0
    known = exchange.captured or headers
    found: dict[str, Any] = {
        "method": exchange.method,
        "url": exchange.url,
        "httpVersion": exchange.http_version,
        "cookies": [cookie for value in _values(headers, "cookie") for cookie in _cookies(value)],
        "headers": items,
        "queryString": wire.items(wire.arguments(exchange.target)),
        "headersSize": (
            wire.request_head_size(exchange.method, exchange.target, exchange.http_version, lines)
            if known
            else -1
        ),
        "bodySize": -1 if size is None else size,
    }
    comment = _comment(body)
    if bodies and body.content:
        found["postData"] = {"mimeType": _media_type(named)} | _post_text(body.content)
        if comment:
            found["postData"]["comment"] = comment
    elif comment:
        found["comment"] = comment
    return found


def _response(exchange: HttpExchange, *, bodies: bool) -> dict[str, Any]:
    headers, body = exchange.response_headers, exchange.response_body
    named, lines, items = wire.survey(headers)
    bodiless = wire.never_has_body(exchange.method, exchange.status)
    size = 0 if bodiless else wire.body_size(body, named)
    content: dict[str, Any] = {
        "size": -1 if size is None else size,
        "mimeType": _media_type(named),
    }
    if bodies and body.content:
        content |= _text(body.content)
    if not bodiless and (comment := _comment(body)):
        content["comment"] = comment
    return {
        "status": exchange.status,
        "statusText": wire.REASONS.get(exchange.status, ""),
        "httpVersion": exchange.http_version,
        "cookies": [_set_cookie(value) for value in _values(headers, "set-cookie") if "=" in value],
        "headers": items,
        "content": content,
        "redirectURL": next(_values(headers, "location"), ""),
        "headersSize": (
            wire.response_head_size(exchange.status, exchange.http_version, lines) if headers else -1
        ),
        "bodySize": -1 if size is None else size,
    }


def _media_type(named: wire.Fields) -> str:
    return named.get("content-type") or wire.DEFAULT_MEDIA_TYPE


def _text(content: bytes) -> dict[str, Any]:
    try:
        return {"text": content.decode()}
    except UnicodeDecodeError:
        return {"text": wire.base64(content), "encoding": "base64"}


def _post_text(content: bytes) -> dict[str, str]:
    """As `_text`; HAR 1.2 gives `postData` no `encoding`, so that is a field of our own."""
    found = _text(content)
    if "encoding" in found:
        found["_encoding"] = found.pop("encoding")
    return found


def _comment(body: Body) -> str:
    """What is missing from *body*, or was changed in it; "" where it is whole."""
    notes: list[str] = []
    if body.omitted:
        notes.append(f"not captured: {body.omitted}")
    if body.truncated:
        of = "" if body.size is None else f" of {body.size}"
        notes.append(f"only the first {len(body.content or b'')}{of} bytes were captured")
    if body.incomplete:
        notes.append("the transfer was cut off")
    if body.redacted:
        notes.append("secrets were replaced by REDACTED")
    if body.decoded:
        notes.append("its Content-Encoding was taken off to look for secrets")
    return "; ".join(notes)


def _values(headers: Headers, name: str) -> Iterator[str]:
    return (value for key, value in headers if key.lower().replace("_", "-") == name)


def _cookies(value: str) -> Iterator[Cookie]:
    for piece in value.split(";"):
        name, mark, content = piece.strip().partition("=")
        if mark:
            yield {"name": name, "value": content}


def _set_cookie(value: str) -> Cookie:
    pair, *attributes = value.split(";")
    name, _, content = pair.strip().partition("=")
    cookie: Cookie = {"name": name, "value": content}
    for attribute in attributes:
        key, _, setting = attribute.strip().partition("=")
        match key.lower():
            case "path" | "domain" as member:
                cookie[member] = setting
            case "expires":
                cookie |= _expiry(setting)
            case "httponly":
                cookie["httpOnly"] = True
            case "secure":
                cookie["secure"] = True
    return cookie


def _expiry(date: str) -> Cookie:
    try:
        moment = parsedate_to_datetime(date)
    except ValueError:
        return {}
    # Cookie dates are in GMT whether they say so or not.
    return {"expires": moment.replace(tzinfo=UTC).strftime("%Y-%m-%dT%H:%M:%SZ")}
