from __future__ import annotations

import pytest

from otel_bridge.redaction import DEFAULTS
from otel_bridge.redaction.keys import Keys, Kind

KEYS = Keys(DEFAULTS)


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("http.request.header.authorization", Kind.SECRET),
        ("http.response.header.Set_Cookie", Kind.SECRET),
        ("http.request.headers.x-api-key", Kind.SECRET),
        ("rpc.request.metadata.authorization", Kind.SECRET),
        ("sent_http_set_cookie", Kind.SECRET),
        ("x-amz-security-token", Kind.SECRET),
        ("arg_token", Kind.SECRET),
        ("http.request.headers", Kind.HEADERS),
        ("http.response.header.content_encoding", Kind.CODING),
        ("http.request.header.referer", Kind.URL),
        ("http.response.header.Location", Kind.URL),
        ("http.url", Kind.URL),
        ("url.query", Kind.QUERY),
        ("http.request.body.content", Kind.BODY),
        ("http.request.body.data", Kind.BODY),
        ("rpc.response.body", Kind.BODY),
        ("payload", Kind.BODY),
        ("http.request.body.size", Kind.FACT),
        ("http.request_content_length", Kind.FACT),
        ("otel_bridge.response.body.decoded", Kind.FACT),
        ("http.request.header.cookies-accepted", Kind.PLAIN),
        ("http.request.header.accept", Kind.PLAIN),
        ("kong.route.name", Kind.PLAIN),
        ("tokens", Kind.PLAIN),
        ("", Kind.PLAIN),
    ],
)
def test_a_key_tells_what_its_value_is(key: str, kind: Kind) -> None:
    assert kind is KEYS.read(key.encode()).kind


def test_a_body_tells_its_side_and_how_it_is_written() -> None:
    kong = KEYS.read(b"http.response.body.content_base64")
    hypertrace = KEYS.read(b"http.request.body.base64")

    assert ("response", "http.response.body", True, True) == kong[1:]
    assert ("request", "http.request.body", True, False) == hypertrace[1:]


def test_made_up_keys_do_not_pile_up() -> None:
    keys = Keys(DEFAULTS)
    for number in range(10_000):
        keys.read(f"http.request.header.x-{number}".encode())

    assert len(keys._known) <= 4096
