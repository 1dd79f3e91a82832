"""Secrets known by their shape: JSON web tokens, what follows `Bearer` and `Basic`, the keys of large
services, private keys, card numbers, and the user's own.

A default shape has a second look (`_CHECKS`) at what it found, because digits and words that only
look like a secret are everywhere.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import re2

from otel_bridge.redaction.edits import REDACTED, Edit
from otel_bridge.redaction.names import compiled

# Where a word begins; behind an escape that ends in a letter or digit there is no `\b`.
START = r"(?:\b|%[0-9A-Fa-f]{2}|\\(?:[bfnrt]|u[0-9A-Fa-f]{4}))"

JWT = rf"{START}(eyJ[A-Za-z0-9_-]{{10,}}\.{{1,2}}[A-Za-z0-9_-]{{4,}}(?:\.[A-Za-z0-9_-]+)*)"
"""Also one whose end was cut off: the second part holds the claims, or, encrypted, the key or nothing."""

BEARER = rf"(?i){START}bearer(?:\s|\+|%20)+([A-Za-z0-9._~+/=-]{{8,}})"
BASIC = rf"(?i){START}basic(?:\s|\+|%20)+([A-Za-z0-9+/_-]{{4,}}={{0,2}})"

CREDENTIAL = (
    rf"{START}("
    r"(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}"  # AWS
    r"|gh[oprsu]_[A-Za-z0-9]{36,}|github_pat_[A-Za-z0-9_]{22,}|gl(?:cbt|dt|pat|ptt|rt)-[A-Za-z0-9_-]{20,}"
    r"|xox[abceoprs]-[A-Za-z0-9-]{10,}|xapp-\d-[A-Za-z0-9-]{10,}"  # Slack
    r"|[rs]k_(?:live|test)_[A-Za-z0-9]{16,}|whsec_[A-Za-z0-9+/]{24,}={0,2}"  # Stripe
    r"|AIza[A-Za-z0-9_-]{35}|ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{28}"  # Google
    r"|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}"  # SendGrid
    r"|sk-(?:admin|ant|or|proj|svcacct)-[A-Za-z0-9_-]{20,}|sk-[A-Za-z0-9]{32,}"  # language models
    r"|npm_[A-Za-z0-9]{36}|pypi-[A-Za-z0-9_-]{50,}|hf_[A-Za-z0-9]{30,}|dop_v1_[a-f0-9]{64}"
    r"|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}"  # Shopify
    r")"
)
"""Keys that say by their beginning whose they are."""

PRIVATE_KEY = (
    r"-----BEGIN(?:[ +]|%20)(?:[A-Z0-9]+(?:[ +]|%20))*PRIVATE(?:[ +]|%20)KEY(?:(?:[ +]|%20)BLOCK)?-----"
    # Escaped or not, up to the line that ends it, or as far as it goes. Encrypted ones begin with headers.
    r"((?:[\w\s+/=:,.\\%&#;]|-[A-Za-z0-9])+)"
)

_GAP = r"(?:[ +-]|%20)?"
CARD = (
    rf"{START}("
    # Visa, Mastercard, Discover, UnionPay, JCB; then Maestro, American Express, Diners Club
    rf"(?:4\d|5[1-5]|2[2-7]|6[0245])\d\d{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}(?:{_GAP}\d{{3}})?"
    rf"|35[2-8]\d{_GAP}\d{{4}}{_GAP}\d{{4}}{_GAP}\d{{4}}"
    rf"|(?:50[1-3]\d|5893|6304|6759|676[1-3]){_GAP}\d{{4}}{_GAP}\d{{4}}(?:{_GAP}\d{{1,7}})?"
    rf"|3[47]\d\d{_GAP}\d{{6}}{_GAP}\d{{5}}"
    rf"|3(?:0[0-5]|[689]\d)\d{_GAP}\d{{6}}{_GAP}\d{{4}}"
    r")\b"
)

DEFAULTS = (JWT, BEARER, BASIC, CREDENTIAL, PRIVATE_KEY, CARD)

# What has no width and depends on what stands around.
_ASSERTIONS = frozenset({"^", "$", r"\b", r"\B", r"\A", r"\z"})
_TOKEN = re.compile(
    r"\\Q(?s:.*?)(?:\\E|\Z)|\\.|\[\^?\]?(?:\[:\^?\w+:\]|\\.|[^\]\\])*\]|.",
    re.DOTALL,
)


class _Shape(NamedTuple):
    expression: Any
    group: int
    accept: Callable[[bytes, int, int], bool]


def check(pattern: str) -> None:
    """Raise ValueError, naming *pattern*, where RE2 does not take it."""
    _user_compiled(pattern)


def loose(patterns: Iterable[str]) -> str:
    """One pattern that is found in any text in which one of *patterns* matches some part.

    Without what asks for a neighbour (`^`, `\\b` ...): in a serialised record other bytes stand there.
    """
    return "|".join(f"(?:{_without_assertions(pattern)})" for pattern in patterns)


class Shapes:
    """A list of patterns, compiled."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self._shapes = [_shape(pattern) for pattern in patterns]

    def find(self, text: bytes) -> Iterator[Edit]:
        for expression, group, accept in self._shapes:
            for match in expression.finditer(text):
                start, end = match.span(group)
                if start < end and accept(text, start, end) and not _is_mask(text, start, end):
                    yield Edit(start, end)


