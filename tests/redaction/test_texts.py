"""What is replaced and what is not, text by text."""

from __future__ import annotations

import contextlib

import pytest

from otel_bridge.redaction import DEFAULTS
from otel_bridge.redaction.texts import Texts, TooLargeError
from otel_bridge.redaction.trigger import Trigger

TEXTS = Texts(DEFAULTS, Trigger(DEFAULTS))

REPLACED = {
    '{"password":"p","b":2}': '{"password":"REDACTED","b":2}',
    '{"password" : "a\\"b\\\\" , "b":2}': '{"password" : "REDACTED" , "b":2}',
    '{"pin": 1234, "otp":-1.5e3}': '{"pin": "REDACTED", "otp":"REDACTED"}',
    '{"token": null, "secret": true}': '{"token": "REDACTED", "secret": "REDACTED"}',
    '{"secret": {"a": ["}", {"b": 1}]}, "c": 1}': '{"secret": "REDACTED", "c": 1}',
    '{"token": [1, "]", [2]], "c": 1}': '{"token": "REDACTED", "c": 1}',
    '{"a": "{\\"pin\\": 12}"}': '{"a": "{\\"pin\\": \\"REDACTED\\"}"}',
    '{"a": "{\\"secret\\": {\\"b\\": \\"\\\\\\"}\\"}}"}': '{"a": "{\\"secret\\": \\"REDACTED\\"}"}',
    '{"password": "cut': '{"password": "REDACTED',
    '{"secret": {"cut': '{"secret": "REDACTED"',
    '{"pin": 12': '{"pin": "REDACTED"',
    "user=a&password=p%26q&x=1": "user=a&password=REDACTED&x=1",
    'password=it\'s "so"&x=1': "password=REDACTED&x=1",
    "token=a\r\npin=1\r\n": "token=REDACTED\r\npin=REDACTED\r\n",
    "see https://a/?x=1&sig=s#top.": "see https://a/?x=1&sig=REDACTED#top.",
    "see https://u:p@a/ and https://b@c": "see https://REDACTED@a/ and https://REDACTED@c",
    '<a password="p" x="1"/>': '<a password="REDACTED" x="1"/>',
    "<a password='p'/>": "<a password='REDACTED'/>",
    "<n:Token xml:id='1'>t</n:Token><b>1</b>": "<n:Token xml:id='1'>REDACTED</n:Token><b>1</b>",
    "<secret value='v' kind='k'/>": "<secret value='REDACTED' kind='REDACTED'/>",
    "<a><secret><!-- </secret> -->x</secret>y</a>": "<a><secret>REDACTED</secret>y</a>",
    "<token>": "<token>",
    "pay 4111 1111 1111 1111 now": "pay REDACTED now",
    "5500-0000-0000-0004,378282246310005": "REDACTED,REDACTED",
    "30569309025904 6011111111111117": "REDACTED REDACTED",
    "card=4111%201111%201111%201111&x=1": "card=REDACTED&x=1",
    '"Authorization: Bearer abc.def-123=="': '"Authorization: Bearer REDACTED"',
    "x eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.sig-nature y": "x REDACTED y",
    "cut eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOi": "cut REDACTED",
    "encrypted eyJhbGciOiJkaXIifQ..iv-iv.cipher.tag": "encrypted REDACTED",
    "Authorization: Basic YW5uOnBhc3N3b3Jk": "Authorization: Basic REDACTED",
    "x=%22eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0%22": "x=%22REDACTED%22",
    '{"x": "a\\neyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0"}': '{"x": "a\\nREDACTED"}',
    '{"x": "\\u00224111111111111111"}': '{"x": "\\u0022REDACTED"}',
    "key AKIAIOSFODNN7EXAMPLE, ghp_0123456789abcdefABCDEF0123456789abcd": "key REDACTED, REDACTED",
    "xoxb-123456789012-abcdef glpat-abcdefghij0123456789": "REDACTED REDACTED",
    "https://h/sk_live_0123456789abcdef/x": "https://h/REDACTED/x",
    "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4\n\nMHc/+=\n-----END EC PRIVATE KEY-----\n": (
        "-----BEGIN EC PRIVATE KEY-----REDACTED-----END EC PRIVATE KEY-----\n"
    ),
    '{"pem": "-----BEGIN PRIVATE KEY-----\\nMIIE\\/+\\n-----END PRIVATE KEY-----\\n", "b": 1}': (
        '{"pem": "-----BEGIN PRIVATE KEY-----REDACTED-----END PRIVATE KEY-----\\n", "b": 1}'
    ),
    "a=-----BEGIN+PRIVATE+KEY-----%0AMIIE": "a=-----BEGIN+PRIVATE+KEY-----REDACTED",
}

