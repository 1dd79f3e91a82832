"""What an attribute is, by its key: which of the rules are for it.

The senders' conventions are in the table of `mapping/names.py`; redaction is deliberately wider, so
that a key nobody has seen yet is rather masked than kept.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

from otel_bridge.redaction.names import NESTED, alternation, compiled, header_alternation
from otel_bridge.redaction.rules import RedactionRules

# Keys carry names that clients made up, so what is remembered has a bound.
_REMEMBERED = 4096


class Kind(Enum):
    PLAIN = auto()
    SECRET = auto()
    """All of the value is one."""
    HEADERS = auto()
    """All headers of a side in one value."""
    CODING = auto()
    """The Content-Encoding header."""
    URL = auto()
    QUERY = auto()
    """A query without its question mark."""
    BODY = auto()
    FACT = auto()
    """Something about a body: its length, whether it is whole, what was done to it."""


class Key(NamedTuple):
    kind: Kind
    side: str = ""
    """`request`, `response`, or nothing where the key does not say."""
    base: str = ""
    """Of a body: what its other keys begin with, such as `http.request.body`."""
    is_base64: bool = False
    is_padded: bool = True
    """Hypertrace writes its base64 without padding."""


_PLAIN = Key(Kind.PLAIN)
_FACT_KEY = Key(Kind.FACT)
_URLS = {
    "http.url": Kind.URL,
    "url.full": Kind.URL,
    "url.original": Kind.URL,
    "http.target": Kind.URL,
    "url.query": Kind.QUERY,
    "http.query": Kind.QUERY,
}
_URL_HEADERS = compiled(
    r".*\.(?:request|response)\.headers?\.(?:referer|location|content[-_]location)", groups=False
)
_HEADERS = compiled(r".*(request|response)[._](?:headers|metadata)")
_CODING = compiled(r".*\b(request|response)[._](?:headers?|metadata)[._]content[-_]encoding")
_BODY = compiled(
    r"(.*(request|response)[._]body)(?:[._](?:content|data|text|raw|json|(content_base64|base64)))?"
)
_FACT = compiled(r"otel_bridge\..*|.*body.*|.*content_length|.*_size", groups=False)
_BARE_BODY = compiled(r"(?:http[._])?(?:body|payload)", groups=False)


class Keys:
    """Reads keys by the names in *rules*."""

    def __init__(self, rules: RedactionRules) -> None:
        headers = header_alternation(rules.headers)
        arguments = f"|arg_{alternation(rules.query)}" if rules.query else ""
        fields = rf"|{NESTED}{alternation(rules.fields)}\]*" if rules.fields else ""
        self._secret = compiled(
            rf"(?:.*(?:headers?|metadata)[._]|(?:.*_)?http_)?{headers}{arguments}{fields}", groups=False
        )
        self._known: dict[bytes, Key] = {}

    def read(self, key: bytes) -> Key:
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            known = self._known[key] = self._read(key)
        return known

    def _read(self, key: bytes) -> Key:
        text = key.decode(errors="replace").lower()
        if text in _URLS:
            return Key(_URLS[text])
        if body := _BODY.fullmatch(key):
            side, base, base64 = body[2].decode().lower(), body[1].decode(), body[3]
            return Key(Kind.BODY, side, base, base64 is not None, base64 != b"base64")
        if coding := _CODING.fullmatch(key):
            return Key(Kind.CODING, coding[1].decode().lower())
        if self._secret.fullmatch(key):
            return Key(Kind.SECRET)
        if headers := _HEADERS.fullmatch(key):
            return Key(Kind.HEADERS, headers[1].decode().lower())
        if _URL_HEADERS.fullmatch(key):
            return Key(Kind.URL)
        if _BARE_BODY.fullmatch(key):
            return Key(Kind.BODY, base=text)
        return _FACT_KEY if _FACT.fullmatch(key) else _PLAIN
