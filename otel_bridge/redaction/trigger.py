r"""Says of bytes, in one pass, whether any rule can hit in them.

Nearly all requests hold no secret, and this is what they cost. The bytes may be a text, a serialised
attribute or a whole serialised record: a text stands in its record as it is. The trigger is wider
than the rules everywhere and never narrower, for each a reason:

- a rule for text needs a name and what follows it: the trigger takes the name with the first byte
  behind, or with the first byte of any way to escape that (`\`, `%`, `&`);
- an escaped letter inside a name triggers by itself;
- names that are keys, of attributes and in bodies that were parsed by their sender, begin a serialised
  string or stand behind a separator in it, and what follows it on the wire is no more of a name;
- patterns are searched without what looks at their neighbours, because in a record the neighbours
  are other fields; user info and named parts by the very expression of their rule;
- a header's attribute triggers by its key, except where its value says REDACTED already (see
  `masked.py`), as it does in everything that our capture sends;
- whatever has to be decoded to be read (base64, content codings) triggers by what says so.
"""

from __future__ import annotations

from typing import Any

import re2

from otel_bridge.redaction import patterns
from otel_bridge.redaction.names import (
    INNER,
    NESTED,
    alternation,
    compiled,
    endings,
    header_alternation,
    header_endings,
)
from otel_bridge.redaction.rules import RedactionRules

# A letter, digit or separator written as an escape.
_ESCAPED_LETTER = r"%(?:25)*(?:2[de]|3\d|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])|\\u00(?:2[de]|3\d|[4-7])"
# `://...@`, escaped or not.
_AUTHORITY = r"(?::|3a)(?:\\*/|%(?:25)*2f|\\+u002f){2}[^/?#\s\"'<>\x00-\x20]*(?:@|40)"
_ESCAPED_AUTHORITY = _AUTHORITY.replace(r"\\*/|", "")

# What a default pattern is looked for with: no more of it than makes it rare. A card number has to begin
# a word: behind another character, or behind the length byte of its string, which may be a letter or a
# digit, or behind an escape.
_DEFAULT_PATTERNS = {
    patterns.JWT: r"eyJ[a-z0-9_-]{10,}\.{1,2}[a-z0-9_-]{4}",
    patterns.BEARER: r"bearer(?:\s|\+|%20)+[a-z0-9._~+/=-]{8}",
    patterns.BASIC: r"basic(?:\s|\+|%20)+[a-z0-9+/_-]{4}",
    patterns.CREDENTIAL: (
        r"(?-i:A(?:KIA|SIA|BIA|CCA)[A-Z0-9]{8}|gh[oprsu]_[A-Za-z0-9]{8}|github_pat_|gl(?:cbt|dt|pat|ptt|rt)-"
        r"|xox[abceoprs]-|xapp-|[rs]k_(?:live|test)_|whsec_|AIza[A-Za-z0-9_-]{8}|ya29\.|GOCSPX-"
        r"|SG\.[A-Za-z0-9_-]{8}|sk-(?:admin|ant|or|proj|svcacct)-|sk-[A-Za-z0-9]{8}"
        r"|npm_[A-Za-z0-9]{8}|pypi-[A-Za-z0-9_-]{8}|hf_[A-Za-z0-9]{8}|dop_v1_|shp(?:at|ca|pa|ss)_)"
    ),
    patterns.PRIVATE_KEY: r"(?-i:-----BEGIN)",
    patterns.CARD: r"(?:\A|[^0-9a-z_]|[\n\x12\x1a\x2a\x3a\x80-\xff][0-9a-z_]|%[\da-f]{2}"
    r"|\\(?:[bfnrt]|u[\da-f]{4}))" + patterns.CARD.removeprefix(patterns.START).removesuffix(r"\b"),
}

# Tag and length of a key.
_KEY_START = r"\n(?:[\x01-\x7f]|[\x80-\xff][\x01-\x7f])"

# The next tag, of any field that follows a key or the attribute it ends; they may be letters, and digits.
_KEY_END = r"(?:[^\w.-]|[28bejpryz]|\z)"

_ENCODED = r"content[-_]encoding|body[._](?:content_)?base64|body\.encoding|\x1f\x8b\x08|\x28\xb5\x2f\xfd"
_BODY = r"(?:request|response)[._]body(?:[^._]|\z|[._](?:content|data|base64|text|raw|json))"


class Trigger:
    """The trigger for *rules*; without *keep_bodies* the presence of a body triggers as well."""

    def __init__(self, rules: RedactionRules, *, keep_bodies: bool = True) -> None:
        text = _text(rules)
        decoded = [_ENCODED] if rules.fields or rules.query or rules.patterns else []
        dropped = [] if keep_bodies else [_BODY]
        self._anything = compiled("|".join([*_keys(rules), *decoded, *dropped, *text]), groups=False)
        self._text = compiled("|".join(text) or r"[^\x00-\xff]", groups=False)
        own = [pattern for pattern in rules.patterns if pattern not in _DEFAULT_PATTERNS]
        self._own = re2.compile(patterns.loose(own)) if own else None

    def first(self, data: bytes, start: int = 0) -> int:
        """Where in *data*, from *start* on, something suspicious begins; -1 if nowhere."""
        first = _position(self._anything.search(data, start))
        own = _position(self._own.search(data, start)) if self._own else -1
        return min(first, own) if first >= 0 and own >= 0 else max(first, own)

    def in_text(self, data: bytes) -> bool:
        """Whether the rules for text can hit, whatever attribute it is."""
        return self._text.search(data) is not None or bool(self._own and self._own.search(data))


def escaped(rules: RedactionRules) -> Any:
    """Finds texts in which a rule may hit only behind an escape; see `views.py`."""
    fields, query = alternation(rules.fields), alternation(rules.query)
    return compiled(
        rf"(?:{endings(rules.fields)}|{endings(rules.query)})\]*\s*(?:[\\%&]|[=:]\s*[\\%&])|[;ac]{fields}[\s/>]"
        rf"|(?:\\[nrtbf]|(?:u00|%)[\da-f][\da-f])(?:{fields}|{query})"
        rf"|{_ESCAPED_LETTER}|{_ESCAPED_AUTHORITY}",
        groups=False,
    )


def _text(rules: RedactionRules) -> list[str]:
    parts = [_DEFAULT_PATTERNS[pattern] for pattern in rules.patterns if pattern in _DEFAULT_PATTERNS]
    if rules.fields:
        fields = alternation(rules.fields)
        parts.append(rf"{endings(rules.fields)}(?:[\\\"'=%&:\]]|\s+[=:\\%&])")
        parts.append(rf"[<:;ac]{fields}[\s/>]")
        parts.append(rf"{_KEY_START}{NESTED}{fields}\]*{_KEY_END}")
        parts.append(rf"\bname=\"?{INNER}{fields}\]*[\"\s;]")
    if rules.query:
        parts.append(rf"{endings(rules.query)}[=%\]\\&]")
        parts.append(_AUTHORITY)
    if rules.fields or rules.query:
        parts.append(_ESCAPED_LETTER)
    return parts


def _keys(rules: RedactionRules) -> list[str]:
    headers = header_alternation(rules.headers)
    parts = [
        rf"(?:(?:headers?|metadata)[._]|http_|{_KEY_START}){headers}",
        rf"{header_endings(rules.headers)}(?:[\]\"']|\s*:)",
    ]
    if rules.query:
        parts.append(rf"{_KEY_START}arg_{alternation(rules.query)}")
    return parts


def _position(match: Any) -> int:
    return int(match.start()) if match else -1