def _shape(pattern: str) -> _Shape:
    if pattern in DEFAULTS:
        sensitive = pattern if pattern.startswith("(?i)") else f"(?-i:{pattern})"
        expression = compiled(sensitive)
    else:
        expression = _user_compiled(pattern)
    return _Shape(expression, min(expression.groups, 1), _CHECKS.get(pattern, _always))


def _user_compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else error.args[0]
        raise ValueError(f"{pattern!r} is no RE2 pattern: {reason}") from error


def _without_assertions(pattern: str) -> str:
    return "".join("(?:)" if token in _ASSERTIONS else token for token in _TOKEN.findall(pattern))


def _always(_text: bytes, _start: int, _end: int) -> bool:
    return True


def _is_mask(text: bytes, start: int, end: int) -> bool:
    """Whether it is a part of what stands for a secret already: a user's pattern may match that."""
    margin = len(REDACTED) - 1
    at = text.find(REDACTED, max(0, start - margin), end + margin)
    return 0 <= at <= start and end <= at + len(REDACTED)


def _is_no_prose(text: bytes, start: int, end: int) -> bool:
    """False for "bearer instruments": one shorter word in letters alone."""
    word = text[start:end]
    return len(word) >= 20 or not word.isalpha() or not (word.islower() or word.istitle())


def _is_user_and_password(text: bytes, start: int, end: int) -> bool:
    """False for "basic instruments": what is no base64 of a name and a colon."""
    encoded = text[start:end].rstrip(b"=")
    decoded = urlsafe_b64decode(encoded[: len(encoded) // 4 * 4])
    user, colon, _ = decoded.partition(b":")
    return bool(colon) and user.isascii() and user.decode().isprintable()


def _is_card(text: bytes, start: int, end: int) -> bool:
    """Luhn's sum, and not a part of a decimal number."""
    if text[start - 1 : start] == b"." and text[start - 2 : start - 1].isdigit():
        return False
    if text[end : end + 1] == b"." and text[end + 1 : end + 2].isdigit():
        return False
    digits = [byte - 0x30 for byte in text[start:end].replace(b"%20", b"") if 0x30 <= byte <= 0x39]
    doubled = (2 * digit - 9 * (digit > 4) for digit in digits[-2::-2])
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


_CHECKS: dict[str, Callable[[bytes, int, int], bool]] = {
    BEARER: _is_no_prose,
    BASIC: _is_user_and_password,
    CARD: _is_card,
}
