"""Secrets, each of its own, planted wherever a request may hold one, and something harmless beside each.

`PLACES` is the table; a `Plot` makes a request of it and remembers what it planted.
"""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64encode
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any, NamedTuple, Self
from urllib.parse import quote

import brotli
import zstandard
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.otlp.values import Value, encode
from tests.redaction import test_canaries as single

Attributes = dict[str, Value]
BROKEN = ("\ue000", b"\xff\xfe\xfd")
"""Stands in texts for bytes that are not UTF-8, and the bytes: as many, so that no length changes."""

_BODY = "http.request.body.content"
_NUMBERS = count(1)


class Planted(NamedTuple):
    place: str
    secret: str
    harmless: str
    """Stands beside the secret, in the same value where that can be, and has to survive."""


def plain_secret(number: int) -> str:
    return f"s3cr3t{number:04}Zq8vX1kW"


class Place(NamedTuple):
    attributes: Callable[[str, str], Attributes]
    """Of the exchange's span, for a secret and the harmless thing beside it."""
    secret: Callable[[int], str] = plain_secret


def forms(text: str) -> list[bytes]:
    """How *text* may stand in a file or an output: as it is, and in base64 at each of three places."""
    raw = text.encode()
    found = [raw]
    for before in range(3):
        coded = b64encode(b"\0" * before + raw)
        found.append(coded[-(-before * 8 // 6) : (before + len(raw)) * 8 // 6])
    return found


def _json(secret: str, harmless: str) -> str:
    return json.dumps({"note": harmless, "user": {"password": secret, "age": 5}})


def _coded(coding: str, compress: Callable[[bytes], bytes]) -> Place:
    def attributes(secret: str, harmless: str) -> Attributes:
        coded = b64encode(compress(_json(secret, harmless).encode())).decode()
        return {
            "http.response.header.content-encoding": [coding],
            "http.response.body.content_base64": coded,
        }

    return Place(attributes)


def _in_body(text: str) -> Place:
    """`%s` is the secret and `%h` the harmless text."""
    return Place(lambda secret, harmless: {_BODY: text.replace("%s", secret).replace("%h", harmless)})


def _beside(attributes: Attributes) -> Place:
    """A value that is secret as a whole; the harmless one is in a header of its own."""
    return Place(
        lambda secret, harmless: {
            **_replaced(attributes, "%s", secret),
            "http.request.header.x-note": [harmless],
        }
    )


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()


def _card(number: int) -> str:
    digits = f"411111{number:09}"
    doubled = (2 * int(digit) - 9 * (digit > "4") for digit in digits[::-2])
    check = -(sum(doubled) + sum(map(int, digits[-2::-2]))) % 10
    return "-".join((digits + str(check))[at : at + 4] for at in range(0, 16, 4))


def _web_token(number: int) -> str:
    claims = b64encode(b'{"sub": "%09d", "iat": 1763779200}' % number).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{claims}.c2lnbmF0dXJl{number:04}"


_MULTIPART = '--b\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n'

PLACES: dict[str, Place] = {
    "header": _beside({"http.request.header.authorization": ["%s"]}),
    "repeated header": _beside({"http.response.header.set-cookie": ["a=%s", "b=%s"]}),
    "cookie": _beside({"http.request.header.cookie": ["theme=dark; sid=%s"]}),
    "header joined by newlines": _beside({"http.request.header.x-api-key": "%s\n%s"}),
    "query": Place(lambda s, h: {"url.full": f"https://h.example/{h}?a=1&access_token={s}&b={h}"}),
    "user info": Place(lambda s, h: {"url.full": f"https://ann:{s}@h.example/{h}"}),
    "referer": Place(lambda s, h: {"http.request.header.referer": [f"https://h/?token={s}&x={h}"]}),
    "location": Place(lambda s, h: {"http.response.header.location": [f"https://h/{h}#id_token={s}"]}),
    "JSON": Place(lambda s, h: {_BODY: _json(s, h)}),
    "JSON in JSON": Place(lambda s, h: {_BODY: json.dumps({"inner": _json(s, h)})}),
    "JSON cut off": _in_body('{"note": "%h", "deep": {"client_secret": "%s'),
    "form": _in_body("note=%h&password=%s&x=1"),
    "form with JSON": Place(lambda s, h: {_BODY: "payload=" + quote(_json(s, h))}),
    "multipart": Place(lambda s, h: {_BODY: _MULTIPART % ("note", h) + _MULTIPART % ("token", s) + "--b--"}),
    "XML element": _in_body("<login><note>%h</note><w:Password>%s</w:Password></login>"),
    "XML attribute": _in_body('<login note="%h" password="%s"/>'),
    "base64": Place(lambda s, h: {"http.request.body.content_base64": _base64(_json(s, h))}),
    "gzip": _coded("gzip", gzip.compress),
    "deflate": _coded("deflate", zlib.compress),
    "br": _coded("br", brotli.compress),
    "zstd": _coded("zstd", zstandard.ZstdCompressor().compress),
    "beside broken UTF-8": _in_body(f'{{"a": "{BROKEN[0]}", "token": "%s{BROKEN[0]}", "note": "%h"}}'),
    "URL beside broken UTF-8": Place(lambda s, h: {"url.full": f"https://h.example/{h}?a={BROKEN[0]}&token={s}"}),
    "bearer in text": _in_body("%h said: curl -H 'X-A: Bearer %s'"),
    "JSON web token in a path": Place(lambda s, h: {"url.path": f"/reset/{s}/{h}"}, _web_token),
    "JSON web token in text": Place(lambda s, h: {_BODY: f"{h}\n{s}\n"}, _web_token),
    "card number": Place(lambda s, h: {_BODY: f"{h}: pay with {s}, please"}, _card),
    "cloud key": Place(lambda s, h: {_BODY: f"{h} {s}"}, lambda number: f"AKIA{number:04}QXZVBNMLKJHG"),
    "private key": _in_body("%h -----BEGIN RSA PRIVATE KEY-----\nM%s\n-----END RSA PRIVATE KEY-----\n"),
    "attribute of another gateway": _beside({"gateway.db_password": "%s"}),
}  # fmt: skip


class Plot:
    """One request, and all that was planted in it."""

    def __init__(self) -> None:
        self.request = TraceRequest()
        self.planted: list[Planted] = []
        self.delivered: list[Planted] = []
        """Those whose harmless neighbour destinations see."""

    def secret(self, place: str, make: Callable[[int], str] = plain_secret) -> Planted:
        number = next(_NUMBERS)
        planted = Planted(place, make(number), f"harmless{number:04}")
        self.planted.append(planted)
        return planted

    def wire(self, encode: Callable[[TraceRequest], bytes] = TraceRequest.SerializeToString) -> bytes:
        """The request as bytes, of which some are not UTF-8."""
        return encode(self.request).replace(BROKEN[0].encode(), BROKEN[1])

    def everywhere(self) -> Self:
        """Plant in all places, each in an exchange of its own, and around them."""
        spans = self.request.resource_spans.add().scope_spans.add().spans
        for name, place in PLACES.items():
            planted = self.secret(name, place.secret)
            self.delivered.append(planted)
            _exchange(spans.add(), place.attributes(planted.secret, planted.harmless))
        for name, attributes in single.PLACES.items():
            planted = self.secret(f"single: {name}")
            harmless: Attributes = {"http.request.header.x-note": [planted.harmless]}
            _exchange(spans.add(), {**_replaced(attributes, single.CANARY, planted.secret), **harmless})
        self._around(self.request)
        self._kong(self.request)
        return self

    def exchange(self, path: str) -> Self:
        """Plant in one exchange with this *path*."""
        planted = self.secret("header")
        attributes = PLACES["header"].attributes(planted.secret, planted.harmless)
        span = self.request.resource_spans.add().scope_spans.add().spans.add()
        _exchange(span, {**attributes, "url.path": path})
        return self

    def _around(self, request: TraceRequest) -> None:
        """What stands beside an exchange's own attributes."""
        resource_spans = request.resource_spans.add()
        part = self.secret("resource")
        command = f"run {part.harmless} --password={part.secret}"
        _put(resource_spans.resource, {"process.command_line": command})
        scope_spans = resource_spans.scope_spans.add()
        part = self.secret("scope")
        _put(scope_spans.scope, {"api.key": part.secret, "note": part.harmless})
        span = scope_spans.spans.add()
        _exchange(span, {})
        part = self.secret("event")
        message = f"{part.harmless}: https://h/?token={part.secret} failed"
        _put(span.events.add(name="exception"), {"exception.message": message})
        part = self.secret("status")
        span.status.message = f"{part.harmless} Bearer {part.secret}"
        part = self.secret("link")
        link = span.links.add(trace_id=b"l" * 16, span_id=b"l" * 8)
        _put(link, {"note": part.harmless, "token": part.secret})
        part = self.secret("span name")
        helper = scope_spans.spans.add(kind=3, trace_id=span.trace_id, span_id=b"h" * 8)
        helper.name = f"GET /{part.harmless}?sig={part.secret}"

    def _kong(self, request: TraceRequest) -> None:
        """A helper span of Kong's: a plugin that called somebody with a token."""
        scope_spans = request.resource_spans.add().scope_spans.add()
        scope_spans.scope.name = "kong-internal"
        root = scope_spans.spans.add(name="kong")
        _exchange(root, {"http.method": "GET"})
        part = self.secret("helper span")
        helper = scope_spans.spans.add(name="kong.internal.request", kind=3, span_id=b"i" * 8)
        helper.trace_id, helper.parent_span_id = root.trace_id, root.span_id
        _put(helper, {"http.url": f"https://auth.example/{part.harmless}?api_key={part.secret}"})


def _exchange(span: Any, attributes: Attributes) -> None:
    number = next(_NUMBERS)
    span.trace_id, span.span_id = number.to_bytes(16), number.to_bytes(8)
    span.kind = 2
    span.start_time_unix_nano, span.end_time_unix_nano = 1_763_779_200_000_000_000, 1_763_779_200_100_000_000
    base: Attributes = {
        "http.request.method": "POST",
        "url.scheme": "https",
        "url.path": "/x",
        "server.address": "h.example",
        "http.response.status_code": 200,
        "kong.service.name": "orders",
    }
    _put(span, {**base, **attributes})


def _put(holder: Any, attributes: Attributes) -> None:
    for key, value in attributes.items():
        holder.attributes.add(key=key, value=AnyValue.FromString(encode(value)))


def _replaced(value: Any, canary: str, secret: str) -> Any:
    """*value* with *secret* wherever in it *canary* stands."""
    match value:
        case str():
            return value.replace(canary, secret)
        case bytes():
            return value.replace(canary.encode(), secret.encode())
        case list():
            return [_replaced(item, canary, secret) for item in value]
        case dict():
            return {key: _replaced(item, canary, secret) for key, item in value.items()}
        case _:
            return value


def found(planted: Planted, text: str, outputs: dict[str, bytes]) -> Iterator[str]:
    """The outputs in which *text* stands, in any form."""
    for name, output in outputs.items():
        if any(form in output for form in forms(text)):
            yield f"{planted.place} in {name}"
