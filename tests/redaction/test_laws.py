"""Laws that hold for any input, sought out by hypothesis."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import quote

from hypothesis import example, given
from hypothesis import strategies as st

from otel_bridge.otlp.values import Value
from otel_bridge.redaction import DEFAULTS, RedactionRules, Redactor
from otel_bridge.redaction.keys import Keys
from otel_bridge.redaction.spans import Spans
from otel_bridge.redaction.texts import Texts
from otel_bridge.redaction.trigger import Trigger
from tests.redaction.records import BODY, attributes_of, backwards, record

RULES = DEFAULTS.extended(
    headers=["x-*-pass"],
    query=["q2*"],
    fields=["*geheim*"],
    patterns=[r"^id-\d+$", r"\bACME-(\w{4})\b", "[^ ]z{3}"],
)


class Unfiltered(Redactor):
    """Looks at everything, whatever the trigger says."""

    def __init__(self, rules: RedactionRules, *, keep_bodies: bool = True) -> None:
        super().__init__(rules, keep_bodies=keep_bodies)
        self._trigger = _Everything(rules)
        self._spans = Spans(rules, Keys(rules), self._trigger, keep_bodies=keep_bodies)


class _Everything(Trigger):
    def first(self, data: bytes, start: int = 0) -> int:
        return start

    def in_text(self, data: bytes) -> bool:
        return True


FILTERED, UNFILTERED = Redactor(RULES), Unfiltered(RULES)
BODILESS, BODILESS_UNFILTERED = Redactor(RULES, keep_bodies=False), Unfiltered(RULES, keep_bodies=False)
DEFAULT = Redactor(DEFAULTS)
TEXTS = Texts(RULES, _Everything(RULES))

# What the rules are made of, so that random texts come close to them.
WORDS = r"""
password user.password user[password] ClientSecret api_key api-key apiKey token meinGeheimnis key sig q2x
pin Authorization cookie form-data --b REDACTED ann:pw@h id-12 ACME-1234 xzzz x 1 é null true
eyJhbGciOiJIUzI1NiJ9 .eyJzdWIiOiJ4In0 Bearer bearer%20 abcdefgh12345678 5500-0000-0000-0004
4111111111111111 4111 1111 Basic basic+ YTpi AKIA IOSFODNN7EXAMPLE sk-proj- aaaaaaaaaaaaaaaaaaaaa
-----BEGIN PRIVATE KEY----- -----END \n \t \u00e9
https:// :// :\/\/ 3a 40 name= name="password" = == : & ? # ; , . / @
< > </ /> <password> </password> <a <![CDATA[ ]]> <!-- { } [ ] " ' \" \\" \ % %22 %3D %26 %3A %70
%2570 &quot; &lt; &gt; &amp; \u0022 \u0070 \u003c
""".replace("\\\\", "\\")
PIECES = st.sampled_from([*WORDS.split(), " ", "\n", "\r\n", "\r\n\r\n"])
NEAR_SECRETS = st.lists(PIECES, max_size=14).map("".join)
KEYS = st.sampled_from(
    [
        BODY,
        "http.response.body",
        "http.response.body.content_base64",
        "http.url",
        "url.query",
        "http.target",
        "http.request.header.authorization",
        "http.request.header.referer",
        "http.response.header.x-any-pass",
        "http.response.header.content-encoding",
        "http.request.headers",
        "http_cookie",
        "arg_token",
        "cookie",
        "user.password",
        "db/pin",
        "x[token]",
        "pinned",
        "payload",
        "note",
    ]
)
VALUES = st.one_of(
    NEAR_SECRETS,
    NEAR_SECRETS.map(lambda text: b"\xff" + text.encode()),
    st.lists(NEAR_SECRETS, max_size=3),
    st.dictionaries(PIECES, st.lists(NEAR_SECRETS, max_size=2) | NEAR_SECRETS, max_size=3),
    st.just("REDACTED"),
    st.just(["REDACTED"]),
)
ATTRIBUTES: st.SearchStrategy[dict[str, Value]] = st.dictionaries(KEYS, VALUES, max_size=4)


@given(ATTRIBUTES, NEAR_SECRETS)
def test_the_trigger_never_misses_what_the_rules_would_find(attributes: dict[str, Value], name: str) -> None:
    forwards = record(attributes, name=name)

    for wire in (forwards, backwards(forwards)):
        assert UNFILTERED.redact(wire) == FILTERED.redact(wire)


@given(ATTRIBUTES)
def test_the_trigger_never_misses_a_body_nobody_wants(attributes: dict[str, Value]) -> None:
    given = record(attributes)

    assert BODILESS_UNFILTERED.redact(given) == BODILESS.redact(given)


@given(ATTRIBUTES)
def test_redacting_twice_is_redacting_once(attributes: dict[str, Value]) -> None:
    once = DEFAULT.redact(record(attributes)).record

    assert (once, 0) == DEFAULT.redact(once)


# What a number or an object gets around its replacement.
QUOTES = re.compile(rb"\A(?:[\\\"']|%22|u0022|&quot;)+|(?:[\\\"']|%22|u0022|&quot;)+\Z")


@given(NEAR_SECRETS)
def test_bytes_outside_of_replaced_values_stay(text: str) -> None:
    given = text.encode()

    redacted, _ = TEXTS.body(given, cut=False)

    position = 0
    for kept in redacted.split(b"REDACTED"):
        position = given.find(QUOTES.sub(b"", kept), position)
        assert position >= 0


SAFE_NAMES = st.sampled_from(["id", "user", "items", "note", "passing", "tokens", "pinned", "keys"])
SAFE_TEXT = st.text("abcXYZ 0123/_é'\"\\<>&%{}[]\n", max_size=12) | st.sampled_from(
    ["%22", "&quot;", "\\u0022"]
)
SAFE: Any = st.recursive(
    st.none() | st.booleans() | st.integers(-99, 99) | SAFE_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(SAFE_NAMES, inner, max_size=3),
    max_leaves=8,
)
SECRET_NAMES = st.sampled_from(["password", "newPassword", "client_secret", "access-token", "PIN", "x.token"])


@given(SAFE)
def test_a_body_without_a_secret_is_the_same_body(document: Any) -> None:
    for body in (
        json.dumps(document),
        json.dumps(json.dumps(document, ensure_ascii=False)),
        quote(json.dumps(document)),
    ):
        given = record({BODY: body})

        assert FILTERED.redact(given).record is given


@given(st.dictionaries(SAFE_NAMES, SAFE, max_size=3), SECRET_NAMES, SAFE, st.integers(0, 2))
@example({}, "password", [["%22"]], 1)
@example({}, "password", ["\\"], 1)
def test_json_stays_json_with_one_value_replaced(
    document: dict[str, Any], name: str, secret: Any, levels: int
) -> None:
    body = json.dumps({"a": {**document, name: secret}})
    for _ in range(levels):
        body = json.dumps([body, "behind"])

    redacted = attributes_of(FILTERED.redact(record({BODY: body})).record)[BODY]

    assert isinstance(redacted, str)
    found = json.loads(redacted)
    for _ in range(levels):
        found = json.loads(found[0])
    assert {"a": {**document, name: secret if secret == "" else "REDACTED"}} == found


@given(st.binary(max_size=300))
def test_any_bytes_are_survived(data: bytes) -> None:
    for key in (BODY, "http.request.body.content_base64"):
        for coding in ("gzip", "deflate", "br", "zstd"):
            attributes: dict[str, Value] = {key: data, "http.request.header.content-encoding": coding}

            attributes_of(FILTERED.redact(record(attributes)).record)