KEPT = [
    "",
    '{"user": "password", "is": "token"}',
    '{"password": ""}',
    '{"passwords": 1, "tokens": {"in": 2, "out": 3}, "keyword": "x", "pinned": true, "key": "v"}',
    '{"usage": "Authorization: Bearer <token>", "code": 401}',
    "<p>Send <code>Bearer &lt;token&gt;</code> in the header</p>",
    "the bearer acknowledges; Bearer Instruments",
    "basic+name=note basic+a===b",
    "Basic authentication, a basic understanding, basic 0123456789abcdef",
    'WWW-Authenticate: Bearer realm="x", error="invalid_token"',
    "4111111111111112 and 1234567812345670 and 4111111111111111a",
    "0.4111111111111111 4111111111111111.5",
    "3f9358308451499253835e3848e75d01",
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    '{"order": 4200123412341234, "invoice": "2026-11-22-0001", "ts": 1763779200123}',
    '{"ns": 1763779200123456789}',
    '{"orderId": "5105-1051-0510-5101", "phone": "+49 30 901820", "iban": "DE89370400440532013000"}',
    '{"isbn": "978-3-16-148410-0", "ean": 4006381333931}',
    '{"imei": "49-015420-323751-8", "at": "20261122T022449Z"}',
    '{"sku": "sk-1234-blue", "lang": "sk-SK", "tokenType": "x", "max_tokens": 5}',
    '{"sessions": 3, "author": "a"}',
    '{"authors": [], "authenticated": true, "cookies": 2, "keys": ["a"], "sort_key": "b", "publicKey": "c"}',
    "asia-southeast1 AKIA ASIA-PACIFIC ghp_short xoxb hf_ npm_config_registry SG.123 AIzawa ya29",
    "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----  -----BEGIN PUBLIC KEY-----\nMFkw\n",
    'W/"5d8c72a5edda8d6a" sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= 192.168.1.10:8443',
    "session expired, wrong password, invalid token, pin code, secret santa, passport, compass=1",
    "monkey=1&keys=2&tokenized=3&sort=key",
    "https://a.example/@user?x=a@b",
    "eyJub3QiOiJhIHRva2VuIn0",
    "/login/password/reset",
]


@pytest.mark.parametrize("text", REPLACED)
def test_only_the_secret_is_replaced(text: str) -> None:
    redacted, _ = TEXTS.body(text.encode(), cut=not text.endswith(">"))

    assert REPLACED[text] == redacted.decode()


@pytest.mark.parametrize("text", KEPT)
def test_what_only_looks_like_a_secret_is_kept(text: str) -> None:
    given = text.encode()

    for method in (TEXTS.url, TEXTS.query, TEXTS.plain, lambda given: TEXTS.body(given, cut=False)):
        assert (given, 0) == method(given)


URLS = {
    "http://h/a?b=1&token=a;b c\"d'e\\f#top": "http://h/a?b=1&token=REDACTED#top",
    "/a?token=": "/a?token=",
    "/a;jsessionid=1?x=2": "/a;jsessionid=REDACTED",
    "/a?x[token]=1&y.pin=2&user[password]=3": "/a?x[token]=REDACTED&y.pin=2&user[password]=REDACTED",
    "/a?t%6Fken=1%26&%74oken=2": "/a?t%6Fken=REDACTED&%74oken=REDACTED",
    "/a?next=%2Fb%3Ftoken%3D1%26x%3D2&y=3": "/a?next=%2Fb%3Ftoken%3DREDACTED%26x%3D2&y=3",
    "/a?next=%252Fb%253Ftoken%253D1%2526x&y=3": "/a?next=%252Fb%253Ftoken%253DREDACTED%2526x&y=3",
    "/a?next=https%3A%2F%2Fu%3Ap%40h%2Fx": "/a?next=https%3A%2F%2FREDACTED%40h%2Fx",
}


@pytest.mark.parametrize("text", URLS)
def test_urls_lose_their_secrets_only(text: str) -> None:
    assert URLS[text] == TEXTS.url(text.encode())[0].decode()


def test_a_query_or_any_text_may_begin_with_a_secret() -> None:
    assert b"token=REDACTED&x=1" == TEXTS.query(b"token=a b&x=1")[0]
    assert b"token=REDACTED b&x=1" == TEXTS.plain(b"token=a b&x=1")[0]
    assert b"token=a b&x=1" == TEXTS.url(b"token=a b&x=1")[0]


def test_headers_as_json_are_read_by_the_names_of_headers() -> None:
    given = b'{"Cookie":"a","x":"/?token=t","Set-Cookie":["b","c"],"n":1}'

    redacted, count = TEXTS.header_object(given)

    assert b'{"Cookie":"REDACTED","x":"/?token=REDACTED","Set-Cookie":"REDACTED","n":1}' == redacted
    assert 3 == count


def test_a_multipart_body_keeps_all_but_the_named_part() -> None:
    head = '--b\r\nContent-Disposition: form-data; name="{}"\r\n\r\n'
    body = (
        head.format("user")
        + "ann\r\n"
        + head.format("pin")
        + "\r\n"
        + head.format("token")
        + "x\r\n--by\r\n--b--"
    )

    redacted, count = TEXTS.body(body.encode(), cut=False)

    assert 1 == count
    assert body.replace("x\r\n--by", "REDACTED") == redacted.decode()


def test_a_text_too_large_to_be_unescaped_is_refused() -> None:
    plain = b'{"password": "x", "a": "' + b"a" * (3 << 20) + b'"}'

    assert 1 == TEXTS.body(plain, cut=False)[1]
    with pytest.raises(TooLargeError):
        TEXTS.body(plain.replace(b'"password"', b'\\"password\\"'), cut=False)


WORDS = r"""
"password":"x", \"password\": {[ }] <password> </password> " \ %70 &lt; ://a@ password=x& eyJ --b <![CDATA[
name="password" 4111\u0020 bearer%20
"""
HOSTILE = WORDS.split()
PEMS = ["-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----a"]


@pytest.mark.parametrize(
    "unit", [*HOSTILE, 'name="password"\r\n\r\n', "4111 ", "bearer ", "basic YTpi ", "AKIA", *PEMS]
)
@pytest.mark.timeout(120)
def test_hostile_text_takes_no_longer_than_its_length(unit: str) -> None:
    text = ('{"password":' + unit * ((1 << 18) // len(unit)) + '"token="').encode()

    with contextlib.suppress(TooLargeError):
        TEXTS.body(text, cut=True)


def test_a_body_of_nothing_but_secrets_is_refused() -> None:
    TEXTS.body(b'{"pin":1}\n' * 9_000, cut=False)

    with pytest.raises(TooLargeError):
        TEXTS.body(b'{"pin":1}\n' * 11_000, cut=False)
