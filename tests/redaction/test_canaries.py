"""A secret planted in every place appears nowhere in what redaction gives back."""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64encode
from collections.abc import Callable
from urllib.parse import quote

import brotli
import pytest
import zstandard

from otel_bridge.otlp.messages import TraceRequest
from otel_bridge.otlp.values import Value
from otel_bridge.redaction import DEFAULTS, Redactor
from tests.redaction.records import BODY, attributes_of, put, record

CANARY = "c4n4ry-S3CRET"
REDACTOR = Redactor(DEFAULTS)

JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c4n4ry-S3CRET"


def _json(value: object, levels: int = 0) -> str:
    """*value* in JSON, that again in a JSON string, and so on."""
    text = json.dumps(value)
    for _ in range(levels):
        text = json.dumps({"payload": text, "after": 1})
    return text


MULTIPART = (
    "--b0undary\r\n"
    'Content-Disposition: form-data; name="user"\r\n\r\nann\r\n'
    "--b0undary\r\n"
    'Content-Disposition: form-data; name="%s"\r\nContent-Type: text/plain\r\n\r\n%s\r\n'
    "--b0undary--\r\n"
)

PLACES: dict[str, dict[str, Value]] = {
    "header list": {"http.request.header.authorization": ["Basic " + CANARY]},
    "repeated header": {"http.response.header.set-cookie": ["a=" + CANARY, "b=" + CANARY]},
    "header string": {"http.request.header.Cookie": "sid=" + CANARY},
    "header, newline-joined": {"http.response.header.set-cookie": f"a={CANARY}\nb={CANARY}"},
    "header with underscores": {"http.request.header.x_api_key": [CANARY]},
    "header by wildcard": {"http.request.header.x-shop-token": [CANARY]},
    "header bytes": {"http.request.header.cookie": CANARY.encode() + b"\xff"},
    "header of another sender": {"http.request.headers.authorization": CANARY},
    "rpc metadata": {"rpc.request.metadata.authorization": CANARY},
    "headers as JSON": {"http.request.headers": _json({"Accept": "*", "Authorization": "Basic " + CANARY})},
    "headers as JSON lists": {"http.request.headers": _json({"cookie": [CANARY, CANARY], "a": 1})},
    "headers as a map": {"http.request.headers": {"Cookie": [CANARY], "Accept": "*"}},
    "plain attribute": {"x-api-key": CANARY},
    "nginx variable": {"http_authorization": CANARY},
    "nginx argument": {"arg_token": CANARY},
    "query": {"http.url": f"https://a.example/x?page=1&access_token={CANARY}&z=2#top"},
    "query, other case": {"url.full": f"https://a.example/x?API-KEY={CANARY}"},
    "query with an encoded name": {"http.target": f"/x?a=1&p%61ssword={CANARY}%26x"},
    "query of its own": {"url.query": f"token={CANARY}"},
    "presigned": {"url.full": f"https://b.example/o?X-Amz-Credential={CANARY}&X-Amz-Signature={CANARY}"},
    "URL in a query": {"http.url": "https://a.example/?next=" + quote(f"https://b/?token={CANARY}", safe="")},
    "fragment": {"http.response.header.location": [f"https://a.example/cb#access_token={CANARY}&x=1"]},
    "referer": {"http.request.header.referer": f"https://a.example/?token={CANARY}"},
    "other header with a URL": {"http.request.header.x-original-uri": [f"/x?token={CANARY}"]},
    "user info": {"http.url": f"https://ann:{CANARY}@a.example/"},
    "bearer in a header": {"http.request.header.x-forwarded": ["Bearer " + CANARY]},
    "JWT in a header": {"http.request.header.x-user": [JWT]},
    "JSON": {BODY: _json({"user": "ann", "password": CANARY})},
    "JSON with escapes": {BODY: _json({"password": f'a"b\\{CANARY}é'})},
    "JSON, camel case": {BODY: _json({"clientSecret": CANARY, "userPassword": CANARY})},
    "JSON, deep": {BODY: _json({"a": [{"b": {"c": [{"accessToken": CANARY}]}}]})},
    "JSON object": {
        BODY: _json({"credentials": {"user": CANARY, "x": [CANARY, {"y": "}]" + CANARY}]}, "a": 1})
    },
    "JSON array": {BODY: _json({"secret": [CANARY, [CANARY]]})},
    "JSON name with escapes": {BODY: _json({"password": CANARY}).replace("pass", "p\\u0061ss")},
    "JSON name, nested": {BODY: _json({"user.password": CANARY, "form[token]": CANARY})},
    "JSON in a string": {BODY: _json({"password": CANARY}, 1)},
    "JSON in a string in a string": {BODY: _json({"password": f'x"{CANARY}'}, 2)},
    "JSON in a string, thrice": {BODY: _json({"secret": {"a": CANARY}}, 3)},
    "JSON, cut in the value": {BODY: '{"a": 1, "password": "' + CANARY},
    "JSON, cut in an object": {BODY: '{"a": 1, "secret": {"b": ["' + CANARY},
    "JSON in a string, cut": {BODY: '{"a": "{\\"password\\": \\"' + CANARY},
    "JSON, cut behind a backslash": {BODY: '{"password": "' + CANARY + "\\"},
    "JSON with single quotes": {BODY: "{'password': '" + CANARY + "'}"},
    "GraphQL": {BODY: f'mutation {{ login(user: "ann", password: "{CANARY}") {{ id }} }}'},
    "GraphQL in JSON": {BODY: _json({"query": f'mutation {{ login(password: "{CANARY}") }}'})},
    "form": {BODY: f"user=ann&password={CANARY}&x=1"},
    "form, first": {BODY: f'password={CANARY}"{CANARY}'},
    "form, encoded name": {BODY: f"a=1&user%5Bp%61ssword%5D={CANARY}%26{CANARY}"},
    "form, brackets": {BODY: f"a=1&user[password]={CANARY} {CANARY}"},
    "form with JSON": {BODY: "a=1&payload=" + quote(_json({"token": CANARY}))},
    "form with JSON in JSON": {BODY: "a=1&payload=" + quote(_json({"token": CANARY}, 1))},
    "form with a URL": {BODY: "next=" + quote(f"https://b/?x=1&token={CANARY}", safe="")},
    "multipart": {BODY: MULTIPART % ("password", CANARY)},
    "multipart, several lines": {BODY: MULTIPART % ("token", f"a\r\n--b\r\n{CANARY}")},
    "multipart, cut": {BODY: (MULTIPART % ("password", CANARY))[:-16]},
    "multipart, newlines": {BODY: (MULTIPART % ("secret", CANARY)).replace("\r\n", "\n")},
    "XML": {BODY: f"<login><user>ann</user><password>{CANARY}</password></login>"},
    "XML with prefix": {BODY: f'<s:Envelope><wsse:Password Type="t">{CANARY}</wsse:Password></s:Envelope>'},
    "XML, elements inside": {BODY: f"<a><secret><b>{CANARY}</b><secret>x</secret>{CANARY}</secret></a>"},
    "XML, CDATA": {BODY: f"<a><token><![CDATA[{CANARY}</token>{CANARY}]]></token></a>"},
    "XML attribute": {BODY: f'<db host="h" password="{CANARY}" />'},
    "XML attribute of a secret": {BODY: f'<a><password value="{CANARY}"/></a>'},
    "XML, cut": {BODY: f"<a><password>{CANARY}"},
    "XML, cut in an element": {BODY: f"<a><secret><b>x</b>{CANARY}"},
    "XML in XML": {BODY: f"<a>&lt;password&gt;{CANARY}&lt;/password&gt;</a>"},
    "XML in JSON": {BODY: _json({"xml": f'<password x="1">{CANARY}</password>'})},
    "XML in JSON, escaped": {BODY: f'{{"xml": "\\u003cpassword\\u003e{CANARY}\\u003c/password\\u003e"}}'},
    "JSON in XML": {BODY: f"<a>{{&quot;token&quot;: &quot;{CANARY}&quot;}}</a>"},
    "URL in JSON": {BODY: _json({"next": f"https://a.example/?x=1&sig={CANARY}", "b": 1})},
    "URL in JSON, escaped": {
        BODY: f'{{"next": "https:\\/\\/a.example\\/?x=1\\u0026token={CANARY}\\u0026b=2"}}'
    },
    "user info in JSON": {BODY: f'{{"db": "postgres:\\/\\/ann:{CANARY}@db\\/x"}}'},
    "JWT": {BODY: _json({"x": JWT})},
    "bearer": {BODY: f"curl -H 'X: Bearer {CANARY}'"},
    "bytes": {BODY: b'\xff\x00{"password": "' + CANARY.encode() + b'"}'},
    "a map": {BODY: {"user": "ann", "deep": [{"password": CANARY}], "text": f'{{"token": "{CANARY}"}}'}},
    "body of another sender": {"http.response.body": f'{{"token": "{CANARY}"}}'},
    "rpc body": {"rpc.request.body": f'{{"token": "{CANARY}"}}'},
    "attribute named so": {"db.password": CANARY, "user[pin]": CANARY, "session_token": CANARY},
    "map named so": {"request": {"user.token": CANARY, "deep": [{"secret": [CANARY]}]}},
    "JSON in any attribute": {"log.message": f'{{"password": "{CANARY}"}}'},
    "argument in any attribute": {"db.statement": f"connect host=h password={CANARY}"},
    "JSON in a header": {"http.request.header.x-context": [_json({"apiKey": CANARY})]},
    "JWT in a path": {"url.path": f"/reset/{JWT}/x"},
    "JWT in an escaped string": {BODY: _json({"x": f"\n{JWT}"})},
    "JWT in a form": {BODY: "x=%22" + JWT},
    "private key": {BODY: f"-----BEGIN PRIVATE KEY-----\nDEK-Info: {CANARY}\n{CANARY}"},
    "bare body": {"payload": f'{{"token": "{CANARY}"}}'},
}

