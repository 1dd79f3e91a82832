"""The body attributes of one span: decoded as far as needed, scanned, replaced or dropped.

What cannot be looked at is not kept. So a body in a coding that can't be undone is dropped; one that
was cut off inside its coding is kept decoded, as far as it goes, because that is what was looked at.
"""

from __future__ import annotations

import re
from base64 import b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from otel_bridge.otlp.values import decode
from otel_bridge.redaction import codings, texts, values
from otel_bridge.redaction.codings import Decoder
from otel_bridge.redaction.keys import Key
from otel_bridge.redaction.names import NESTED, alternation, compiled
from otel_bridge.redaction.rules import RedactionRules
from otel_bridge.redaction.texts import Texts

NOT_DECODABLE = "not decodable"
NOT_WANTED = "not wanted"
TOO_LARGE = "too large"

_BASE64 = re.compile(rb"[A-Za-z0-9+/_-]*+={0,2}[\r\n]*+")
# What HyperDX writes where it could not read a body.
_PLACEHOLDERS = (b"[ReadableStream]",)
# Or as redaction leaves a document, which must not look cut then: what is redacted stays as it is.
_DOCUMENT_END = re.compile(rb"(?:[>}\]]|REDACTED(?:\\*[\"']|%22|\\+u0022|&quot;)?)\s*\Z")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")


class Outcome(NamedTuple):
    """What became of one body attribute."""

    value: bytes | None = None
    """The serialised AnyValue to put in its place; None: as it was, unless `omitted`."""
    replaced: int = 0
    """Values replaced in it."""
    decoded: bool = False
    """A content coding was taken off and left off."""
    omitted: str = ""
    """Why it has to go, if it has."""
    size: int | None = None
    """Its length before, where that is known to be the length of the whole body."""


class Surroundings(NamedTuple):
    """What the other attributes of a span say about a body."""

    facts: Mapping[bytes, bytes]
    """Serialised values of the attributes around bodies, by key."""
    codings: Sequence[str]

    def says(self, key: Key, part: str) -> object:
        return decode(self.facts.get(f"{key.base}.{part}".encode(), b""))


UNCHANGED = Outcome()


class Bodies:
    def __init__(self, rules: RedactionRules, texts: Texts, *, keep: bool) -> None:
        self._texts = texts
        self._keep = keep
        self._looks_inside = bool(rules.fields or rules.query or rules.patterns)
        self._field = compiled(rf"{NESTED}{alternation(rules.fields)}\]*", groups=False)

    def concerns(self, key: Key, around: Surroundings) -> bool:
        """Whether a body has to be looked at that shows nothing suspicious in its bytes."""
        dropped = bool(key.side) and not self._keep
        return dropped or key.is_base64 or bool(around.codings) or around.says(key, "encoding") == "base64"

    def rewrite(self, raw: bytes, key: Key, around: Surroundings, decoder: Decoder) -> Outcome:
        """What to do about the body in *raw*, a serialised AnyValue."""
        value = AnyValue.FromString(raw)
        content = values.text_of(value)
        if content is None:
            return self._structure(raw, key)
        is_base64 = key.is_base64 or around.says(key, "encoding") == "base64"
        partial = _is_true(around.says(key, "truncated")) or _is_true(around.says(key, "incomplete"))
        try:
            plain = _from_base64(content) if is_base64 else content
        except Base64Error:
            return Outcome(omitted=NOT_DECODABLE) if self._looks_inside else UNCHANGED
        size = None if partial or plain in _PLACEHOLDERS else len(plain)
        if key.side and not self._keep:
            return Outcome(omitted=NOT_WANTED, size=size)
        if not self._looks_inside:
            return UNCHANGED
        try:
            scanned, count, decoded = self._scan(plain, key, around, decoder, partial=partial)
        except codings.NotDecodableError:
            return Outcome(omitted=NOT_DECODABLE, size=size)
        except (codings.TooLargeError, texts.TooLargeError):
            return Outcome(omitted=TOO_LARGE, size=size)
        if not count and not decoded:
            return UNCHANGED
        if is_base64:
            scanned = _to_base64(scanned, padded=key.is_padded)
        if value.HasField("string_value"):
            values.put(value, scanned)
        else:
            value.bytes_value = scanned
        return Outcome(value.SerializeToString(), count, decoded, size=size)

    def _structure(self, raw: bytes, key: Key) -> Outcome:
        """A body that its sender parsed."""
        if key.side and not self._keep:
            return Outcome(omitted=NOT_WANTED)
        new, count = values.with_texts(
            raw, lambda text: self._texts.body(text, cut=False), self._field.fullmatch
        )
        return Outcome(new, count) if count else UNCHANGED

    def _scan(
        self, content: bytes, key: Key, around: Surroundings, decoder: Decoder, *, partial: bool
    ) -> tuple[bytes, int, bool]:
        """The content to keep, the values replaced in it, and whether it is now without its coding."""
        behind, complete = self._behind_codings(content, key, around, decoder)
        cut = partial or not complete or not _looks_complete(behind)
        text, count = self._texts.body(behind, cut=cut)
        if behind is not content and (count or not complete):
            return text, count, True
        return (text, count, False) if behind is content else (content, 0, False)

    def _behind_codings(
        self, content: bytes, key: Key, around: Surroundings, decoder: Decoder
    ) -> tuple[bytes, bool]:
        announced = [] if _is_decoded(key, around) else around.codings
        if not announced and not codings.is_coded(content):
            return content, True
        try:
            behind, complete = decoder.decode(content, announced)
        except codings.NotDecodableError:
            # Many senders take the coding off and leave the header; such a body is text.
            if _is_text(content):
                return content, True
            raise
        return (content, True) if not complete and _is_text(content) else (behind, complete)


def _is_decoded(key: Key, around: Surroundings) -> bool:
    mark = around.facts.get(f"otel_bridge.{key.side}.body.decoded".encode(), b"")
    return _is_true(decode(mark))


def _is_true(value: object) -> bool:
    return value is True or value == "true"


def _is_text(content: bytes) -> bool:
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def _looks_complete(text: bytes) -> bool:
    """Whether *text* ends as documents do; a form or a line of text may always be cut."""
    return _DOCUMENT_END.search(text[-64:]) is not None


def _from_base64(content: bytes) -> bytes:
    if not _BASE64.fullmatch(content):
        raise Base64Error
    content = content.rstrip(b"=\r\n").translate(_URL_SAFE)
    # One character more holds no whole byte: the text was cut there.
    content = content[: len(content) - (len(content) % 4 == 1)]
    return a2b_base64(content + b"=" * (-len(content) % 4))


def _to_base64(content: bytes, *, padded: bool) -> bytes:
    encoded = b64encode(content)
    return encoded if padded else encoded.rstrip(b"=")
