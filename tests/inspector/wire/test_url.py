"""URLs taken apart, good ones and others."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from otel_bridge.inspector.wire.url import NO_URL, Url, split


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://a/", Url("http://a/", "http", "a", 80, "/", "")),
        ("https://A.b/p/q?x=1&y", Url("https://A.b/p/q?x=1&y", "https", "a.b", 443, "/p/q", "x=1&y")),
        ("http://a:8000/p", Url("http://a:8000/p", "http", "a", 8000, "/p", "")),
        ("http://a:80/p", Url("http://a/p", "http", "a", 80, "/p", "")),
        ("https://a:80/p", Url("https://a:80/p", "https", "a", 80, "/p", "")),
        ("http://a", Url("http://a", "http", "a", 80, "/", "")),
        ("http://a?x", Url("http://a?x", "http", "a", 80, "/", "x")),
        ("http://[::1]:81/", Url("http://[::1]:81/", "http", "[::1]", 81, "/", "")),
        ("http://user:pass@a:81/p@q", Url("http://a:81/p@q", "http", "a", 81, "/p@q", "")),
        ("http://a@b@c/", Url("http://c/", "http", "c", 80, "/", "")),
        ("http://a/p?q#f", Url("http://a/p?q#f", "http", "a", 80, "/p", "q")),
        ("/orders?x", Url("/orders?x", "", "", None, "/orders", "x")),
        ("*", Url("*", "", "", None, "*", "")),
        ("a.example:81/p", Url("a.example:81/p", "", "a.example", 81, "/p", "")),
        ("", NO_URL),
    ],
)  # fmt: skip
def test_a_url_is_its_parts(text: str, expected: Url) -> None:
    assert expected == split(text)


@pytest.mark.parametrize(
    "host", ["a:99999", "a:0", "a:1000000000000000000000", "::1", "[::1", "a:b", "a\nb", "%00", "[v1.x]:p"]
)
def test_an_authority_that_makes_no_sense_is_a_host_as_it_stands(host: str) -> None:
    url = split(f"http://{host}/p?q")

    assert (host, "/p", "q") == (url.host, url.path, url.query)
    assert f"http://{host}/p?q" == url.text


@given(st.text() | st.builds("{}://{}:{}@{}/{}".format, *[st.text(max_size=8)] * 5))
def test_whatever_a_client_writes_has_parts(text: str) -> None:
    url = split(text)

    assert url == split(url.text)
    assert not text or url.path[0] in "/*"


@given(st.text(alphabet="abc:@/?#", max_size=20), st.sampled_from("/?#"))
def test_a_password_never_gets_through(user: str, end: str) -> None:
    secret = user.translate({ord(mark): None for mark in "/?#"}) + "s3cret"

    assert "s3cret" not in split(f"http://{secret}@host{end}").text