SECRET_BODY = f'{{"user": "ann", "items": [1, 2, 3], "password": "{CANARY}"}}'.encode()


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_nowhere_in_the_output(place: str) -> None:
    given = record(PLACES[place])

    redacted, masked = REDACTOR.redact(given)

    assert CANARY.encode() in given
    assert CANARY.encode() not in redacted
    assert masked > 0
    assert True is attributes_of(redacted)["otel_bridge.masked"]


@pytest.mark.parametrize("place", PLACES)
def test_redacting_again_changes_nothing(place: str) -> None:
    once = REDACTOR.redact(record(PLACES[place])).record

    assert (once, 0) == REDACTOR.redact(once)


def _deflate_raw(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "deflate, bare": _deflate_raw,
    "br": brotli.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
}


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("as_base64", [False, True])
def test_a_secret_behind_a_content_coding_is_nowhere(coding: str, as_base64: bool) -> None:
    coded = CODINGS[coding](SECRET_BODY)
    key, value = ("content_base64", b64encode(coded).decode()) if as_base64 else ("content", coded)
    header = "deflate" if coding == "deflate, bare" else coding
    given: dict[str, Value] = {
        f"http.response.body.{key}": value,
        "http.response.header.content-encoding": [header],
    }

    redacted, _ = REDACTOR.redact(record(given))

    after = attributes_of(redacted)
    expected = SECRET_BODY.replace(CANARY.encode(), b"REDACTED")
    stored = after[f"http.response.body.{key}"]
    assert (b64encode(expected).decode() if as_base64 else expected.decode().encode()) == stored
    assert True is after["otel_bridge.response.body.decoded"] is after["otel_bridge.response.body.redacted"]
    assert len(coded) == after["http.response.body.size"]


