"""Traffic made to hurt whoever looks at it: what people who write their own requests make a gateway tell."""

from __future__ import annotations

import gzip
import time
from base64 import b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any

CANARY = "__owned"
"""A global of the page that is there only if a script of the traffic ran."""

SCRIPTS = (
    f"<script>window.{CANARY}=1;alert(1)</script>",
    f"\"'><img src=x onerror=window.{CANARY}=1><svg onload=window.{CANARY}=1>",
    f"javascript:window.{CANARY}=1",
    f"</script></style></textarea></title><iframe srcdoc='<script>parent.{CANARY}=1</script>'>",
    f"${{window.{CANARY}=1}}{{{{constructor.constructor('window.{CANARY}=1')()}}}}",
    "\x00\x1b[2J\x1b]0;owned\x07\u202egnp.exe\u2028\ufeff\ud83d",
    "__proto__",
    "=cmd|' /C calc'!A0",
)
BODIES = (
    "html",
    "svg",
    "not a png",
    "png and more",
    "large",
    "long lines",
    "deep json",
    "deep objects",
    "unclosed",
    "prototype",
    "entity bomb",
    "foreign file",
    "deep xml",
    "not utf-8",
    "nul",
    "other charset",
    "bomb",
    "bomb in bombs",
    "many codings",
    "no gzip",
)
"""Names of `bodies`."""
MIB = 1 << 20


def everywhere(text: str) -> dict[str, Any]:
    """An entry that has *text* wherever a sender may put any."""
    entry = an_entry(f"/{text}?{text}={text}", host=text)
    entry["request"] |= {"method": text, "httpVersion": text, "queryString": [{"name": text, "value": text}]}
    entry["response"] |= {"status": 500, "statusText": text, "httpVersion": text}
    for part, place in ((entry["request"], "postData"), (entry["response"], "content")):
        part["headers"] = [
            {"name": text, "value": text},
            {"name": "Content-Type", "value": f"text/html;{text}"},
        ]
        part[place] = {"text": f"<p>{text}</p>", "mimeType": text, "encoding": "plain"}
        part["bodySize"] = len(text)
    attributes = {text: text, "service.instance.id": text, "nested": {text: [text]}}
    span = {"name": text, "spanId": text, "parentSpanId": text, "kind": text, "start": 0.1, "duration": 0.2}
    entry |= {"clientIPAddress": text, "serverIPAddress": text}
    entry["_otel"] = {
        "captured": True,
        "service": "hostile",
        "gateway": attributes,
        "spans": [{**span, "attributes": attributes, "error": text}, {text: text}],
        "upstream": {"address": text, "port": text, "status": text},
        "requestBody": {"omitted": text, "truncated": True},
        **dict.fromkeys(
            (
                "route",
                "consumer",
                "routeTemplate",
                "requestId",
                "traceId",
                "spanId",
                "responseSource",
                "notCaptured",
            ),
            text,
        ),
    }
    return entry


@cache
def bodies() -> Mapping[str, dict[str, Any]]:
    """Entries by what is wrong with the body of their response."""
    xml = b'<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a0 "ha">' + b"".join(
        b'<!ENTITY a%d "&a%d;&a%d;&a%d;&a%d;">' % (each + 1, *[each] * 4) for each in range(40)
    )
    files = b'<!DOCTYPE b [<!ENTITY f SYSTEM "file:///etc/passwd">]><b>&f;</b>'
    bomb = gzip.compress(bytes(128 * MIB), 1)
    return {
        "html": with_body(SCRIPTS[0].encode(), "text/html"),
        "svg": with_body(
            f'<svg xmlns="http://www.w3.org/2000/svg">{SCRIPTS[0]}</svg>'.encode(), "image/svg+xml"
        ),
        "not a png": with_body(SCRIPTS[0].encode(), "image/png"),
        "png and more": with_body(b"\x89PNG\r\n\x1a\n" + SCRIPTS[0].encode(), "text/html"),
        "large": with_body(b'{"a":"' + b"x" * (20 * MIB) + b'"}', "application/json"),
        "long lines": with_body(b"[" + b"1," * MIB + b"1]", "application/json"),
        "deep json": with_body(b"[" * 10_000 + b"]" * 10_000, "application/json"),
        "deep objects": with_body(b'{"a":' * 10_000 + b"1" + b"}" * 10_000, "application/json"),
        "unclosed": with_body(b'{"a":[' * 10_000, "application/json"),
        "prototype": with_body(b'{"__proto__":{"x":1},"constructor":1,"toString":2}', "application/json"),
        "entity bomb": with_body(xml + b"]><b>&a40;</b>", "application/xml"),
        "foreign file": with_body(files, "application/xml"),
        "deep xml": with_body(b"<a>" * 10_000 + b"</a>" * 10_000, "application/xml"),
        "not utf-8": with_body(b'{"a":"\xff\xfe\xed\xa0\x80\xc0\xaf"}', "application/json; charset=utf-8"),
        "nul": with_body(b"\x00\x01\x1b[2J" * 1000, "text/plain"),
        "other charset": with_body(SCRIPTS[0].encode("utf-16"), "text/html; charset=utf-16"),
        "bomb": with_body(bomb, "application/json", "gzip"),
        "bomb in bombs": with_body(gzip.compress(bomb), "text/plain", "gzip, gzip"),
        "many codings": with_body(b"x", "text/plain", ", ".join(["gzip"] * 1000)),
        "no gzip": with_body(b"\x1f\x8bno", "text/plain", "gzip"),
    }


def absurd() -> list[dict[str, Any]]:
    """Entries with times and numbers that are none."""
    numbers: list[Any] = [1e308, -1e308, 2**63, -(2**63), "1e308", "NaN", 5e-324]
    found = []
    for number in numbers:
        entry = an_entry(f"/number/{number}")
        entry |= {"time": number, "timings": {"send": number, "wait": number, "receive": number}}
        for part in (entry["request"], entry["response"]):
            part |= {"headersSize": 1, "bodySize": -1}
        entry["_otel"] |= {
            "start": number,
            "clientPort": number,
            "latency": {"gateway": number, "upstream": number},
        }
        found.append(entry)
    instants = ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999Z", "1969-12-31T23:59:59Z")
    return found + [an_entry(f"/instant/{each}") | {"startedDateTime": each} for each in instants]


def many_headers(count: int) -> dict[str, Any]:
    entry = an_entry("/headers")
    entry["request"]["headers"] = [{"name": f"x-{number}", "value": "y"} for number in range(count)]
    return entry


def with_body(content: bytes, media_type: str, coding: str = "") -> dict[str, Any]:
    """Its response has the body *content*."""
    entry = an_entry("/body")
    headers = [{"name": "Content-Type", "value": media_type}]
    entry["response"] |= {
        "headers": [*headers, {"name": "Content-Encoding", "value": coding}] if coding else headers,
        "bodySize": len(content),
        "bodyCaptured": True,
        "content": {"text": b64encode(content).decode(), "encoding": "base64", "mimeType": media_type},
    }
    return entry


def an_entry(target: str, host: str = "hostile.example") -> dict[str, Any]:
    """A harmless one, of now."""
    now = datetime.fromtimestamp(time.time(), UTC).isoformat(timespec="milliseconds")
    side = {"httpVersion": "HTTP/1.1", "headers": [], "headersSize": 20, "bodySize": 0, "bodyCaptured": False}
    return {
        "startedDateTime": now,
        "time": 3.5,
        "request": {**side, "method": "GET", "url": f"http://{host}{target}", "queryString": []},
        "response": {**side, "status": 200, "statusText": "OK"},
        "timings": {"send": 0, "wait": 3.5, "receive": 0},
        "_otel": {"service": "hostile", "captured": True},
    }