@pytest.mark.parametrize("key", ["http.request.body.content_base64", "http.request.body.base64"])
def test_a_secret_in_base64_is_nowhere(key: str) -> None:
    for padding in range(3):
        body = SECRET_BODY + b" " * padding
        expected = b64encode(body.replace(CANARY.encode(), b"REDACTED"))
        if key.endswith(".base64"):
            expected = expected.rstrip(b"=")

        after = attributes_of(REDACTOR.redact(record({key: b64encode(body).decode()})).record)

        assert expected.decode() == after[key]


def test_a_secret_in_base64_that_another_attribute_tells_of_is_nowhere() -> None:
    given: dict[str, Value] = {BODY: b64encode(SECRET_BODY).decode(), "http.request.body.encoding": "base64"}

    after = attributes_of(REDACTOR.redact(record(given)).record)

    assert b64encode(SECRET_BODY.replace(CANARY.encode(), b"REDACTED")).decode() == after[BODY]


def test_secrets_outside_attributes_are_nowhere() -> None:
    given = record(
        name=f"HTTP GET https://ann:{CANARY}@b.example/?token={CANARY}",
        trace_state=f"v=Bearer+{CANARY}",
        status={"message": f"failed: https://b.example/?token={CANARY} {JWT}"},
        events=[
            {
                "name": f"GET /?token={CANARY}",
                "attributes": [
                    {"key": "exception.message", "value": {"string_value": f"bad Bearer {CANARY}"}},
                    {"key": "http.request.body", "value": {"string_value": SECRET_BODY.decode()}},
                ],
            }
        ],
        links=[
            {"attributes": [{"key": "url.full", "value": {"string_value": f"https://b/?token={CANARY}"}}]}
        ],
    )

    redacted, masked = REDACTOR.redact(given)

    assert CANARY.encode() not in redacted
    assert masked >= 8
    assert (redacted, 0) == REDACTOR.redact(redacted)


def test_secrets_of_resources_and_scopes_are_nowhere() -> None:
    secret: dict[str, Value] = {"process.command_line": f"run --x 'Bearer {CANARY}'"}
    request = TraceRequest()
    for part in (request.resource_spans.add(), request.resource_spans.add()):
        put(part.resource.attributes, secret)
        put(part.scope_spans.add().scope.attributes, secret)
    given = request.SerializeToString()

    redacted, masked = REDACTOR.redact(given)

    assert 4 == masked
    assert CANARY.encode() not in redacted
